import copy
import pickle
import sys
from pathlib import Path

import pytest

from mmlight.errors import ConfigError
from mmlight.read.config import Config, read_config
from mmlight.spec import Note

TEXT = """model = dict(
    backbone=dict(type='ResNet', depth=50),
    head=None)
pipeline = [
    dict(type='Resize', size=(2, 3)),
    dict(type='Flip')]
val = dict(pipeline=pipeline)
test = val
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text(TEXT)
    return "a.py"


def test_config_gives_values_when_asked(file):
    config = Config.fromfile(file)
    assert config.model.backbone.depth == config["model"]["backbone"]["depth"] == 50
    assert ("model" in config, "x" in config, config.get("x", 3)) == (True, False, 3)
    assert (config.filename, config.text.splitlines()[1]) == (file, "model = dict(")
    assert repr(config) == "Config('a.py': model, pipeline, val, test)"
    with pytest.raises(AttributeError, match="no key 'x'"):
        _ = config.x


@pytest.mark.parametrize(
    ("key", "origin"),
    [
        ("model", "a.py:1"),
        ("model.backbone.depth", "a.py:2"),
        ("model.head", "a.py:3"),
        ("pipeline.1", "a.py:6"),
        ("pipeline.0.size", "a.py:5"),
        ("pipeline.0.size.1", "a.py:5"),
        ("test.pipeline.1.type", "a.py:6"),
    ],
)
def test_origin_is_exact_when_key(file, key, origin):
    assert str(Config.fromfile(file).origin(key)) == origin


def test_origin_raises_when_key_is_missing(file):
    with pytest.raises(KeyError, match="width"):
        Config.fromfile(file).origin("model.width")


def test_origin_is_the_line_of_the_script_when_set_from_python(file):
    config = Config({"a": {"b": 1}})
    assert config.origin("a.b") is None
    line = sys._getframe().f_lineno
    config.c = {"d": 2}
    config["e"] = 3
    config.a.b = 4
    places = [str(config.origin(key)) for key in ("c.d", "e", "a.b")]
    assert places == [f"{__file__}:{line + n}" for n in (1, 2, 3)]
    assert config.origin("a.b").overrode.value == 1


def test_override_reaches_one_place_when_nodes_are_shared(file):
    config = read_config(file, ["val.pipeline.0.size=(5,6)", "model.backbone.depth=101"])
    assert config.val.pipeline[0].size == (5, 6)
    assert config.test.pipeline[0].size == config.pipeline[0].size == (2, 3)
    assert str(config.origin("val.pipeline.0.size")) == "--cfg-options val.pipeline.0.size=(5, 6)"
    assert str(config.origin("model.backbone.type")) == "a.py:2"


def test_override_leaves_source_alone_when_it_is_a_config(file):
    source = Config.fromfile(file)
    changed = read_config(source, {"model.backbone": {"depth": 18}})
    assert (changed.model.backbone, source.model.backbone.depth) == (
        {"type": "ResNet", "depth": 18},
        50,
    )


def test_override_raises_when_it_does_not_fit(file):
    with pytest.raises(ConfigError, match=r"pipeline\.7\.size: 'pipeline' has 2 items"):
        read_config(file, ["pipeline.7.size=3"])


def test_merge_names_its_caller_when_used_from_python(file):
    config = Config.fromfile(file)
    config.merge_from_dict({"model.backbone.depth": 18})
    assert str(config.origin("model.backbone.depth")) == ("merge_from_dict model.backbone.depth=18")


@pytest.mark.parametrize(
    "copier",
    [Config.copy, copy.copy, copy.deepcopy, lambda config: pickle.loads(pickle.dumps(config))],
)
def test_copy_is_apart_when_changed(file, copier):
    config = Config.fromfile(file)
    other = copier(config)
    other.model.backbone.depth = 18
    assert (config.model.backbone.depth, str(other.origin("pipeline.1"))) == (50, "a.py:6")
    assert (other.filename, other.names_read) == (file, config.names_read)


def test_replace_values_keeps_notes_when_more_come(file):
    config = Config.fromfile(file).replace_values(Config({}).values, [Note("a", "b")])
    config = config.replace_values(config.values, [Note("c", "d")])
    assert [str(note) for note in config.notes] == ["a: b", "c: d"]


@pytest.mark.parametrize("suffix", [".py", ".yaml", ".yml", ".json"])
def test_dump_reads_back_when_written(file, suffix):
    config = Config.fromfile(file)
    assert config.dump(f"b{suffix}") is None
    again = Config.fromfile(f"b{suffix}")
    assert again.to_dict() == {**config.to_dict(), **again.to_dict()}
    assert again.pipeline[0].size == ([2, 3] if suffix == ".json" else (2, 3))


def test_dump_returns_the_format_of_the_file_when_no_file_is_named(file):
    config = Config.fromfile(file)
    assert config.dump() == config.pretty_text
    assert config.pretty_text.startswith("model = dict(backbone=dict(type='ResNet', depth=50)")
    config.dump("b.yaml")
    assert Config.fromfile("b.yaml").dump() == Path("b.yaml").read_text()
    assert Config({"a": 1}).dump() == "a = 1\n"


def test_dump_raises_when_a_value_has_no_text(file):
    config = Config.fromfile(file)
    config.model.act = lambda x: x
    with pytest.raises(ConfigError, match=r"model\.act: Python has no word for the function"):
        config.dump("b.py")
    assert "act=<function" in config.pretty_text
    assert not Path("b.py").exists()


def test_text_is_read_when_given():
    config = Config.fromstring("a = dict(b=1)\nc = '{{ fileExtname }}'", ".py")
    assert (config.to_dict(), config.filename) == ({"a": {"b": 1}, "c": ".py"}, None)
    assert str(config.origin("a.b")) == "<text>.py:1"
    assert Config.fromstring("a: {b: 1}", ".yml").a.b == 1
    assert Config.fromstring('{"a": {"b": 1}}', ".json").a.b == 1
    with pytest.raises(ConfigError, match=r"file_format: no config has the suffix '\.txt'"):
        Config.fromstring("a = 1", ".txt")


def test_words_of_the_originals_are_taken_when_reading(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.py").write_text(
        "name = '{{ fileBasename }}'\nroot = '{{$NO_SUCH_ROOT:x}}'\n"
        "custom_imports = dict(imports=['no_such_module_at_all'])"
    )
    config = Config.fromfile(
        "a.py",
        use_predefined_variables=False,
        import_custom_modules=False,
        use_environment_variables=False,
        lazy_import=False,
        format_python_code=False,
    )
    assert (config.name, config.root) == ("{{ fileBasename }}", "{{$NO_SUCH_ROOT:x}}")
    assert read_config("a.py").name == "a.py"
    with pytest.raises(ConfigError, match="no_such_module_at_all"):
        Config.fromfile("a.py")


def test_config_is_a_dict_to_its_users():
    config = Config(dict(model=dict(depth=50), step=[1, dict(x=2)], lr=1), filename=Path("a.py"))
    assert (len(config), list(config), list(config.keys()), "lr" in config) == (
        *(3, ["model", "step", "lr"], ["model", "step", "lr"], True),
    )
    assert [config.pop("lr"), config.pop("lr", 3), config.setdefault("lr", 5)] == [1, 3, 5]
    config.update(model=dict(width=2))
    assert dict(config.items()) == {
        "model": {"depth": 50, "width": 2},
        "step": [1, {"x": 2}],
        "lr": 5,
    }
    del config.lr
    del config["step"]
    config.model.neck = dict(type="N", sizes=[dict(a=1)])
    assert (list(config), config.model.neck.sizes[0].a) == (["model"], 1)
    assert config._cfg_dict.to_dict() == config.to_dict()
    assert (config.filename, Config().to_dict()) == ("a.py", {})


def test_config_refuses_when_it_is_given_no_dict():
    with pytest.raises(TypeError, match=r"cfg_dict must be a dict, got \['a'\]"):
        Config(["a"])


def test_reading_raises_when_file_is_missing(file):
    with pytest.raises(ConfigError, match=r"b\.py: no such config file") as caught:
        Config.fromfile("b.py")
    assert caught.value.expected == "one of a.py"

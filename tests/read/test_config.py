import copy

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


def test_origin_is_none_when_set_from_python():
    config = Config({"a": {"b": 1}})
    config.c = {"d": 2}
    config["e"] = 3
    assert [config.origin(key) for key in ("a.b", "c.d", "e")] == [None, None, None]


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


@pytest.mark.parametrize("copier", [Config.copy, copy.deepcopy])
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


def test_dump_reads_back_when_written(file):
    config = Config.fromfile(file)
    config.dump("b.py")
    assert Config.fromfile("b.py").to_dict() == config.to_dict()
    assert config.pretty_text.startswith("model = dict(backbone=dict(type='ResNet', depth=50)")


def test_reading_raises_when_suffix_is_foreign():
    with pytest.raises(ConfigError, match=r"a\.json: .*'\.json'"):
        Config.fromfile("a.json")


def test_reading_raises_when_file_is_missing(file):
    with pytest.raises(ConfigError, match=r"b\.py: no such config file") as caught:
        Config.fromfile("b.py")
    assert caught.value.expected == "one of a.py"

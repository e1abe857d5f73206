import collections
import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmlight.errors import ConfigError, ConfigErrors
from mmlight.read.config import Config
from mmlight.read.dump import name_classes, to_json, to_python, to_text, to_yaml

ROOT = Path(__file__).parents[2] / "configs"
CONFIGS = sorted(str(p.relative_to(ROOT)) for p in ROOT.rglob("*.py") if "_base_" not in p.parts)
NAMES = st.sampled_from(["model", "a1", "_x", "data_root"])
KEYS = st.one_of(NAMES, st.sampled_from(["class", "a.b", "1", ""]), st.integers(0, 3))
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(max_size=3)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.dictionaries(KEYS, inner),
    ),
    max_leaves=30,
)


def run(text):
    scope = {}
    exec(text, scope)
    del scope["__builtins__"]
    return scope


@given(st.dictionaries(NAMES, VALUES))
def test_text_reads_back_when_run(values):
    text = to_python(values)
    assert repr(run(text)) == repr(values)


@given(st.dictionaries(NAMES, VALUES))
def test_text_is_stable_when_dumped_again(values):
    text = to_python(values)
    assert to_python(run(text)) == text


def test_lines_stay_short_when_values_are_long():
    text = to_python({"pipeline": [{"type": "Resize", "scale": (index, 2)} for index in range(20)]})
    assert max(map(len, text.splitlines())) <= 100
    assert text.startswith("pipeline = [\n    dict(type='Resize', scale=(0, 2)),\n")


def test_floats_read_back_when_not_finite():
    values = run(to_python({"a": [math.inf, -math.inf, math.nan]}))
    assert values["a"][:2] == [math.inf, -math.inf]
    assert math.isnan(values["a"][2])


def no_tuples(value):
    if isinstance(value, dict):
        return {key: no_tuples(item) for key, item in value.items()}
    return [no_tuples(item) for item in value] if isinstance(value, (list, tuple)) else value


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text())
PLAIN = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner), st.lists(inner).map(tuple), st.dictionaries(st.text(), inner)
    ),
    max_leaves=20,
)


@given(st.dictionaries(NAMES, PLAIN))
def test_yaml_and_json_read_back_when_written(values):
    for suffix, expected in ((".yaml", values), (".json", no_tuples(values))):
        again = Config.fromstring(to_text(values, suffix), suffix)
        assert repr(again.to_dict()) == repr(expected)


@given(st.dictionaries(NAMES, VALUES))
def test_python_reads_back_when_written(values):
    assert repr(Config.fromstring(to_text(values), ".py").to_dict()) == repr(values)


@pytest.mark.parametrize("suffix", [".py", ".yaml", ".json"])
def test_variables_are_not_filled_when_they_were_text(suffix):
    values = {"a": "{{ fileBasename }}", "b": {"{{$HOME:x}}": ["{{ _base_.a }}", "{{{{"]}}
    assert Config.fromstring(to_text(values, suffix), suffix).to_dict() == values


def test_sets_and_ranges_read_back_when_python():
    values = {"a": {1, 2}, "b": frozenset(), "c": [set(), range(3)], "d": {(1, "x"): 2j}}
    assert run(to_python(values)) == values


def test_yaml_keeps_the_order_and_is_short_when_written():
    text = to_yaml({"b": {"size": (1, 2), "x": []}, "a": "1e-3", "c": 1e-5})
    assert text == ("b:\n  size: !!python/tuple\n  - 1\n  - 2\n  x: []\na: 1e-3\nc: 1.0e-05\n")
    assert Config.fromstring(text, ".yaml").to_dict()["a"] == "1e-3"


def test_json_is_json_when_written():
    assert json.loads(to_json({"a": (1, {"b": None}), "c": "\u00e9"})) == {
        "a": [1, {"b": None}],
        "c": "\u00e9",
    }


class Local:
    def method(self): ...


def test_classes_become_paths_when_a_module_holds_them():
    values = {"type": collections.OrderedDict, "f": (math.floor, json.dumps), "x": [1, "a"]}
    assert name_classes(values) == {
        "type": "collections.OrderedDict",
        "f": ("math.floor", "json.dumps"),
        "x": [1, "a"],
    }
    for suffix in (".py", ".yaml", ".json"):
        again = Config.fromstring(to_text({"t": collections.OrderedDict}, suffix), suffix)
        assert again.t == "collections.OrderedDict"


def make_class():
    class Hidden: ...

    return Hidden


@pytest.mark.parametrize("write", [to_python, to_yaml, to_json])
def test_writing_tells_every_key_when_there_is_no_word(write):
    values = {"a": {"type": make_class()}, "b": [1, (lambda x: x,)], "c": object(), "d": 1}
    with pytest.raises(ConfigErrors) as caught:
        write(values)
    assert [error.path for error in caught.value.errors] == ["a.type", "b[1][0]", "c"]
    assert "Hidden" in caught.value.errors[0].problem


@pytest.mark.parametrize(
    ("write", "values", "problem"),
    [
        (to_yaml, {"a": b"x"}, "YAML has no word for the bytes b'x'"),
        (to_json, {"a": {1, 2}}, "JSON has no word for the set {1, 2}"),
        (to_json, {"a": {1: 2}}, "JSON would make a string of the key 1"),
        (to_python, {"a": {make_class: 1}}, None),
        (to_python, {"a b": 1}, "the key 'a b' cannot be a name in a config"),
        (to_python, {"class": 1}, "the key 'class' cannot be a name in a config"),
        (to_python, {"dict": 1}, "the key 'dict' cannot be a name in a config"),
        (to_python, {"_base_": 1}, "the key '_base_' cannot be a name in a config"),
        (to_python, {"__x": 1}, "the key '__x' cannot be a name in a config"),
    ],
)
def test_writing_raises_when_a_language_lacks_it(write, values, problem):
    with pytest.raises(ConfigError) as caught:
        write(values)
    assert problem in (None, caught.value.problem)


def test_suffix_is_refused_when_unknown():
    with pytest.raises(ConfigError, match=r"a file that ends in '\.txt': no config is written"):
        to_text({}, ".txt")


@pytest.mark.parametrize("file", CONFIGS)
def test_dump_reads_back_when_config_of_ours(file, tmp_path):
    config = Config.fromfile(ROOT / file)
    config.dump(tmp_path / "dumped.py")
    again = Config.fromfile(tmp_path / "dumped.py")
    assert repr(again.to_dict()) == repr(config.to_dict())

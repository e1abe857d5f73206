import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmlight.read.config import Config
from mmlight.read.dump import to_python

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


@pytest.mark.parametrize("file", CONFIGS)
def test_dump_reads_back_when_config_of_ours(file, tmp_path):
    config = Config.fromfile(ROOT / file)
    config.dump(tmp_path / "dumped.py")
    again = Config.fromfile(tmp_path / "dumped.py")
    assert repr(again.to_dict()) == repr(config.to_dict())

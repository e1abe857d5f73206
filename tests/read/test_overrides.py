import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmlight.errors import ConfigError
from mmlight.read.overrides import parse_overrides

WORDS = st.text("abcxyz_/.-", min_size=1).filter(lambda text: text.lower() not in ("true", "false"))
LEAVES = st.one_of(
    st.integers(), st.floats(allow_nan=False), st.booleans(), st.none(), WORDS.filter(str.strip)
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.one_of(st.lists(inner), st.lists(inner).map(tuple)), max_leaves=8
)


def write(value):
    """Write a value as a user types it."""
    if isinstance(value, (list, tuple)):
        start, end = "[]" if isinstance(value, list) else "()"
        return start + ",".join(map(write, value)) + end
    return str(value)


@given(VALUES)
def test_parse_gives_value_back_when_written(value):
    parsed = parse_overrides([f"a.b={write(value)}"])
    assert repr(parsed) == repr({"a.b": value})


def test_parse_keeps_order_when_several():
    assert list(parse_overrides(["b=1", "a=2", "b=3"]).items()) == [("b", 3), ("a", 2)]
    assert parse_overrides(["a=x=y"]) == {"a": "x=y"}


@pytest.mark.parametrize("word", ["depth", "=3", "a..b=3", ".a=3", "a.=3"])
def test_parse_raises_when_word_is_no_override(word):
    with pytest.raises(ConfigError) as caught:
        parse_overrides([word])
    assert str(caught.value).startswith(f"--cfg-options {word}: {word!r} is no override.")


@pytest.mark.parametrize("value", ["[1,2", "1,2]", "(1,[2)", "(1,2),(3,4)"])
def test_parse_raises_when_brackets_do_not_match(value):
    with pytest.raises(ConfigError, match="do not match") as caught:
        parse_overrides([f"a={value}"])
    assert caught.value.path == f"--cfg-options a={value}"


def test_parse_raises_when_a_dict_is_given():
    with pytest.raises(ConfigError, match=r"dict\(b='x',c=1\)\" is no value") as caught:
        parse_overrides(["a=dict(b='x',c=1)"])
    assert caught.value.next_step == "Set the entries of a dict one by one: a.b=1 a.c=2."

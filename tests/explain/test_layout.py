import pytest

from mmlight.explain.layout import LEFT, WIDTH, join, to_short, wrap
from mmlight.read.node import to_nodes


@pytest.mark.parametrize(
    ("value", "width", "text"),
    [
        ("abc", 8, "'abc'"),
        ("abcdefghijkl", 10, "'abcdef..."),
        ("abcdefghijkl", 7, ""),
        (to_nodes({"a": [1, (2,)]}), 40, "{'a': [1, (2,)]}"),
        ("a\nb", 20, "'a\\nb'"),
    ],
)
def test_value_is_short_when_there_is_little_room(value, width, text):
    assert to_short(value, width) == text


def test_mark_stands_before_a_value_when_there_is_one():
    assert (to_short(5, 9, mark=" = "), to_short("x" * 20, 5, mark=" = ")) == (" = 5", "")


def test_columns_stand_side_by_side_when_they_fit():
    assert list(join("key", ["one", "  two"])) == ["key".ljust(LEFT) + "one", " " * LEFT + "  two"]
    assert list(join("key", [])) == ["key"]


def test_long_key_has_its_own_line():
    assert list(join("k" * LEFT, ["one"])) == ["k" * LEFT, " " * LEFT + "one"]


def test_text_is_broken_when_it_is_long():
    text = "word " * 40
    assert [line[:3] for line in wrap(text, 50)] == ["wor", "  w", "  w", "  w", "  w"]
    assert all(len(line) <= WIDTH for line in join("key", [text, "  " + text]))
    assert wrap("x" * 200, 50) == ["x" * 200]

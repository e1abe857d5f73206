import pytest

from mmlight.errors import UnknownKeyError, UnsupportedValueError
from mmlight.read.node import Origin, to_nodes
from mmlight.translate.section import Report, Section

HERE = Origin("a.py", 3)


def section(**entries):
    return Section(to_nodes(entries, HERE), "part", Report())


def test_take_gives_default_when_missing_or_none():
    part = section(a=1, b=None)
    assert [part.take(key, 5) for key in "abc"] == [1, 5, 5]
    assert part.leftover == []


def test_finish_reports_when_keys_are_left():
    part = section(deepth=50, width=1)
    part.take("depth")
    part.take("width")
    part.finish()
    (error,) = part.report.errors
    assert isinstance(error, UnknownKeyError)
    assert str(error) == (
        "part.deepth: unknown key 'deepth' with value 50.\n"
        "  set in:   a.py:3\n"
        "  expected: one of depth, width\n"
        "  nearest:  depth\n"
        "  next:     Correct the name or remove the key."
    )


def test_ignore_notes_when_key_is_there():
    part = section(a=1)
    part.ignore("Not needed.", "a", "b")
    part.finish()
    assert [str(note) for note in part.report.notes] == ["part.a (a.py:3): Not needed."]
    assert part.report.errors == []


def test_refuse_unless_reports_when_value_differs():
    part = section(a=1, b=2)
    assert part.refuse_unless("a", 1, None) == 1
    assert part.refuse_unless("c", 7) == 7
    part.refuse_unless("b", 1, None, reason="Set it.")
    (error,) = part.report.errors
    assert isinstance(error, UnsupportedValueError)
    assert (error.path, error.problem) == ("part.b", "the value 2 cannot be used")
    assert (error.expected, error.next_step) == ("1 or None", "Set it.")


def test_sections_are_nested_when_dicts_and_lists():
    part = section(a=dict(x=1), b=[dict(y=2), dict(y=3)], c=dict(y=4))
    assert part.take_section("a").key_path("x") == "part.a.x"
    assert [item.key_path("y") for item in part.take_list("b")] == ["part.b[0].y", "part.b[1].y"]
    assert [item.take("y") for item in part.take_list("c")] == [4]
    assert list(part.take_list("missing")) == []
    assert part.take_section("missing").node == {}


@pytest.mark.parametrize(
    ("take", "value", "expected"),
    [
        ("take_section", 5, "a dict"),
        ("take_section", [1], "a dict"),
        ("take_list", 5, "a dict or a list of dicts"),
        ("take_list", [dict(), 6], "a dict or a list of dicts"),
    ],
)
def test_sections_are_refused_when_of_another_kind(take, value, expected):
    part = section(a=value)
    result = getattr(part, take)("a")
    assert list(result.node if take == "take_section" else result) == []
    (error,) = part.report.errors
    assert error.problem == f"the value {value!r} cannot be used"
    assert error.expected == expected

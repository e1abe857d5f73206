import pytest

from mmlight.check.findings import Findings
from mmlight.errors import ConfigError, ConfigErrors
from mmlight.spec import Note

FIRST = ConfigError("model.a", "one", origin="a.py:1")
SECOND = ConfigError("data[0].b", "two")


@pytest.mark.parametrize(
    ("errors", "notes", "summary", "code", "strict"),
    [
        (0, 0, "no problem found", 0, 0),
        (0, 1, "no problem found, 1 note", 0, 2),
        (1, 0, "1 problem", 2, 2),
        (2, 2, "2 problems, 2 notes", 2, 2),
    ],
)
def test_counts_problems_and_notes(
    errors: int, notes: int, summary: str, code: int, strict: int
) -> None:
    found = Findings([FIRST, SECOND][:errors], [Note("x", "y")] * notes)
    assert found.summary == summary
    assert found.exit_code() == code
    assert found.exit_code(strict=True) == strict


def test_tells_the_problems_before_the_notes() -> None:
    found = Findings([FIRST, SECOND], [Note("x", "Why.")])
    assert str(found) == (
        "2 problems, 1 note\n\nmodel.a: one.\n  set in:   a.py:1\n\ndata[0].b: two.\n\n"
        "notes:\n  x: Why."
    )


def test_knows_what_the_problems_are_about() -> None:
    found = Findings()
    found.add(ConfigErrors([FIRST, SECOND]))
    assert found.errors == [FIRST, SECOND]
    assert found.concern("model")
    assert found.concern("model.a")
    assert found.concern("other", "data")
    assert not found.concern("mod")
    assert not found.concern("model.a.c", "data[0].bc")


def test_tells_everything_once() -> None:
    again = ConfigError("model.c", "one", origin="a.py:1")
    folded = Findings([FIRST, again], [Note("x", "y"), Note("x", "y")]).fold()
    assert folded.errors == [FIRST]
    assert folded.notes == [Note("x", "y")]


def test_notes_have_a_line() -> None:
    found = Findings()
    found.note("a.b", "Because.", "c.py:3")
    assert str(found.notes[0]) == "a.b (c.py:3): Because."

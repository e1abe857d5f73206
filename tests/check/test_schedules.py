from collections.abc import Callable

import pytest

from mmlight.check.findings import Findings
from mmlight.check.schedules import measure
from mmlight.errors import MMLightError
from mmlight.spec import Spec

Only = Callable[..., MMLightError]
Examine = Callable[..., Findings]
SPAN = "begin=0,\n    end=9,\n    milestones=[2, 5]"


def span(begin: object, end: object, milestones: str = "[]") -> dict[str, str]:
    return {SPAN: f"begin={begin},\n    end={end},\n    milestones={milestones}"}


@pytest.mark.parametrize(
    ("begin", "end", "key", "problem"),
    [
        (4, 2, "end", "the schedule begins at 4, and it ends at 2"),
        (4, 4, "end", "the schedule begins at 4, and it ends at 4"),
        (9, None, "begin", "the schedule begins at 9, and the run ends at 9"),
        ("'x'", 9, "begin", "begin is 'x'"),
    ],
)
def test_tells_when_a_schedule_ends_before_it_begins(
    only: Only, begin: object, end: object, key: str, problem: str
) -> None:
    error = only(span(begin, end))
    assert (error.path, error.problem) == (f"param_scheduler.{key}", problem)
    assert error.origin == f"{key}={begin if key == 'begin' else end},"


@pytest.mark.parametrize(
    ("changes", "path", "text"),
    [
        (span(20, 30), "begin", "It begins at 20, and the run ends at 9: it never acts."),
        (span(0, 30), "end", "It ends at 30, and the run at 9, before that."),
        (span(0, 9, "[2, 9, 12]"), "milestones", "The run ends at 9, so 9, 12 is never reached."),
        (span(4, 9, "[2, 7]"), "milestones", "The run ends at 9, so 11 is never reached."),
    ],
)
def test_notes_what_lies_beyond_the_run(
    examine: Examine, changes: dict[str, str], path: str, text: str
) -> None:
    found = examine(changes)
    assert found.errors == []
    notes = [note for note in found.notes if note.path.startswith("param_scheduler")]
    assert [(note.path, note.text) for note in notes] == [(f"param_scheduler.{path}", text)]


def test_notes_epochs_in_a_run_of_iterations(examine: Examine) -> None:
    loop = "by_epoch=True,\n    max_epochs=9,"
    found = examine({loop: "by_epoch=False,\n    max_iters=100,"})
    assert found.errors == []
    notes = [note for note in found.notes if note.path == "param_scheduler.by_epoch"]
    assert "the run counts iterations as one single epoch" in notes[0].text


def test_compares_iterations_with_iterations(only: Only) -> None:
    loop = {"by_epoch=True,\n    max_epochs=9,": "by_epoch=False,\n    max_iters=100,"}
    schedule = {
        "by_epoch=True,\n    begin=0,\n    end=9": "by_epoch=False,\n    begin=100,\n    end=None"
    }
    error = only({**loop, **schedule})
    assert error.problem == "the schedule begins at 100, and the run ends at 100"


RULE = """type='MultiStepLR',
    by_epoch=True,
    begin=0,
    end=9,
    milestones=[2, 5],
    gamma=0.1"""


@pytest.mark.parametrize(
    ("words", "key", "problem"),
    [
        (
            "type='ReduceOnPlateauLR',\n    begin=9",
            "begin",
            "the schedule begins at 9, and the run ends at 9",
        ),
        (
            "type='CosineRestartLrUpdaterHook',\n    min_lr=0,\n    periods=[5]",
            "periods",
            "periods must cover the run of 9, got [5]",
        ),
    ],
    ids=["plateau", "restart"],
)
def test_tells_when_a_schedule_does_not_fit_the_run(
    only: Only, words: str, key: str, problem: str
) -> None:
    error = only({RULE: words})
    assert (error.path, error.problem) == (f"param_scheduler.{key}", problem)
    assert error.origin.startswith(f"{key}=")


def test_measures_a_run() -> None:
    assert measure(Spec(model={}, trainer={"max_epochs": 3})) == (True, 3)
    assert measure(Spec(model={}, trainer={"max_epochs": -1, "max_steps": 70})) == (False, 70)
    assert measure(Spec(model={}, trainer={"max_epochs": "x"})) == (True, None)

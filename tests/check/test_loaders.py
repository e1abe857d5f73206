from collections.abc import Callable

import pytest

from mmlight.check.findings import Findings
from mmlight.errors import MMLightError

Only = Callable[..., MMLightError]
Examine = Callable[..., Findings]
TRAIN = "batch_size=64,\n    num_workers=0,\n    drop_last=False,"
SAMPLER = "sampler=dict(type='DefaultSampler', shuffle=True)"


@pytest.mark.parametrize(
    ("given", "key", "problem"),
    [
        ("batch_size=0,", "batch_size", "batch_size must be at least 1, got 0"),
        ("num_workers=-1,", "num_workers", "num_workers must not be negative, got -1"),
        ("num_workers=1, prefetch_factor=-3,", "prefetch_factor", "prefetch_factor option should"),
    ],
)
def test_tells_what_a_loader_refuses(only: Only, given: str, key: str, problem: str) -> None:
    error = only({TRAIN: given})
    assert (error.path, error.origin) == (f"train_dataloader.{key}", given)
    assert error.problem.startswith(problem)


def test_tells_what_a_sampler_refuses(only: Only) -> None:
    error = only({SAMPLER: "sampler=dict(type='RepeatAugSampler', num_repeats=0)"})
    assert error.path == "train_dataloader.sampler.num_repeats"
    assert error.problem == "num_repeats must be at least 1, got 0"


def test_tells_an_argument_of_a_sampler_that_is_misspelt(only: Only) -> None:
    error = only({SAMPLER: "sampler=dict(type='DefaultSampler', shufle=True)"})
    assert error.path == "train_dataloader.sampler.shufle"
    assert error.nearest == "shuffle"


@pytest.mark.parametrize("key", ["persistent_workers=True", "prefetch_factor=4"])
def test_notes_what_has_no_effect_without_workers(examine: Examine, key: str) -> None:
    found = examine({TRAIN: f"num_workers=0,\n{key},"})
    assert found.errors == []
    assert [note.path for note in found.notes if "num_workers is 0" in note.text] == [
        f"train_dataloader.{key.split('=')[0]}"
    ]


def test_tells_when_validation_measures_nothing(only: Only) -> None:
    error = only(
        {
            "val_evaluator = dict(": "evaluator = dict(",
            "test_evaluator = val_evaluator": "test_evaluator = evaluator",
        }
    )
    assert error.path == "val_evaluator"
    assert error.problem == "the config has val_dataloader, but no val_evaluator"


def test_tells_when_a_metric_has_no_data(only: Only) -> None:
    error = only({"test_cfg = dict()": "val_dataloader = None"})
    assert error.problem == "the config has val_evaluator, but no val_dataloader"
    assert error.expected == "both val_dataloader and val_evaluator, or neither"


def test_tells_when_there_is_no_optimizer(only: Only) -> None:
    error = only({"test_cfg = dict()": "optim_wrapper = None"})
    assert error.problem == "the config has train_dataloader, but no optim_wrapper"
    assert error.next_step.startswith("Add optim_wrapper, in 0.x words optimizer, or remove")


def test_only_notes_when_a_test_measures_nothing(examine: Examine) -> None:
    found = examine({"test_cfg = dict()": "test_evaluator = None"})
    assert found.errors == []
    assert "a test measures nothing" in str(found.notes)


def test_does_not_repeat_what_could_not_be_read(only: Only) -> None:
    error = only({"type='SGD'": "type='SGDD'"})
    assert error.problem == "unknown optimizer type 'SGDD'"

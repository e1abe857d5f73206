"""Callbacks run in the order of the Spec, and the Trainer's flags may switch them off."""

from pathlib import Path
from typing import Any

import pytest

import mmlight
from mmlight.callbacks.idle_hooks import BATCH_HOOKS, drop_idle_hooks
from mmlight.callbacks.validation import Validation
from tests.callbacks.nets import Probe
from tests.runs import LENET_NEW, LENET_OLD, write_config

FIRST = ["RunLog", "RuntimeInfo"]
FLAGS = {"accelerator": "cpu", "max_epochs": 1, "limit_train_batches": 2, "limit_val_batches": 1}
EMA_HOOK = "\ncustom_hooks = [dict(type='EMAHook', momentum=0.1)]\n"


def build_spec(folder: Path, text: str, **flags: Any) -> Any:
    from dataclasses import replace

    from mmlight.run import read_spec

    overrides = {"work_dir": str(folder / "work")}
    spec = read_spec(write_config(folder, text + EMA_HOOK), overrides)
    return replace(spec, trainer={**spec.trainer, **FLAGS, **flags})


def order(callbacks: Any) -> list[str]:
    return [type(callback).__name__ for callback in callbacks]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (LENET_OLD, ["ParamSchedule", "EMA", "IterTimer", "Checkpoint", "Validation", "LogWriter"]),
        (LENET_NEW, ["IterTimer", "EMA", "LogWriter", "ParamSchedule", "Validation", "Checkpoint"]),
    ],
)
def test_order_is_that_of_the_spec_when_fresh_and_when_resumed(
    tmp_path: Path, text: str, expected: list[str]
) -> None:
    expected = [*FIRST, *expected, "PredictionGrid", "ProgressBar", "Announcer"]
    for resume, epochs in ((None, 1), (True, 2)):
        spec = build_spec(tmp_path, text, max_epochs=epochs)
        parts = mmlight.fit(spec, resume=resume)
        assert order(parts.callbacks) == expected
        assert order(parts.trainer.callbacks)[: len(expected)] == expected
    assert (tmp_path / "work" / "epoch_2.ckpt").exists()


@pytest.mark.parametrize(
    ("flag", "gone"),
    [("enable_progress_bar", ["ProgressBar"]), ("enable_checkpointing", ["Checkpoint"])],
)
def test_flag_switches_a_callback_off_when_false(
    tmp_path: Path, flag: str, gone: list[str]
) -> None:
    parts = mmlight.fit(build_spec(tmp_path, LENET_NEW, **{flag: False}))
    names = order(parts.trainer.callbacks)
    assert not set(gone) & set(names)
    assert {"LogWriter", "ProgressBar", "Checkpoint"} - set(gone) <= set(names)
    assert bool(list((tmp_path / "work").glob("*.ckpt"))) == (flag != "enable_checkpointing")


def test_idle_hooks_are_skipped_when_parts_are_built(tmp_path: Path) -> None:
    parts = mmlight.build_parts(build_spec(tmp_path, LENET_NEW))
    active = {
        type(callback).__name__: [name for name in BATCH_HOOKS if getattr(callback, name)]
        for callback in parts.trainer.callbacks  # type: ignore[attr-defined]
    }
    ends = [f"on_{stage}_batch_end" for stage in ("train", "validation", "test")]
    assert active["ParamSchedule"] == active["RuntimeInfo"] == ends[:1]
    assert active["LogWriter"] == ends
    assert set(ends) < set(active["IterTimer"])
    assert active["PredictionGrid"] == ends[2:]
    assert not active["RunLog"]
    assert not active["Checkpoint"]
    assert not active["Validation"]


def test_derived_hooks_stay_when_idle_ones_are_dropped() -> None:
    class Derived(Probe):
        def on_after_backward(self, *args: Any) -> None:
            super().on_after_backward(*args)

    callback = Derived()
    drop_idle_hooks([callback, Validation(by_epoch=False)])
    none: Any = None
    callback.on_after_backward(none, none)
    assert callback.on_before_backward is None
    by_iteration = Validation(by_epoch=False)
    drop_idle_hooks([by_iteration])
    assert callable(by_iteration.on_train_batch_start)

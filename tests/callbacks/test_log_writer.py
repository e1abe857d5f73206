"""Lines are written when they are due, by the first process, and not for runs without a log."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from mmlight.callbacks.announcer import Announcer
from mmlight.callbacks.iter_timer import IterTimer
from mmlight.callbacks.log_writer import LogWriter, as_writer
from mmlight.callbacks.run_log import RunLog
from mmlight.callbacks.runtime_info import RuntimeInfo
from mmlight.callbacks.validation import Validation
from mmlight.callbacks.workflow import ValidationLoss
from mmlight.compat.logger_hook import LoggerHook
from mmlight.compat.old_logger_hook import LoggerHook as OldLoggerHook
from mmlight.compat.text_logger_hook import TextLoggerHook
from mmlight.hooks.hook import Hook
from mmlight.hooks.hook_callback import HookCallback
from mmlight.hooks.runner_view import RunnerView
from tests.callbacks.nets import Net, build_data, build_trainer


def build(folder: Path, hook: Any, *, timer: bool = True, **flags: Any) -> Any:
    """Return a trainer that logs by a hook of either generation."""
    generation: Any = "0.x" if isinstance(hook, OldLoggerHook) else "1.x"
    announcer = Announcer(generation)
    announcer.run = {"work_dir": str(folder)}
    iterations = flags.get("max_iters")
    rule = Validation(5 if iterations else 1, by_epoch=not iterations, last=iterations)
    timers = [IterTimer()] if timer else []
    callbacks = [RunLog(), RuntimeInfo(), *timers, rule, as_writer(hook, generation), announcer]
    return build_trainer(*callbacks, **flags)


def read(folder: Path, pattern: str = "*.log.json") -> list[dict[str, Any]]:
    (path,) = folder.rglob(pattern)
    return [json.loads(line) for line in path.read_text().splitlines()]


def fit(folder: Path, hook: Any, scores: Any = None, **flags: Any) -> None:
    build(folder, hook, **flags).fit(Net(scores or [0.25, 0.5, 0.75]), build_data())


@pytest.mark.parametrize(
    ("options", "old", "new"),
    [
        ({"interval": 3}, [3, 3], [3, 3]),
        ({"interval": 3, "ignore_last": False}, [3, 4, 3, 4], [3, 4, 3, 4]),
        ({"interval": 4}, [4, 4], [4, 4]),
        ({"interval": 9}, [], [4, 4]),  # only 1.x writes for an epoch shorter than an interval
    ],
)
def test_lines_are_due_when_training_counts_epochs(
    tmp_path: Path, options: dict[str, Any], old: list[int], new: list[int]
) -> None:
    fit(tmp_path / "old", TextLoggerHook(**options), max_epochs=2)
    rows = [row for row in read(tmp_path / "old") if row.get("mode") == "train"]
    assert [row["iter"] for row in rows] == old
    fit(tmp_path / "new", LoggerHook(**options), max_epochs=2)
    rows = [row for row in read(tmp_path / "new", "scalars.json") if "lr" in row]
    assert [(row["iter"] - 1) % 4 + 1 for row in rows] == new


def test_lines_are_due_when_training_counts_iterations(tmp_path: Path) -> None:
    fit(tmp_path, TextLoggerHook(by_epoch=False, interval=3), max_iters=10)
    rows = read(tmp_path)
    places = [(row["mode"], row["iter"]) for row in rows if "mode" in row]
    assert places == [("train", 3), ("val", 2), ("train", 6), ("train", 9), ("val", 2)]
    (path,) = tmp_path.glob("*.log")
    assert re.search(r"mmcls - INFO - Iter \[6/10\]\tlr: 1.000e-01, eta: ", path.read_text())


@pytest.mark.parametrize("hook", [TextLoggerHook, LoggerHook])
def test_times_are_left_out_when_there_is_no_timer(tmp_path: Path, hook: Any) -> None:
    fit(tmp_path, hook(interval=4), timer=False, max_epochs=1)
    (path,) = tmp_path.rglob("*.log")
    lines = [line for line in path.read_text().splitlines() if "loss: " in line]
    assert lines
    assert "eta" not in lines[0]


def test_a_loss_that_is_not_finite_is_written_as_it_is(tmp_path: Path) -> None:
    build(tmp_path, TextLoggerHook(interval=1), max_epochs=1).fit(Net(lr=1e30), build_data())
    values = [row["loss"] for row in read(tmp_path) if row.get("mode") == "train"]
    assert str(values[-1]) == "nan"  # NaN, which scripts of mm read


def test_results_are_recorded_by_iteration_when_asked(tmp_path: Path) -> None:
    hook = LoggerHook(interval=4, log_metric_by_epoch=False)
    fit(tmp_path, hook, max_epochs=2)
    rows = [row for row in read(tmp_path, "scalars.json") if "acc/top1" in row]
    assert [(row["acc/top1"], row["step"]) for row in rows] == [(0.25, 4), (0.5, 8)]


@pytest.mark.parametrize("stage", ["validate", "test"])
def test_evaluation_alone_is_logged_when_new(tmp_path: Path, stage: str) -> None:
    trainer = build(tmp_path / "new", LoggerHook(interval=1))
    getattr(trainer, stage)(Net([0.5]), build_data(), verbose=False)
    (path,) = (tmp_path / "new").rglob("*.log")
    mode = "val) [0]" if stage == "validate" else "test) "
    assert f"Epoch({mode}[2/2]    " in path.read_text()
    trainer = build(tmp_path / "old", TextLoggerHook())
    getattr(trainer, stage)(Net([0.5]), build_data(), verbose=False)
    assert not (tmp_path / "old").exists()


@pytest.mark.parametrize("hook", [TextLoggerHook, LoggerHook])
def test_writes_nothing_when_it_is_not_the_first_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hook: Any
) -> None:
    trainer = build(tmp_path / "w", hook(interval=2), max_epochs=1, limit_val_batches=0)
    monkeypatch.setattr(type(trainer), "is_global_zero", False)
    monkeypatch.setattr(RunnerView, "rank", 1)
    trainer.fit(Net(), build_data())
    assert not (tmp_path / "w").exists()


class Values(OldLoggerHook):
    """A user's logger hook of 0.x."""

    def __init__(self, **when: Any) -> None:
        super().__init__(**when)
        self.rows: list[Any] = []

    def log(self, runner: Any) -> None:
        tags = self.get_loggable_tags(runner)
        self.rows.append((self.get_mode(runner), self.get_epoch(runner), self.get_iter(runner)))
        assert tags["learning_rate"] == 0.1
        assert all(self.is_scalar(value) for value in tags.values())


def test_a_user_hook_is_called_when_due(tmp_path: Path) -> None:
    hook = Values(interval=3)
    trainer = build(tmp_path, hook, max_epochs=2)
    assert isinstance(trainer.callbacks[4], LogWriter)
    trainer.fit(Net([0.25, 0.5]), build_data())
    assert hook.rows == [("train", 1, 3), ("val", 1, 5), ("train", 2, 7), ("val", 2, 9)]


def test_a_user_hook_is_run_as_any_hook_when_it_acts_elsewhere() -> None:
    class Saves(LoggerHook):
        def before_save_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None: ...

    assert isinstance(as_writer(Saves(), "1.x"), HookCallback)
    with pytest.raises(ValueError, match="hook must derive from LoggerHook, got <mmlight"):
        LogWriter(Hook())


def test_losses_of_a_workflow_are_written_when_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = build_data()
    monkeypatch.setattr(data, "val_loss_dataloader", data.val_dataloader, raising=False)
    announcer = Announcer("0.x")
    announcer.run = {"work_dir": str(tmp_path)}
    writer = LogWriter(TextLoggerHook(interval=4))
    callbacks = [RunLog(), RuntimeInfo(), IterTimer(), ValidationLoss(), writer, announcer]
    build_trainer(*callbacks, max_epochs=2, limit_val_batches=0).fit(Net(), data)
    rows = [row for row in read(tmp_path) if "mode" in row]
    assert [(row["mode"], row["epoch"], row["iter"]) for row in rows] == [
        ("train", 1, 4), ("val", 1, 2), ("train", 2, 4), ("val", 2, 2),
    ]  # fmt: skip
    assert {"loss", "time", "data_time"} <= rows[1].keys()

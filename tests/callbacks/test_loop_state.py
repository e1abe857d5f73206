"""A run that is resumed anywhere meets the points of a run that never was broken off."""

import copy
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch

from mmlight.callbacks.announcer import Announcer
from mmlight.callbacks.checkpoint import Checkpoint
from mmlight.callbacks.loop_state import settle_loops
from mmlight.callbacks.validation import Validation
from tests.callbacks.nets import BATCHES, CrashError, Net, build_data, build_trainer

POINTS = (
    *("before_train_epoch", "on_train_batch_start", "on_train_batch_end", "after_train_epoch"),
    *("before_val", "after_val"),
)


class Trace(Announcer):
    """Notes each point with the place of the run, and crashes after some number of them."""

    def __init__(self, length: int = -1, **options: Any) -> None:
        super().__init__(**options)
        self.met: list[tuple[str, int, int]] = []
        self.length = length
        for point in POINTS:
            if not point.startswith("on_"):
                setattr(self, point, lambda *_, point=point: self.note(point))

    def note(self, point: str) -> None:
        self.met.append((point, self.place.epoch, self.place.iter))
        if len(self.met) == self.length:
            raise CrashError

    def on_train_batch_start(self, *_: Any) -> None:
        self.note("on_train_batch_start")

    def on_train_batch_end(self, *args: Any) -> None:
        self.note("on_train_batch_end")
        super().on_train_batch_end(*args)


def fit(
    folder: Path, path: Any = None, length: int = -1, endless: bool = False, **flags: Any
) -> Any:
    by_epoch = "max_iters" not in flags
    interval = flags.pop("validate", 1)
    trace, net = Trace(length), Net([0.5] * 99)
    validation = Validation(interval, by_epoch=by_epoch, last=flags.get("max_iters"))
    saver = Checkpoint(str(folder), interval=1, by_epoch=False)
    trainer = build_trainer(validation, saver, trace, **flags)
    with suppress(CrashError):
        trainer.fit(net, build_data(endless), ckpt_path=path, weights_only=True)
    return trainer, trace.met, net


@pytest.mark.parametrize(
    ("flags", "endless"),
    [
        ({"max_epochs": 4}, False),
        ({"max_epochs": 4, "validate": 2}, False),
        ({"max_iters": 14, "validate": 3}, False),
        ({"max_iters": 14, "validate": 4}, False),
        ({"max_iters": 14, "validate": 3}, True),
    ],
    ids=["epochs", "every-two", "iterations", "every-pass", "endless"],
)
def test_points_are_those_of_an_unbroken_run_when_resumed_twice(
    tmp_path: Path, flags: dict[str, Any], endless: bool
) -> None:
    whole, points, net = fit(tmp_path / "whole", endless=endless, **flags)
    batches = 16 if "max_epochs" in flags else 14
    for first in (1, 3, 4, 8, 11):
        folder = tmp_path / str(first)
        second = min(first + 3, batches - 1)
        for start in (first, second):
            source = tmp_path / "whole" if start == first else folder
            trainer, met, mine = fit(
                folder, source / f"iter_{start}.ckpt", endless=endless, **flags
            )
            rest = tail(points, start, in_epoch=start % BATCHES > 0 or "max_iters" in flags)
            assert met == rest, start
            for name, value in net.state_dict().items():
                assert torch.equal(value, mine.state_dict()[name]), name
            ours, theirs = trainer.fit_loop.state_dict(), whole.fit_loop.state_dict()
            for state in (ours, theirs):  # of this process only
                del state["epoch_loop.val_loop.batch_progress"]
            assert ours == theirs, start


def tail(points: list[Any], start: int, *, in_epoch: bool) -> list[Any]:
    """Return what follows a batch: its validation was begun by the run that saved."""
    index = points.index(("on_train_batch_end", *next(p[1:] for p in points if is_end(p, start))))
    rest = points[index + 1 :]
    while rest and rest[0][0] in ("after_train_epoch", "before_val", "after_val"):
        rest = rest[1:]
    return [("before_train_epoch", rest[0][1], start), *rest] if in_epoch and rest else rest


def is_end(point: tuple[str, int, int], done: int) -> bool:
    return point[0] == "on_train_batch_end" and point[2] == done - 1


@pytest.mark.parametrize("batch", range(1, 3 * BATCHES))
def test_nothing_is_left_of_an_epoch_when_it_has_ended(batch: int) -> None:
    states = []

    class Look(Trace):
        def note(self, point: str) -> None:
            super().note(point)
            if self.place.iter in (batch - 1, batch) and self.met[-1][0] != "on_train_batch_start":
                states.append((point, copy.deepcopy(self.trainer.fit_loop.state_dict())))

        def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
            self.trainer = trainer

    build_trainer(Validation(), Look(), max_epochs=3).fit(Net([0.5] * 9), build_data())
    for _, state in states:
        settle_loops(state)
    mine = [state for point, state in states if point in ("after_train_epoch", "after_val")]
    assert all(state == mine[0] for state in mine)
    if batch % BATCHES == 0:
        epochs, batches = mine[0]["epoch_progress"], mine[0]["epoch_loop.batch_progress"]
        assert set(epochs["total"].values()) == {batch // BATCHES}
        assert set(batches["total"].values()) == {batch}
        assert set(batches["current"].values()) == {0}
        assert mine[0]["epoch_loop.state_dict"]["_batches_that_stepped"] == batch

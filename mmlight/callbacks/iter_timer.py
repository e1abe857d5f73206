"""Measures how long each batch takes, and how much of that is waiting for data."""

import time
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from mmlight.hooks.runner_view import RunnerView, find_view


class IterTimer(Callback):
    """Keeps the times of the last batch and running totals, all in seconds, and tells the log.

    Attributes:
        data_time: How long the last batch was waited for.
        iter_time: From the end of the batch before to the end of the last one.
        total_data_time: Sum of `data_time` since training started.
        total_time: Sum of `iter_time` since training started.
        total_batches: Number of batches since training started.

    From: mmcv 1.7 and mmengine 0.10 `IterTimerHook`; that of mmcv counts validation between
    iterations as waiting for data.
    """

    def __init__(self) -> None:
        self.data_time = 0.0
        self.iter_time = 0.0
        self.total_data_time = 0.0
        self.total_time = 0.0
        self.total_batches = 0
        self._start = 0.0
        self._evaluated = (0, 0.0)  # batches and seconds of the evaluation
        self._view: RunnerView | None = None

    @property
    def mean_time(self) -> float:
        """Mean seconds per batch since training started."""
        return self.total_time / max(self.total_batches, 1)

    def estimate(self, mode: str, batches_left: int) -> float:
        """Return how long the rest of a training or of an evaluation takes [s].

        Args:
            mode: 'train', 'val' or 'test'.
            batches_left: So many are still to come.
        """
        if mode == "train":
            return self.mean_time * batches_left
        batches, seconds = self._evaluated
        return seconds / max(batches, 1) * batches_left

    def before_run(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Find out where the times go."""
        self._view = find_view(trainer)

    def _tell(self, mode: str, name: str, seconds: float) -> None:
        if self._view is None:
            return
        if self._view.announcer.generation == "0.x":
            self._view.log_buffer.update({name: seconds})
        else:
            self._view.message_hub.record(f"{mode}/{name}", seconds)

    # ---------------------------------------------------------------- training

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Start from zero."""
        self.total_data_time, self.total_time, self.total_batches = 0.0, 0.0, 0
        self._start = time.perf_counter()

    def before_train_epoch(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Start the clock of the first batch."""
        self._start = time.perf_counter()

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Note how long the batch was waited for."""
        self.data_time = time.perf_counter() - self._start
        self.total_data_time += self.data_time
        self._tell("train", "data_time", self.data_time)

    def on_train_batch_end(self, *_: Any, **__: Any) -> None:
        """Note how long the batch took and start the clock of the next."""
        now = time.perf_counter()
        self.iter_time = now - self._start
        self.total_time += self.iter_time
        self.total_batches += 1
        self._start = now
        self._tell("train", "time", self.iter_time)

    # ---------------------------------------------------------------- evaluation

    def before_val_epoch(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Start the clock of the first batch."""
        self._start, self._evaluated = time.perf_counter(), (0, 0.0)

    before_test_epoch = before_val_epoch

    before_loss_epoch = before_val_epoch

    def on_validation_batch_start(self, *_: Any, **__: Any) -> None:
        """Note how long the batch was waited for."""
        self._note_wait("val")

    def on_validation_batch_end(self, *_: Any, **__: Any) -> None:
        """Note how long the batch took."""
        self._note_batch("val")

    def on_test_batch_start(self, *_: Any, **__: Any) -> None:
        """Note how long the batch was waited for."""
        self._note_wait("test")

    def on_test_batch_end(self, *_: Any, **__: Any) -> None:
        """Note how long the batch took."""
        self._note_batch("test")

    def before_loss_iter(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Note how long a batch of a `workflow` was waited for."""
        self._note_wait("loss")

    def after_loss_iter(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Note how long a batch of a `workflow` took."""
        self._note_batch("loss")

    def _is_told(self, mode: str) -> bool:
        """Tell whether mm times the batches: those of an evaluation only in 1.x."""
        is_old = self._view is not None and self._view.announcer.generation == "0.x"
        return self._view is not None and is_old == (mode == "loss")

    def _note_wait(self, mode: str) -> None:
        if self._is_told(mode):
            self._tell(mode, "data_time", time.perf_counter() - self._start)

    def _note_batch(self, mode: str) -> None:
        if not self._is_told(mode):
            return
        now = time.perf_counter()
        seconds, self._start = now - self._start, now
        batches, total = self._evaluated
        self._evaluated = (batches + 1, total + seconds)
        self._tell(mode, "time", seconds)

    def after_val(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Leave validation out of the time of the next batch."""
        self._start = time.perf_counter()


def find_timer(trainer: L.Trainer) -> IterTimer | None:
    """Return the timer among the callbacks of a trainer."""
    return next((c for c in trainer.callbacks if isinstance(c, IterTimer)), None)  # type: ignore[attr-defined]

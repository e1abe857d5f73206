"""Measures how long each batch takes, and how much of that is waiting for data."""

import time
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback


class IterTimer(Callback):
    """Keeps the times of the last batch and running totals, all in seconds.

    Attributes:
        data_time: How long the last batch was waited for.
        iter_time: From the end of the batch before to the end of the last one.
        total_data_time: Sum of `data_time` since training started.
        total_time: Sum of `iter_time` since training started.
        total_batches: Number of batches since training started.

    From: mmcv 1.7 and mmengine 0.10 `IterTimerHook`.
    """

    def __init__(self) -> None:
        self.data_time = 0.0
        self.iter_time = 0.0
        self.total_data_time = 0.0
        self.total_time = 0.0
        self.total_batches = 0
        self._start = 0.0

    @property
    def mean_time(self) -> float:
        """Mean seconds per batch since training started."""
        return self.total_time / max(self.total_batches, 1)

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Start from zero; an epoch that is resumed inside has no `on_train_epoch_start`."""
        self.total_data_time, self.total_time, self.total_batches = 0.0, 0.0, 0
        self._start = time.perf_counter()

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Start the clock of the first batch."""
        self._start = time.perf_counter()

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Note how long the batch was waited for."""
        self.data_time = time.perf_counter() - self._start
        self.total_data_time += self.data_time

    def on_train_batch_end(self, *_: Any, **__: Any) -> None:
        """Note how long the batch took and start the clock of the next."""
        now = time.perf_counter()
        self.iter_time = now - self._start
        self.total_time += self.iter_time
        self.total_batches += 1
        self._start = now

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Leave validation out of the time of the next batch."""
        self._start = time.perf_counter()


def find_timer(trainer: L.Trainer) -> IterTimer | None:
    """Return the timer among the callbacks of a trainer."""
    return next((c for c in trainer.callbacks if isinstance(c, IterTimer)), None)  # type: ignore[attr-defined]

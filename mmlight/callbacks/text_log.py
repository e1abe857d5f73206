"""Writes the log of a training.

Lines for people, JSON lines for programs, and values for Lightning's loggers.
"""

import json
import logging
import math
import os
import time
from typing import Any, TextIO

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.utilities import rank_zero_only
from torch import Tensor

from mmlight.callbacks.iter_timer import find_timer
from mmlight.callbacks.progress_bar import count_batches_left, format_duration, is_interactive

_logger = logging.getLogger("mmlight")


class TextLog(Callback):
    """Logs the mean losses of every `interval` batches and the metrics of every validation.

    Files `<start time>.log` and `<start time>.log.json` in `work_dir`; the same values go to the
    Trainer's loggers. The losses stay on the device until they are written.

    Args:
        work_dir: Folder of the files.
        interval: Write every so many batches.
        ignore_last: Write nothing at the end of an epoch whose last batches do not fill an
            interval.

    Raises:
        ValueError: If `interval` is smaller than 1.

    From: mmcv 1.7 `TextLoggerHook`, mmengine 0.10 `LoggerHook`.
    """

    def __init__(self, work_dir: str, interval: int = 10, ignore_last: bool = True) -> None:
        if interval < 1:
            raise ValueError(f"interval must be 1 or more, got {interval}")
        self.work_dir = work_dir
        self.interval = interval
        self.ignore_last = ignore_last
        self._losses: list[dict[str, Tensor]] = []
        self._times: list[tuple[float, float]] = []
        self._files: tuple[TextIO, TextIO] | None = None

    @rank_zero_only
    def on_fit_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Open the files and write what is trained, in which order the callbacks run."""
        os.makedirs(self.work_dir, exist_ok=True)
        stem = os.path.join(self.work_dir, time.strftime("%Y%m%d_%H%M%S"))
        self._files = (
            open(f"{stem}.log", "a", encoding="utf-8"),  # noqa: SIM115
            open(f"{stem}.log.json", "a", encoding="utf-8"),  # noqa: SIM115
        )
        order = ", ".join(type(c).__name__ for c in trainer.callbacks)  # type: ignore[attr-defined]
        self._write_line(f"callbacks in order: {order}")
        self._write_line(f"work_dir: {self.work_dir}")

    def on_train_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Keep the losses; write them when an interval is full."""
        if isinstance(outputs, dict):
            self._losses.append(outputs)
        timer = find_timer(trainer)
        if timer is not None:
            self._times.append((timer.iter_time, timer.data_time))
        is_last = batch_idx + 1 == trainer.num_training_batches
        if (batch_idx + 1) % self.interval == 0 or (is_last and not self.ignore_last):
            self._log_train(trainer, batch_idx)
        elif is_last:
            self._losses.clear()
            self._times.clear()

    @rank_zero_only
    def _log_train(self, trainer: L.Trainer, batch_idx: int) -> None:
        names = self._losses[-1] if self._losses else {}
        means = {k: torch.stack([row[k] for row in self._losses]).mean().item() for k in names}
        rate = trainer.optimizers[0].param_groups[0]["lr"] if trainer.optimizers else 0.0
        count = max(len(self._times), 1)
        seconds = sum(row[0] for row in self._times) / count
        waiting = sum(row[1] for row in self._times) / count
        record = {"lr": rate, "time": seconds, "data_time": waiting, **means}
        self._losses.clear()
        self._times.clear()
        self._log_to_loggers(trainer, {f"train/{k}": v for k, v in record.items()})
        place = {"mode": "train", "epoch": trainer.current_epoch + 1, "iter": batch_idx + 1}
        self._write_json({**place, **record})
        left = count_batches_left(trainer)
        eta = f" eta: {format_duration(left * seconds)}" if left is not None else ""
        total = trainer.num_training_batches
        head = f"Epoch(train) [{trainer.current_epoch + 1}][{batch_idx + 1}/{total}]"
        values = "  ".join(f"{name}: {value:.4g}" for name, value in record.items())
        self._write_line(f"{head} {values}{eta}", None if is_interactive() else trainer)
        for name, value in means.items():
            if not math.isfinite(value):
                self._write_line(f"warning: {name} is {value}")

    @rank_zero_only
    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Write the metrics of the validation."""
        self._log_metrics(trainer, "val")

    def _log_metrics(self, trainer: L.Trainer, mode: str) -> None:
        if self._files is None:
            return
        values = {name: float(value) for name, value in trainer.callback_metrics.items()}
        epoch = trainer.current_epoch + 1
        self._write_json({"mode": mode, "epoch": epoch, **values})
        line = "  ".join(f"{name}: {value:.4f}" for name, value in values.items())
        self._write_line(f"Epoch({mode}) [{epoch}] {line}", trainer)

    @staticmethod
    def _log_to_loggers(trainer: L.Trainer, values: dict[str, float]) -> None:
        for logger in trainer.loggers:
            logger.log_metrics(values, step=trainer.fit_loop.total_batch_idx + 1)

    def _write_line(self, text: str, trainer: L.Trainer | None = None) -> None:
        """Write a line to the log file; with a trainer, on the screen as well."""
        if self._files is not None:
            self._files[0].write(f"{time.strftime('%Y/%m/%d %H:%M:%S')} - {text}\n")
            self._files[0].flush()
        bar = trainer.progress_bar_callback if trainer is not None else None
        if bar is not None and is_interactive():
            bar.print(text)
        elif trainer is not None:
            _logger.info(text)

    def _write_json(self, record: dict[str, Any]) -> None:
        if self._files is not None:
            self._files[1].write(json.dumps(record) + "\n")
            self._files[1].flush()

    def teardown(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Close the files."""
        for file in self._files or ():
            file.close()
        self._files = None

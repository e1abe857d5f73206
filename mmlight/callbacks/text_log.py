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
from torch import Tensor

from mmlight.callbacks.iter_timer import IterTimer, find_timer
from mmlight.callbacks.progress_bar import count_batches_left, format_duration, is_interactive
from mmlight.callbacks.validation import count_all_batches, is_by_epoch

_logger = logging.getLogger("mmlight")


class TextLog(Callback):
    """Logs the mean losses of every `interval` batches and the metrics of every validation.

    Files `<start time>.log` and `<start time>.log.json` in `work_dir`, written by the first process
    alone; the same values go to the Trainer's loggers. The losses stay on the device until they are
    written. In JSON, a value that is not finite is null.

    Args:
        work_dir: Folder of the files.
        interval: Write every so many batches, counted from the start of the epoch, or from the
            start of training where that is iteration-based.
        ignore_last: Write nothing at the end of an epoch whose last batches do not fill an
            interval, unless it is shorter than one interval.

    Raises:
        ValueError: If `interval` is smaller than 1.

    From: mmcv 1.7 `TextLoggerHook`, mmengine 0.10 `LoggerHook`. Means are those of the batches
    since the last line, where mmengine takes the last 10 batches whatever the interval, and mmcv
    the last `interval`, also where an epoch's end cuts one short.
    """

    def __init__(self, work_dir: str, interval: int = 10, ignore_last: bool = True) -> None:
        if interval < 1:
            raise ValueError(f"interval must be 1 or more, got {interval}")
        self.work_dir = work_dir
        self.interval = interval
        self.ignore_last = ignore_last
        self._losses: list[dict[str, Tensor]] = []
        self._timer: IterTimer | None = None
        self._timed = (0, 0.0, 0.0)
        self._files: tuple[TextIO, TextIO] | None = None

    def on_fit_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Open the files and write what is trained, in which order the callbacks run."""
        if not trainer.is_global_zero:
            return
        os.makedirs(self.work_dir, exist_ok=True)
        stem = os.path.join(self.work_dir, time.strftime("%Y%m%d_%H%M%S"))
        self._files = (
            open(f"{stem}.log", "a", encoding="utf-8"),  # noqa: SIM115
            open(f"{stem}.log.json", "a", encoding="utf-8"),  # noqa: SIM115
        )
        order = ", ".join(type(c).__name__ for c in trainer.callbacks)  # type: ignore[attr-defined]
        self._write_line(f"callbacks in order: {order}")
        self._write_line(f"work_dir: {self.work_dir}")

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Start the first interval; the timer has been set to zero."""
        self._timer = find_timer(trainer)
        self._losses.clear()
        self._timed = (0, 0.0, 0.0)

    # ---------------------------------------------------------------- training

    def on_train_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Keep the losses; write them when an interval is full."""
        if self._files is None:
            return
        if isinstance(outputs, dict):
            losses = {k: v for k, v in outputs.items() if isinstance(v, Tensor) and v.numel() == 1}
            self._losses.append(losses)
        by_epoch = is_by_epoch(trainer)
        count = batch_idx + 1 if by_epoch else trainer.fit_loop.total_batch_idx + 1
        last = trainer.num_training_batches if by_epoch else count_all_batches(trainer)
        is_last = count == last
        if count % self.interval == 0 or (
            is_last and (not self.ignore_last or count < self.interval)
        ):
            self._log_train(trainer, count, last)
        elif is_last:
            self._start_interval()

    def _log_train(self, trainer: L.Trainer, count: int, last: float | None) -> None:
        losses = mean_by_name(self._losses)
        if "loss" in losses:  # Lightning divides it for accumulation
            losses["loss"] *= trainer.accumulate_grad_batches
        rate = trainer.optimizers[0].param_groups[0]["lr"] if trainer.optimizers else 0.0
        record = {"lr": rate, **self._mean_times(), **losses}
        self._start_interval()
        for logger in trainer.loggers:
            tags = {f"train/{name}": value for name, value in record.items()}
            logger.log_metrics(tags, step=trainer.fit_loop.total_batch_idx + 1)
        place = {"mode": "train", "epoch": trainer.current_epoch + 1, "iter": count}
        self._write_json({**place, **record})
        total = "" if last in (None, math.inf) else f"/{last}"
        epoch = f"Epoch(train) [{trainer.current_epoch + 1}]"
        head = f"{epoch if is_by_epoch(trainer) else 'Iter(train) '}[{count}{total}]"
        values = "  ".join(f"{name}: {value:.4g}" for name, value in record.items())
        text = f"{head} {values}{self._estimate(trainer)}"
        self._write_line(text, None if is_interactive() else trainer)
        for name, value in losses.items():
            if not math.isfinite(value):
                self._write_line(f"warning: {name} is {value}", trainer)

    def _mean_times(self) -> dict[str, float]:
        if self._timer is None:
            return {}
        count, total, waiting = self._timed
        batches = max(self._timer.total_batches - count, 1)
        return {
            "time": (self._timer.total_time - total) / batches,
            "data_time": (self._timer.total_data_time - waiting) / batches,
        }

    def _start_interval(self) -> None:
        self._losses.clear()
        timer = self._timer
        if timer is not None:
            self._timed = (timer.total_batches, timer.total_time, timer.total_data_time)

    def _estimate(self, trainer: L.Trainer) -> str:
        left = count_batches_left(trainer)
        if left is None or self._timer is None:
            return ""
        return f"  eta: {format_duration(left * self._timer.mean_time)}"

    # ---------------------------------------------------------------- validation

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Write the metrics of the validation."""
        if self._files is None or trainer.sanity_checking:
            return
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
        epoch, count = trainer.current_epoch + 1, trainer.fit_loop.total_batch_idx + 1
        by_epoch = is_by_epoch(trainer)
        place = {"mode": "val", "epoch": epoch} | ({} if by_epoch else {"iter": count})
        self._write_json({**place, **metrics})
        head = f"Epoch(val) [{epoch}]" if by_epoch else f"Iter(val) [{count}]"
        line = "  ".join(f"{name}: {value:.4f}" for name, value in metrics.items())
        self._write_line(f"{head} {line}", trainer)

    # ---------------------------------------------------------------- writing

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
            known = {k: v if _is_json(v) else None for k, v in record.items()}
            self._files[1].write(json.dumps(known) + "\n")
            self._files[1].flush()

    def on_exception(
        self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException
    ) -> None:
        """Close the files: after an error Lightning calls no `teardown`."""
        self._close()

    def teardown(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Close the files."""
        self._close()

    def _close(self) -> None:
        for file in self._files or ():
            file.close()
        self._files = None


def mean_by_name(rows: list[dict[str, Tensor]]) -> dict[str, float]:
    """Average tensors of one element over the rows that have them; waits for the device once.

    Examples:
        >>> mean_by_name([{"loss": torch.tensor(1.0)}, {"loss": torch.tensor(2.0)}])
        {'loss': 1.5}
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    if not names:
        return {}
    columns = [[row[name].reshape(()) for row in rows if name in row] for name in names]
    means = torch.stack([torch.stack(column).float().mean() for column in columns])
    return dict(zip(names, means.tolist(), strict=True))


def _is_json(value: Any) -> bool:
    return not isinstance(value, float) or math.isfinite(value)

"""A progress bar with loss, learning rate, times and the time that is left."""

import sys
from datetime import timedelta
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import TQDMProgressBar

from mmlight.callbacks.iter_timer import find_timer
from mmlight.callbacks.validation import count_all_batches, count_epoch_batches, is_by_epoch


class ProgressBar(TQDMProgressBar):
    """Shows loss, lr, time and data_time [s per batch] and the ETA of the whole training.

    The values are read only when the bar is drawn, so that most batches cost nothing. Where the
    output is a file or a pipe there is no bar; the lines of the log are printed there instead.

    Args:
        refresh_rate: Draw every so many batches.
    """

    def __init__(self, refresh_rate: int = 10) -> None:
        super().__init__(refresh_rate=refresh_rate)
        self._outputs: Any = None
        if not is_interactive():
            self.disable()

    def on_train_start(self, trainer: L.Trainer, *_: Any) -> None:
        """Name the epoch: one that is resumed inside has no `on_train_epoch_start`."""
        super().on_train_start(trainer, *_)
        self._describe(trainer)

    def on_train_epoch_start(self, trainer: L.Trainer, *_: Any) -> None:
        """Name the epoch as mm does, counted from 1."""
        super().on_train_epoch_start(trainer, *_)
        self._describe(trainer)

    def _describe(self, trainer: L.Trainer) -> None:
        bar = self.train_progress_bar
        batches = count_epoch_batches(trainer)
        bar.total = count_all_batches(trainer) if batches is None else batches
        if is_by_epoch(trainer):
            bar.set_description(f"Epoch(train) [{trainer.current_epoch + 1}/{trainer.max_epochs}]")
        else:
            bar.set_description("Iter(train)")

    def on_train_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Remember the losses and draw if it is time."""
        if self.is_enabled:
            self._outputs = outputs
            super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)

    def get_metrics(
        self, trainer: L.Trainer, pl_module: L.LightningModule
    ) -> dict[str, int | str | float | dict[str, float]]:
        """Collect what the bar shows beside Lightning's own values."""
        metrics = super().get_metrics(trainer, pl_module)
        metrics.pop("v_num", None)
        if isinstance(self._outputs, dict) and "loss" in self._outputs:
            # Lightning divides it for accumulation
            loss = float(self._outputs["loss"]) * trainer.accumulate_grad_batches
            metrics["loss"] = f"{loss:.4f}"
        if trainer.optimizers:
            metrics["lr"] = f"{trainer.optimizers[0].param_groups[0]['lr']:.3g}"
        timer = find_timer(trainer)
        if timer is not None:
            metrics["time"] = f"{timer.iter_time:.4f}"
            metrics["data_time"] = f"{timer.data_time:.4f}"
            left = count_batches_left(trainer)
            if left is not None:
                metrics["eta"] = format_duration(left * timer.mean_time)
        return metrics


def is_interactive() -> bool:
    """Tell whether somebody watches: a terminal or a notebook."""
    return sys.stderr.isatty() or "ipykernel" in sys.modules


def count_batches_left(trainer: L.Trainer) -> int | None:
    """Return how many batches training still has, None when it has no end."""
    batches = count_all_batches(trainer)
    return None if batches is None else max(batches - trainer.fit_loop.total_batch_idx - 1, 0)


def format_duration(seconds: float) -> str:
    """Write a duration without fractions.

    Examples:
        >>> format_duration(3723.4)
        '1:02:03'
    """
    return str(timedelta(seconds=int(seconds)))

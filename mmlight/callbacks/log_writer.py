"""Runs the hook that writes the lines of the log."""

from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from mmlight.callbacks.run_log import has_log
from mmlight.compat.log_processor import count_batches
from mmlight.compat.logger_hook import LoggerHook
from mmlight.compat.old_logger_hook import LoggerHook as OldLoggerHook
from mmlight.hooks.hook_callback import HookCallback
from mmlight.hooks.order import OLD_STAGES
from mmlight.hooks.runner_view import RunnerView, find_view

SERVED = frozenset(
    (
        *("before_run", "before_train_epoch", "after_train_iter", "after_train_epoch"),
        *("before_val_epoch", "after_val_iter", "after_val_epoch"),
        *("before_test_epoch", "after_test_iter", "after_test_epoch", "after_run"),
    )
)


class LogWriter(Callback):
    """Calls a logger hook of mm when it is time, at less cost than a user's hook.

    Args:
        hook: A logger hook of either generation.

    Attributes:
        points: Where the hook does something.

    Raises:
        ValueError: If `hook` is no logger hook.

    From: mmcv 1.7 `LoggerHook`, `EvalHook`; mmengine 0.10 `LoggerHook`.
    """

    def __init__(self, hook: Any) -> None:
        if not isinstance(hook, (LoggerHook, OldLoggerHook)):
            raise ValueError(f"hook must derive from LoggerHook, got {hook!r}")
        self.hook: Any = hook
        self.is_old = isinstance(hook, OldLoggerHook)
        met = hook.get_triggered_stages()
        self.points = tuple(p for p in met if p in OLD_STAGES or not self.is_old)
        self._view: RunnerView | None = None
        self._size = 0

    def before_run(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Begin the log; in 1.x the first process alone writes it."""
        view = find_view(trainer)
        acts = has_log(view) and (self.is_old or trainer.is_global_zero)
        self._view = view if acts else None
        if acts:
            self.hook.before_run(view)

    def after_run(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """End the log."""
        if self._view is not None:
            self.hook.after_run(self._view)

    # ---------------------------------------------------------------- training

    def before_train_epoch(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Begin an epoch."""
        if self._view is not None:
            self._size = count_batches(self._view, "train")
            self.hook.before_train_epoch(self._view)

    def on_train_batch_end(
        self, trainer: L.Trainer, _: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Write a line if it is time."""
        view = self._view
        if view is None:
            return
        if self.is_old:
            self.hook.after_train_iter(view)
            return
        hook, place = self.hook, batch_idx if view.by_epoch else view.iter
        if (
            (place + 1) % hook.interval == 0
            or place + 1 == self._size
            or (view.iter + 1) % hook.interval_exp_name == 0
        ):
            hook.after_train_iter(view, batch_idx=place, data_batch=batch, outputs=outputs)

    def after_train_epoch(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Write what an epoch has left; in 0.x the results of its validation."""
        if self._view is not None:
            self.hook.after_train_epoch(self._view)

    # ---------------------------------------------------------------- evaluation

    def on_validation_batch_end(
        self, trainer: L.Trainer, _: Any, outputs: Any, batch: Any, batch_idx: int, *__: Any
    ) -> None:
        """Write a line if it is time."""
        if self._view is not None and not self.is_old and not trainer.sanity_checking:
            self.hook.after_val_iter(self._view, batch_idx=batch_idx, data_batch=batch)

    def on_test_batch_end(
        self, trainer: L.Trainer, _: Any, outputs: Any, batch: Any, batch_idx: int, *__: Any
    ) -> None:
        """Write a line if it is time."""
        if self._view is not None and not self.is_old:
            self.hook.after_test_iter(self._view, batch_idx=batch_idx, data_batch=batch)

    def after_val_epoch(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Write the results; in 0.x of a validation between iterations, which is part of one."""
        if self._view is None:
            return
        if not self.is_old:
            self.hook.after_val_epoch(self._view, metrics=self._view.metrics)
        elif not self._view.by_epoch:
            place = self._view.announcer.place
            place.iter, place.mode = place.iter - 1, "train"
            self.hook.log_if_ready(self._view)
            place.iter, place.mode = place.iter + 1, "val"

    def after_test_epoch(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Write the results."""
        if self._view is not None and not self.is_old:
            self.hook.after_test_epoch(self._view, metrics=self._view.metrics)

    def before_loss_epoch(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Begin a pass over validation data, of a `workflow` of 0.x."""
        if self._view is not None and self.is_old:
            self.hook.before_val_epoch(self._view)

    def after_loss_epoch(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Write the losses of validation data."""
        if self._view is not None and self.is_old:
            self.hook.after_val_epoch(self._view)


def as_writer(hook: Any, generation: str = "0.x") -> Callback:
    """Return the callback of a user's logger hook: that of any hook if it acts elsewhere too."""
    is_known = isinstance(hook, (LoggerHook, OldLoggerHook))
    if is_known and SERVED.issuperset(hook.get_triggered_stages()):
        return LogWriter(hook)
    return HookCallback(hook, generation)  # type: ignore[arg-type]

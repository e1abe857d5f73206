"""Hooks of 0.x that write to a logger of Lightning."""

import os
from typing import Any

from mmlight.compat.old_logger_hook import LoggerHook


class VendorLoggerHook(LoggerHook):
    """Writes the values of `runner.log_buffer.output`, rate and momentum to a logger.

    Args:
        logger: One of Lightning's.
        interval: Write every so many batches.
        ignore_last: Write nothing at the end of an epoch whose last batches do not fill an
            interval.
        reset_flag: See `LoggerHook`.
        by_epoch: Whether batches are counted in their epoch.
        allow_text: Whether texts are written too.

    From: mmcv 1.7 `TensorboardLoggerHook`, `WandbLoggerHook`, `MlflowLoggerHook`,
    `NeptuneLoggerHook`, `ClearMLLoggerHook`.
    """

    def __init__(
        self,
        logger: Any,
        interval: int = 10,
        ignore_last: bool = True,
        reset_flag: bool = False,
        by_epoch: bool = True,
        allow_text: bool = False,
    ) -> None:
        super().__init__(interval, ignore_last, reset_flag, by_epoch)
        self.logger = logger
        self.allow_text = allow_text

    def before_run(self, runner: Any) -> None:
        """Begin to write; the Trainer ends the logger with the run."""
        super().before_run(runner)
        if runner.rank == 0 and hasattr(self.logger, "enter_run"):
            self.logger.enter_run(runner)
        loggers = runner.trainer.loggers
        if self.logger not in loggers:
            runner.trainer.loggers = [*loggers, self.logger]

    def log(self, runner: Any) -> None:
        """Write what is to be logged."""
        tags = self.get_loggable_tags(runner, allow_text=self.allow_text)
        if runner.rank == 0:
            self.logger.log_metrics(tags, step=self.get_step(runner))

    def get_step(self, runner: Any) -> int:
        """Return the place of the values on the axis."""
        return self.get_iter(runner)


class DvcliveLoggerHook(VendorLoggerHook):
    """Writes after epochs, or after batches where training counts those.

    Args:
        logger: See `VendorLoggerHook`.
        model_file: Save the model there after each epoch.
        **when: See `VendorLoggerHook`.

    From: mmcv 1.7 `DvcliveLoggerHook`.
    """

    def __init__(self, logger: Any, model_file: str | None = None, **when: Any) -> None:
        super().__init__(logger, **when)
        self.model_file = model_file

    def get_step(self, runner: Any) -> int:
        """Return the number of the epoch, or of the batch."""
        return self.get_epoch(runner) if self.by_epoch else self.get_iter(runner)

    def after_train_iter(self, runner: Any, *_: Any, **__: Any) -> None:
        """Write if batches are counted."""
        if not self.by_epoch:
            super().after_train_iter(runner)

    def after_train_epoch(self, runner: Any) -> None:
        """Save the model; write."""
        if self.model_file is not None:
            folder, name = os.path.split(self.model_file)
            runner.save_checkpoint(folder, filename_tmpl=name, create_symlink=False)
        if self.by_epoch:
            super().after_train_epoch(runner)

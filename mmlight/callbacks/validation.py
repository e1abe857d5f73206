"""Decides when validation runs and when iteration-based training ends, as the loops of mm do."""

import logging
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

NEVER = 2**62
_logger = logging.getLogger("mmlight")


def is_validation_due(
    count: int,
    last: int | None,
    *,
    interval: int,
    begin: int = 1,
    offset: int = 0,
    at_end: bool = True,
) -> bool:
    """Tell whether validation follows an epoch or iteration.

    Args:
        count: Number of epochs or iterations done, from 1.
        last: The number of the last one; None when there is no last.
        interval: Validate every so many.
        begin: The first count that may be validated.
        offset: Count from here instead of from 0.
        at_end: Validate after the last one, whatever its number.

    Examples:
        >>> [n for n in range(1, 11) if is_validation_due(n, 10, interval=4)]
        [4, 8, 10]
        >>> rule = {"interval": 4, "begin": 3, "offset": 3, "at_end": False}
        >>> [n for n in range(1, 11) if is_validation_due(n, 10, **rule)]
        [3, 7]

    From: mmengine 0.10 `EpochBasedTrainLoop.run` and `IterBasedTrainLoop.run`; with `offset` and
    without `at_end` mmcv 1.7 `EvalHook`.
    """
    if count < begin:
        return False
    return (count - offset) % interval == 0 or (at_end and count == last)


class Validation(Callback):
    """Tells the Trainer before each epoch or batch whether validation follows it.

    Flags win: with `check_val_every_n_epoch` or `val_check_interval` on the command line validation
    follows them, with `max_steps` training ends there.

    Args:
        interval: Validate every so many epochs or iterations.
        begin: The first epoch or iteration, from 1, that may be validated.
        offset: Count the interval from here.
        at_end: Validate after the last epoch or iteration as well.
        by_epoch: Count epochs; False counts iterations (batches).
        last: Number of the last iteration; with `by_epoch=False` training ends after it, also under
            gradient accumulation, where a step that is still being accumulated is dropped. Epochs
            are limited by the Trainer alone.

    Raises:
        ValueError: If `interval` is smaller than 1.

    From: mmengine 0.10 `EpochBasedTrainLoop`, `IterBasedTrainLoop`; mmcv 1.7 `EvalHook`. The latter
    also validates before training when that starts, or resumes, at its `start` or later and the
    coming epoch is one to validate; this never does.
    """

    def __init__(
        self,
        interval: int = 1,
        begin: int = 1,
        offset: int = 0,
        at_end: bool = True,
        by_epoch: bool = True,
        last: int | None = None,
    ) -> None:
        if interval < 1:
            raise ValueError(f"interval must be 1 or more, got {interval}")
        self.interval = interval
        self.begin = begin
        self.offset = offset
        self.at_end = at_end
        self.by_epoch = by_epoch
        self.last = last
        self.idle_hooks = ("on_train_batch_start", "on_train_batch_end") if by_epoch else ()
        self._is_active = True
        self._flags: tuple[Any, Any] | None = None

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Step back where a flag of the Trainer says when to validate."""
        if stage != "fit":
            return
        self._flags = (trainer.check_val_every_n_epoch, trainer.val_check_interval)
        usual = ((1, 1.0),) if self.by_epoch else ((None, 1), (1, 1.0))
        self._is_active = self._flags in usual
        if not self._is_active:
            _logger.info("validation follows the Trainer's flags, not the config")

    def teardown(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Leave the Trainer's flags as they were."""
        if self._flags is not None:
            trainer.check_val_every_n_epoch, trainer.val_check_interval = self._flags
            self._flags = None

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Prepare the first epoch: one that is resumed inside has no `on_train_epoch_start`."""
        if self._is_active and not self.by_epoch:
            trainer.check_val_every_n_epoch = None
        self.on_train_epoch_start(trainer, pl_module)

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Switch validation after this epoch on or off."""
        if self._is_active and self.by_epoch:
            due = self._is_due(trainer.current_epoch + 1, trainer.max_epochs)
            trainer.check_val_every_n_epoch = 1 if due else NEVER

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Switch validation after this iteration on or off."""
        if self._is_active and not self.by_epoch:
            due = self._is_due(trainer.fit_loop.total_batch_idx + 1, self.last_iteration(trainer))
            trainer.val_check_batch = 1 if due else NEVER

    def on_train_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """End an iteration-based training after its last batch."""
        if self.by_epoch or self.last is None:
            return
        done = trainer.fit_loop.total_batch_idx + 1
        if done == self.last_iteration(trainer) and trainer.max_steps in (-1, self.last):
            trainer.should_stop = True
            if done % (trainer.val_check_batch or NEVER):
                # a Trainer that is told to stop validates once more, unless no epoch may be
                trainer.check_val_every_n_epoch = NEVER

    def last_iteration(self, trainer: L.Trainer) -> int | None:
        """Return the number of the last batch of an iteration-based training.

        The Trainer is given the same number as `max_steps`. It counts optimizer steps, fewer than
        batches under accumulation; any other number was set by a flag, which wins.
        """
        if trainer.max_steps in (-1, self.last):
            return self.last
        return trainer.max_steps * trainer.accumulate_grad_batches

    def _is_due(self, count: int, last: int | None) -> bool:
        return is_validation_due(
            count,
            last,
            interval=self.interval,
            begin=self.begin,
            offset=self.offset,
            at_end=self.at_end,
        )


def is_by_epoch(trainer: L.Trainer) -> bool:
    """Tell whether training ends after a number of epochs, not of iterations."""
    return trainer.max_epochs is not None and trainer.max_epochs >= 0


def count_all_batches(trainer: L.Trainer) -> int | None:
    """Return how many batches a whole training has, None when it has no end."""
    if is_by_epoch(trainer):
        batches = (trainer.max_epochs or 0) * trainer.num_training_batches
        return None if batches == float("inf") else int(batches)
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, Validation) and not callback.by_epoch:
            return callback.last_iteration(trainer)
    return None if trainer.max_steps == -1 else trainer.max_steps * trainer.accumulate_grad_batches

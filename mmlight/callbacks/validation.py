"""Decides when validation runs and when iteration-based training ends, as the loops of mm do."""

from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

NEVER = 2**62


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

    Args:
        interval: Validate every so many epochs or iterations.
        begin: The first epoch or iteration, from 1, that may be validated.
        offset: Count the interval from here.
        at_end: Validate after the last epoch or iteration as well.
        by_epoch: Count epochs; False counts iterations (batches).
        last: Number of the last epoch or iteration; with `by_epoch=False` training stops there.

    Raises:
        ValueError: If `interval` is smaller than 1.
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
        self.by_epoch = by_epoch
        self.last = last
        self.rule = {"interval": interval, "begin": begin, "offset": offset, "at_end": at_end}

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Switch validation after this epoch on or off."""
        if self.by_epoch:
            epoch = trainer.current_epoch + 1
            last = self.last if trainer.max_epochs in (None, -1) else trainer.max_epochs
            due = is_validation_due(epoch, last, **self.rule)  # type: ignore[arg-type]
            trainer.check_val_every_n_epoch = 1 if due else NEVER

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Switch validation after this iteration on or off."""
        if not self.by_epoch:
            iteration = trainer.fit_loop.total_batch_idx + 1
            due = is_validation_due(iteration, self.last, **self.rule)  # type: ignore[arg-type]
            trainer.val_check_batch = 1 if due else NEVER

"""Decides when validation runs and when iteration-based training ends, as the loops of mm do."""

import logging
from collections.abc import Sequence
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from mmlight.data.loader import ENDLESS

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


def choose_interval(count: int, interval: int, changes: Sequence[tuple[int, int]] = ()) -> int:
    """Return the interval that holds once `count` epochs or iterations are done.

    Args:
        count: How many are done.
        interval: The interval at first.
        changes: Pairs of an epoch or iteration, from 1, and the interval from there on.

    Examples:
        >>> [choose_interval(n, 4, [(6, 2)]) for n in (4, 5, 6)]
        [4, 2, 2]

    From: mmengine 0.10 `calc_dynamic_intervals`, `_decide_current_val_interval`.
    """
    for begin, changed in changes:
        if count + 1 >= begin:
            interval = changed
    return interval


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
        changes: Other intervals from an epoch or iteration on; see `choose_interval`.
        at_start: Validate before training as well, where that begins or resumes at `begin` or later
            and the coming epoch or iteration is one to validate.
        last: Number of the last iteration; with `by_epoch=False` training ends after it, also under
            gradient accumulation, where a step that is still being accumulated is dropped. Epochs
            are limited by the Trainer alone.

    Raises:
        ValueError: If an interval is smaller than 1, `offset` smaller than 0, or `changes` are no
            pairs.

    From: mmengine 0.10 `EpochBasedTrainLoop`, `IterBasedTrainLoop`; with `at_start` mmcv 1.7
    `EvalHook`.
    """

    def __init__(
        self,
        interval: int = 1,
        begin: int = 1,
        offset: int = 0,
        at_end: bool = True,
        by_epoch: bool = True,
        last: int | None = None,
        changes: Sequence[tuple[int, int]] = (),
        at_start: bool = False,
    ) -> None:
        if not isinstance(interval, int) or interval < 1:
            raise ValueError(f"interval must be 1 or more, got {interval!r}")
        if not isinstance(offset, int) or offset < 0:
            raise ValueError(f"offset must be 0 or more, got {offset!r}")
        _check_changes(changes)
        self.interval = interval
        self.begin = begin
        self.offset = offset
        self.at_end = at_end
        self.by_epoch = by_epoch
        self.last = last
        self.changes = [(int(begin), int(changed)) for begin, changed in changes]
        self.at_start = at_start
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
        if self.at_start and self._is_active:
            self._validate_first(trainer)

    def _validate_first(self, trainer: L.Trainer) -> None:
        """Validate before training if the rule holds for what comes next."""
        done = trainer.current_epoch if self.by_epoch else trainer.fit_loop.total_batch_idx + 1
        if done + 1 >= self.begin and done >= self.offset and self._is_due(done + 1, None):
            trainer.validating = True
            trainer.fit_loop.epoch_loop.val_loop.run()
            trainer.training = True

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
            stop_after_batch(trainer)

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
            interval=choose_interval(count, self.interval, self.changes),
            begin=self.begin,
            offset=self.offset,
            at_end=self.at_end,
        )


def _check_changes(changes: Any) -> None:
    pairs = changes if isinstance(changes, list | tuple) else (changes,)
    for pair in pairs:
        if not isinstance(pair, list | tuple) or len(pair) != 2 or pair[1] < 1:
            raise ValueError(
                "changes must be pairs of an epoch or iteration and an interval of 1 or more,"
                f" got {pair!r}"
            )


def is_by_epoch(trainer: L.Trainer) -> bool:
    """Tell whether training ends after a number of epochs, not of iterations."""
    return trainer.max_epochs is not None and trainer.max_epochs >= 0


def count_epoch_batches(trainer: L.Trainer) -> int | None:
    """Return the batches of an epoch of training, None where it has no end."""
    batches = trainer.num_training_batches
    return None if batches >= ENDLESS else int(batches)


def count_all_batches(trainer: L.Trainer) -> int | None:
    """Return how many batches a whole training has, None when it has no end."""
    if is_by_epoch(trainer):
        batches = count_epoch_batches(trainer)
        return None if batches is None else (trainer.max_epochs or 0) * batches
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, Validation) and not callback.by_epoch:
            return callback.last_iteration(trainer)
    return None if trainer.max_steps == -1 else trainer.max_steps * trainer.accumulate_grad_batches


def is_validation_next(trainer: L.Trainer, *, ended: bool) -> bool:
    """Tell whether a validation follows the batch that is done.

    Args:
        trainer: In training.
        ended: Whether that batch was the last of its epoch.
    """
    if not trainer.training or trainer.limit_val_batches == 0 or trainer.fast_dev_run:  # type: ignore[attr-defined]
        return False
    loop, every = trainer.fit_loop, trainer.val_check_batch or NEVER
    progress: Any = loop.epoch_progress.current
    if ended and progress.processed == progress.ready:  # the epoch is over, its validation too
        return False
    epochs = trainer.check_val_every_n_epoch
    if epochs is None:
        return (loop.total_batch_idx + 1) % every == 0
    return (trainer.current_epoch + 1) % epochs == 0 and (
        ended or (loop.batch_idx + 1) % every == 0
    )


def stop_after_batch(trainer: L.Trainer) -> None:
    """End iteration-based training after this batch, and the validation that is due after it."""
    trainer.should_stop = True
    if (trainer.fit_loop.total_batch_idx + 1) % (trainer.val_check_batch or NEVER):
        # a Trainer that is told to stop validates once more, unless no epoch may be
        trainer.check_val_every_n_epoch = NEVER


def find_validation(trainer: L.Trainer) -> Validation | None:
    """Return what decides when a trainer validates."""
    return next((c for c in trainer.callbacks if isinstance(c, Validation)), None)  # type: ignore[attr-defined]

"""Announces to the callbacks the points of mm that Lightning does not have."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import lightning as L
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.trainer.states import TrainerFn

from mmlight.callbacks.validation import Validation, is_by_epoch, stop_after_batch
from mmlight.hooks.order import format_order

Listener = Callable[..., None]
POINTS = (
    *("before_run", "before_train", "before_train_epoch", "after_train_epoch", "after_train"),
    *("before_val", "before_val_epoch", "after_val_epoch", "after_val"),
    *("before_test", "before_test_epoch", "after_test_epoch", "after_test", "after_run"),
    *(
        "between_epochs",
        "before_loss_epoch",
        "before_loss_iter",
        "after_loss_iter",
        "after_loss_epoch",
    ),
)
"""Methods of callbacks that are called with the trainer and the module, if they are there.

Those with 'loss' belong to a validation that computes losses, of a `workflow` of 0.x, and
`between_epochs` is where that begins.
"""

_logger = logging.getLogger("mmlight")


@dataclass
class Place:
    """Where a run is, in mm's numbers.

    Args:
        epoch: Epochs that are done; 0 in an iteration-based run of 1.x, passes over the data in one
            of 0.x.
        iter: Batches of training that are done.
        inner_iter: Index of the current batch in its epoch.
        mode: 'train', 'val' or 'test'.
    """

    epoch: int = 0
    iter: int = 0
    inner_iter: int = 0
    mode: str = "train"


class Announcer(Callback):
    """Calls the methods named in `POINTS` of all callbacks, in their order; must be the last one.

    What mm does after an epoch comes before the validation of that epoch, and all hooks meet a
    point before any meets the next; Lightning has no such moments. Points of single batches need no
    announcement, they are Lightning's `on_train_batch_start` and its kin.

    In 0.x validation is itself what a hook does after an epoch: callbacks behind `Validation` are
    told of the end of an epoch when that is over.

    Args:
        generation: Whose points these are, '0.x' or '1.x'.
        order: Class and priority of each hook of mm, in the order in which they run, to be written
            before training.

    Attributes:
        place: Where the run is.
        by_epoch: Whether training counts epochs, not iterations.
        stops: Training is to end with this epoch, or with this iteration where they are counted;
            hooks set it.
        run: Folder and config of the run, for hooks that ask.
        module: What is trained or evaluated.
        view: The runner that hooks get; see `mmlight.hooks.runner_view.find_view`.

    From: mmcv 1.7 `EpochBasedRunner`, `IterBasedRunner`; mmengine 0.10 `EpochBasedTrainLoop`,
    `IterBasedTrainLoop`, `ValLoop`, `TestLoop`.
    """

    def __init__(
        self,
        generation: Literal["0.x", "1.x"] = "1.x",
        order: Sequence[tuple[str, int]] = (),
    ) -> None:
        self.generation = generation
        self.order = [(name, priority) for name, priority in order]
        self.place = Place()
        self.stops = False
        self.by_epoch = True
        self.run: dict[str, str] = {}
        self.view: Any = None
        self.module: L.LightningModule | None = None
        self._listeners: dict[str, list[tuple[int, Listener]]] = {}
        self._late = 0  # callbacks from here on hear of an epoch's end after its validation
        self._has_begun = False
        self._is_in_epoch = False
        self._last_epoch = 0

    def announce(self, point: str, *args: Any, first: int = 0, last: int | None = None) -> None:
        """Call the method of this name of all callbacks, or of those in places first to last."""
        for place, listener in self._listeners.get(point, ()):
            if place >= first and (last is None or place < last):
                listener(*args)

    # ---------------------------------------------------------------- once in a run

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Find who listens, and begin the run."""
        self.begin(trainer, pl_module)

    def begin(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Announce `before_run`, once in a run; in 0.x a run begins when it knows where it is."""
        if self._has_begun:
            return
        self._has_begun, self.module = True, pl_module
        callbacks: list[Any] = trainer.callbacks  # type: ignore[attr-defined]
        for point in POINTS:
            found = [(i, getattr(c, point, None)) for i, c in enumerate(callbacks)]
            self._listeners[point] = [(i, method) for i, method in found if callable(method)]
        places = (i for i, callback in enumerate(callbacks) if isinstance(callback, Validation))
        self._late = next(places, len(callbacks)) if self.generation == "0.x" else len(callbacks)
        self.place, self.stops = Place(), False
        if self.generation == "1.x":
            self.announce("before_run", trainer, pl_module)

    def on_fit_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Write the order of the hooks."""
        if self.order and trainer.is_global_zero:
            callbacks = trainer.callbacks  # type: ignore[attr-defined]
            table = format_order(self.order, callbacks, self.generation)
            _logger.info("Hooks will be executed in the following order:\n%s", table)

    def _end_run(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self.announce("after_run", trainer, pl_module)
        self._has_begun = False

    def on_fit_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """End the run."""
        self._end_run(trainer, pl_module)

    def on_exception(
        self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException
    ) -> None:
        """Let the next run begin anew."""
        self._has_begun = False

    # ---------------------------------------------------------------- training

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Announce the training; a run that is resumed inside an epoch is in that epoch at once."""
        self.by_epoch = is_by_epoch(trainer)
        loop = trainer.fit_loop
        self.place.iter = loop.total_batch_idx + 1
        self._count_epoch(trainer)
        if self.generation == "0.x":
            self.announce("before_run", trainer, pl_module)
        self.announce("before_train", trainer, pl_module)
        is_within = loop.restarted_mid_epoch or loop.restarted_on_epoch_end
        is_over = loop.epoch_loop.batch_progress.is_last_batch  # saved during its validation
        if not self.by_epoch or (is_within and not is_over):
            self._begin_epoch(trainer, pl_module)

    def _count_epoch(self, trainer: L.Trainer) -> None:
        counts = self.by_epoch or self.generation == "0.x"
        self.place.epoch = trainer.current_epoch if counts else 0

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Announce the epoch; iteration-based training is one, whatever its passes."""
        if self.by_epoch:
            self._count_epoch(trainer)
            self._begin_epoch(trainer, pl_module)

    def _begin_epoch(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._is_in_epoch = True
        self.place.mode = "train"
        self.announce("before_train_epoch", trainer, pl_module)

    def on_train_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Count the batch, and announce the end of the epoch if it was the last one."""
        self.place.iter += 1
        if not self.by_epoch:
            self._end_iteration(trainer)
        elif trainer.is_last_batch or batch_idx + 1 >= trainer.num_training_batches:
            self._end_epoch(trainer, pl_module)

    def _end_iteration(self, trainer: L.Trainer) -> None:
        if self.stops:
            stop_after_batch(trainer)
        if self.generation == "0.x":  # which asks for the number of passes before it gets a batch
            self._last_epoch, self.place.epoch = self.place.epoch, trainer.current_epoch

    def _end_epoch(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._is_in_epoch = False
        self.announce("after_train_epoch", trainer, pl_module, last=self._late)
        self.place.epoch += self.generation == "1.x"

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Announce the end of the epoch to those who wait for its validation."""
        if self.by_epoch:
            if self._is_in_epoch:  # it was broken off
                self._end_epoch(trainer, pl_module)
            self.announce("after_train_epoch", trainer, pl_module, first=self._late)
            self.place.epoch = trainer.current_epoch + 1
            self.announce("between_epochs", trainer, pl_module)
        if self.stops:
            trainer.should_stop = True

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Announce the end of training."""
        if not self.by_epoch:
            self.place.epoch = self._last_epoch
            self.announce("after_train_epoch", trainer, pl_module)
        self.announce("after_train", trainer, pl_module)

    # ---------------------------------------------------------------- validation and test

    def on_validation_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Announce the validation."""
        self._begin_evaluation(trainer, pl_module, "val")

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Announce the results of the validation."""
        self._end_evaluation(trainer, pl_module, "val")
        if trainer.state.fn == TrainerFn.VALIDATING:
            self._end_run(trainer, pl_module)
        elif self.stops and not self.by_epoch:
            trainer.should_stop = True

    def on_test_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Announce the test."""
        self._begin_evaluation(trainer, pl_module, "test")

    def on_test_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Announce the results of the test."""
        self._end_evaluation(trainer, pl_module, "test")
        self._end_run(trainer, pl_module)

    def _begin_evaluation(self, trainer: L.Trainer, pl_module: Any, mode: str) -> None:
        if trainer.sanity_checking:
            return
        self.place.mode = mode
        self.announce(f"before_{mode}", trainer, pl_module)
        self.announce(f"before_{mode}_epoch", trainer, pl_module)

    def _end_evaluation(self, trainer: L.Trainer, pl_module: Any, mode: str) -> None:
        if trainer.sanity_checking:
            return
        self.announce(f"after_{mode}_epoch", trainer, pl_module)
        self.announce(f"after_{mode}", trainer, pl_module)
        self.place.mode = "train"


def find_announcer(trainer: L.Trainer) -> Announcer | None:
    """Return the announcer among the callbacks of a trainer."""
    return next((c for c in trainer.callbacks if isinstance(c, Announcer)), None)  # type: ignore[attr-defined]


def require_announcer(trainer: L.Trainer) -> Announcer:
    """Return the announcer among the callbacks of a trainer.

    Raises:
        ValueError: If there is none.
    """
    announcer = find_announcer(trainer)
    if announcer is None:
        raise ValueError("callbacks must hold an Announcer for the points of mm, got none")
    return announcer

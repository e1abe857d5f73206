"""Drives mm schedules from Lightning's events."""

import math
from collections.abc import Sequence
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from mmlight.optim.driver import ScheduleDriver
from mmlight.optim.schedule import RunLength, Schedule


class ParamSchedule(Callback):
    """Change options of the optimizer at each batch and epoch, exactly when mm does.

    It counts batches, not optimizer steps, so it holds under gradient accumulation. What mm does
    after an epoch happens here after the last batch of the epoch, and so before validation. A run
    with `max_epochs=-1` is iteration-based: epochs play no part in it.

    The optimizer's state carries the values, the state of this callback the counters; both are in
    every checkpoint that Lightning can resume from.

    Args:
        schedules: They act in this order on the same groups.
        max_epochs: Length of the run [epochs]; None to ask the trainer.
        max_iters: Length of the run [batches]; None to ask the trainer: epochs times batches per
            epoch, or `max_steps * accumulate_grad_batches`.

    Attributes:
        driver: Moves the schedules; None before training.

    From: mmcv 1.7 `LrUpdaterHook`, `MomentumUpdaterHook`; mmengine 0.10 `ParamSchedulerHook`.
    """

    def __init__(
        self,
        schedules: Sequence[Schedule],
        max_epochs: int | None = None,
        max_iters: int | None = None,
    ) -> None:
        self.schedules = list(schedules)
        self.max_epochs = max_epochs
        self.max_iters = max_iters
        self.driver: ScheduleDriver | None = None
        self._resumed: dict[str, int] | None = None

    @property
    def state_key(self) -> str:
        """Name of the state in a checkpoint; differs for a rate and a momentum callback."""
        names = sorted({schedule.param_name for schedule in self.schedules})
        return self._generate_state_key(param_names=names)

    def state_dict(self) -> dict[str, Any]:
        """Return the counters."""
        return {} if self.driver is None else self.driver.state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Keep the counters until training starts."""
        self._resumed = state_dict or None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Bind the schedules, and start or resume."""
        del pl_module
        if len(trainer.optimizers) != 1:
            raise ValueError(f"schedules need exactly one optimizer, got {len(trainer.optimizers)}")
        run = measure_run(trainer, max_epochs=self.max_epochs, max_iters=self.max_iters)
        self.driver = ScheduleDriver(trainer.optimizers[0], self.schedules, run)
        if self._resumed is None:
            self.driver.start()
        else:
            self.driver.load_state_dict(self._resumed)
            self._resumed = None

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Set what holds for the epoch."""
        del trainer, pl_module
        assert self.driver is not None
        self.driver.before_epoch()

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Set what holds for the batch."""
        del trainer, pl_module, batch, batch_idx
        assert self.driver is not None
        self.driver.before_iteration()

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Take the steps that follow a batch, and an epoch if this was its last batch."""
        del pl_module, outputs, batch
        assert self.driver is not None
        self.driver.after_iteration()
        if trainer.is_last_batch or batch_idx + 1 >= trainer.num_training_batches:
            self.driver.after_epoch()


def measure_run(
    trainer: Trainer, *, max_epochs: int | None = None, max_iters: int | None = None
) -> RunLength:
    """Return how long a trainer will train, in mm's sense.

    Args:
        trainer: In training, so that it knows its loader.
        max_epochs: Wins over the trainer's.
        max_iters: Wins over what follows from the trainer's epochs or steps.
    """
    batches = trainer.num_training_batches
    epoch_length = None if math.isinf(batches) else int(batches)
    if max_epochs is None and trainer.max_epochs not in (None, -1):
        max_epochs = trainer.max_epochs
    if max_epochs is None:
        if max_iters is None and trainer.max_steps > 0:
            max_iters = trainer.max_steps * trainer.accumulate_grad_batches
        return RunLength.of_iterations(max_iters, epoch_length)
    if max_iters is None and epoch_length is not None:
        max_iters = max_epochs * epoch_length
    return RunLength(epoch_length, max_epochs, max_iters)

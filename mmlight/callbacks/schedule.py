"""Drives mm schedules from Lightning's events."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.trainer.states import TrainerFn

from mmlight.callbacks.validation import count_epoch_batches
from mmlight.errors import ConfigError
from mmlight.hooks.runner_view import find_view
from mmlight.optim.driver import ScheduleDriver
from mmlight.optim.schedule import RunLength, Schedule


class ParamSchedule(Callback):
    """Change options of the optimizer at each batch and epoch, exactly when mm does.

    It counts batches, not optimizer steps, so it holds under gradient accumulation. What mm does
    after an epoch happens here after the last batch of the epoch, and so before validation. A run
    with `max_epochs=-1` is iteration-based: epochs play no part in it.

    The optimizer's state carries the values, the state of this callback the counters and what the
    schedules remember of validations; both are in every checkpoint that Lightning can resume from.

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
        self._resumed: dict[str, Any] | None = None
        acts_before = any(_overrides(schedule, "before_iteration") for schedule in self.schedules)
        self.idle_hooks = () if acts_before else ("on_train_batch_start",)

    @property
    def state_key(self) -> str:
        """Name of the state in a checkpoint; differs for a rate, a momentum and a user's hook."""
        names = {schedule.param_name for schedule in self.schedules}
        own = {
            type(schedule.hook).__name__ for schedule in self.schedules if hasattr(schedule, "hook")
        }
        return self._generate_state_key(param_names=sorted(names | own))

    def state_dict(self) -> dict[str, Any]:
        """Return the counters, the states of the schedules, and the base settings."""
        if self.driver is None:
            return {}
        state, base = self.driver.state_dict(), _find_base(self.driver)
        if base is not None:
            state["base"] = {key: value for key, value in base.items() if key != "params"}
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Keep the state until training starts."""
        self._resumed = state_dict or None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Bind the schedules, and start or resume."""
        del pl_module
        if len(trainer.optimizers) != 1:
            raise ValueError(f"schedules need exactly one optimizer, got {len(trainer.optimizers)}")
        run = measure_run(trainer, max_epochs=self.max_epochs, max_iters=self.max_iters)
        view = find_view(trainer)
        is_old = view.announcer.generation == "0.x"  # which has no base settings
        with _blaming_the_config():
            optimizer = view.optimizer if is_old else view.optim_wrapper
            self.driver = ScheduleDriver(optimizer, self.schedules, run, view)
            self._begin(trainer, self.driver)

    def _begin(self, trainer: Trainer, driver: ScheduleDriver) -> None:
        resumed = self._resumed or _read_counters(trainer, driver.run)
        self._resumed = None
        if resumed is None:
            driver.start()
            return
        base = _find_base(driver)
        if base is not None:
            base.update(resumed.get("base", {}))
        driver.load_state_dict(resumed)
        while driver.epoch < trainer.current_epoch and driver.run.by_epoch:
            driver.after_epoch()  # saved before the end of the epoch was announced
            driver.before_epoch()

    def before_train_epoch(self, trainer: Trainer, pl_module: LightningModule) -> None:
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
        """Take the steps that follow a batch."""
        del trainer, pl_module, outputs, batch, batch_idx
        assert self.driver is not None
        self.driver.after_iteration()

    def after_train_epoch(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take the steps that follow an epoch."""
        del trainer, pl_module
        assert self.driver is not None
        self.driver.after_epoch()

    def after_val_epoch(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Let the schedules see the results of a validation during training."""
        del pl_module
        if trainer.state.fn == TrainerFn.FITTING:
            assert self.driver is not None
            with _blaming_the_config():
                self.driver.after_validation(trainer.callback_metrics)


def _find_base(driver: ScheduleDriver) -> dict[str, Any] | None:
    """Return the settings that 1.x has beside several groups, see `OptimWrapper`."""
    return getattr(driver.optimizer, "base_param_settings", None)


def _overrides(schedule: Schedule, event: str) -> bool:
    return getattr(type(schedule), event) is not getattr(Schedule, event)


@contextmanager
def _blaming_the_config() -> Iterator[None]:
    """Tell of a schedule that does not fit the run as of any other problem of the config."""
    try:
        yield
    except ValueError as error:
        raise ConfigError(
            "param_scheduler", str(error), next_step="Correct the schedule; see 'mmlight lr'."
        ) from error


def _read_counters(trainer: Trainer, run: RunLength) -> dict[str, Any] | None:
    """Return where a run is that was resumed with other schedules; None for a new one."""
    done = trainer.fit_loop.total_batch_idx + 1
    epoch = trainer.current_epoch if run.by_epoch else 0
    return {"iteration": done, "epoch": epoch} if done else None


def measure_run(
    trainer: Trainer, *, max_epochs: int | None = None, max_iters: int | None = None
) -> RunLength:
    """Return how long a trainer will train, in mm's sense.

    Args:
        trainer: In training, so that it knows its loader.
        max_epochs: Wins over the trainer's.
        max_iters: Wins over what follows from the trainer's epochs or steps.
    """
    epoch_length = count_epoch_batches(trainer)
    if max_epochs is None and trainer.max_epochs not in (None, -1):
        max_epochs = trainer.max_epochs
    if max_epochs is None:
        if max_iters is None and trainer.max_steps > 0:
            max_iters = trainer.max_steps * trainer.accumulate_grad_batches
        return RunLength.of_iterations(max_iters, epoch_length)
    if max_iters is None and epoch_length is not None:
        max_iters = max_epochs * epoch_length
    return RunLength(epoch_length, max_epochs, max_iters)

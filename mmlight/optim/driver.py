"""Moves bound schedules along a run: schedules and events -> options of the parameter groups.

The order of one run:

    start
    for each epoch:             (an iteration-based run has no epochs)
        before_epoch            policies by epoch set their value
        for each batch:
            before_iteration    policies set their value, warm-up included
            ...the batch...
            after_iteration     recursions by iteration take a step
        after_epoch             recursions by epoch take a step
        ...validation...
        after_validation        schedules that look at its results take a step
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, repeat
from types import SimpleNamespace
from typing import Any, Protocol

from mmlight.optim.schedule import Group, RunLength, Schedule, read_value
from mmlight.optim.stand_in import StandInRunner


class HasParamGroups(Protocol):
    """Anything with parameter groups: a torch optimizer, or a stand-in."""

    @property
    def param_groups(self) -> list[Group]:
        """The groups, whose options the schedules change in place."""
        ...


class ScheduleDriver:
    """Tells schedules what happens, and counts epochs and iterations.

    Args:
        optimizer: Whose parameter groups change.
        schedules: Unbound; they act in this order, as the config lists them.
        run: How long the run is.
        runner: Answers what users' own schedules ask besides; None outside a training.

    Attributes:
        iteration: Batches that are done.
        epoch: Epochs that are done; stays 0 in an iteration-based run.

    From: mmcv 1.7 `LrUpdaterHook`, `MomentumUpdaterHook`; mmengine 0.10 `ParamSchedulerHook`.
    """

    def __init__(
        self,
        optimizer: HasParamGroups,
        schedules: Sequence[Schedule],
        run: RunLength,
        runner: Any = None,
    ) -> None:
        self.optimizer = optimizer
        self.schedules = [schedule.bind(run) for schedule in schedules]
        self.run = run
        self.iteration = 0
        self.epoch = 0
        for schedule in self.schedules:
            schedule.attach(StandInRunner(self, runner))

    def start(self) -> None:
        """Prepare the groups of a new optimizer; a resumed run calls `load_state_dict` instead."""
        for schedule in self.schedules:
            schedule.start(self.optimizer.param_groups)

    def before_epoch(self) -> None:
        """Act before the first batch of an epoch."""
        if self.run.by_epoch:
            for schedule in self.schedules:
                schedule.before_epoch(self.optimizer.param_groups, epoch=self.epoch)

    def before_iteration(self) -> None:
        """Act before a batch."""
        groups, epoch, iteration = self.optimizer.param_groups, self.epoch, self.iteration
        for schedule in self.schedules:
            schedule.before_iteration(groups, epoch=epoch, iteration=iteration)

    def after_iteration(self) -> None:
        """Act after a batch."""
        self.iteration += 1
        groups = self.optimizer.param_groups
        for schedule in self.schedules:
            schedule.after_iteration(groups, done=self.iteration)

    def after_epoch(self) -> None:
        """Act after the last batch of an epoch and before validation."""
        if self.run.by_epoch:
            self.epoch += 1
            for schedule in self.schedules:
                schedule.after_epoch(self.optimizer.param_groups, done=self.epoch)

    def after_validation(self, metrics: Mapping[str, Any]) -> None:
        """Act after a validation with these results."""
        for schedule in self.schedules:
            schedule.after_validation(self.optimizer.param_groups, metrics, epochs=self.epoch)

    def state_dict(self) -> dict[str, Any]:
        """Return counters and states; the values, initial ones too, are in the optimizer's."""
        states = [schedule.state_dict() for schedule in self.schedules]
        return {"iteration": self.iteration, "epoch": self.epoch, "schedules": states}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue a run whose optimizer got its state back."""
        self.iteration = state["iteration"]
        self.epoch = state["epoch"]
        states: Sequence[Mapping[str, Any]] = state.get("schedules", ())
        for schedule, own in zip(self.schedules, chain(states, repeat({})), strict=False):
            schedule.note_initial(self.optimizer.param_groups)
            schedule.load_state_dict(own)
        self.before_epoch()  # Lightning announces no epoch after a checkpoint of its last batch


def simulate(
    schedules: Sequence[Schedule],
    base_lr: float,
    epochs: int,
    epoch_length: int,
    *,
    by_epoch: bool = True,
    param_name: str = "lr",
    **options: Any,
) -> list[float]:
    """Return the value that each batch of a run would see, without training.

    Args:
        schedules: Unbound schedules.
        base_lr: Initial learning rate.
        epochs: Length of the run [epochs].
        epoch_length: Batches per epoch.
        by_epoch: False for an iteration-based run of `epochs * epoch_length` batches.
        param_name: Which option to return.
        **options: Further options of the optimizer, such as `momentum`.

    Returns:
        `epochs * epoch_length` values.

    Examples:
        >>> from mmlight.optim.policies import StepPolicy
        >>> simulate([StepPolicy(step=[1], gamma=0.5)], 1.0, epochs=2, epoch_length=2)
        [1.0, 1.0, 0.5, 0.5]
    """
    if by_epoch:
        run = RunLength.of_epochs(epochs, epoch_length)
    else:
        run = RunLength.of_iterations(epochs * epoch_length, epoch_length)
    optimizer = SimpleNamespace(param_groups=[{"lr": base_lr, **options}])
    driver = ScheduleDriver(optimizer, schedules, run)
    driver.start()
    batches = walk(driver, epochs, epoch_length)
    return [read_value(optimizer.param_groups[0], param_name) for _ in batches]


def walk(driver: ScheduleDriver, epochs: int, epoch_length: int) -> Iterator[int]:
    """Lead a started driver through `epochs` epochs; yield in each batch its index in the run."""
    for _ in range(epochs):
        driver.before_epoch()
        for _ in range(epoch_length):
            driver.before_iteration()
            yield driver.iteration
            driver.after_iteration()
        driver.after_epoch()

"""The mmengine way of scheduling: the next value follows from the current one, after a step."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TypedDict

from typing_extensions import Self

from mmlight.optim.schedule import Group, RunLength, Schedule, read_value, write_value

FOREVER = 10**9
"""The `end` that mmengine writes for "never"; it is not converted into iterations."""


class Span(TypedDict, total=False):
    """The arguments that all recursions share; see `Recursion`."""

    begin: int | float
    end: int | float | None
    by_epoch: bool
    convert_to_iter_based: bool
    param_name: str


class Recursion(Schedule, ABC):
    """A rule that leads from the current value to the next one; several can act together.

    It acts in [begin, end) and counts its own steps from `begin`: a milestone of 10 in a schedule
    that begins at 5 is reached at 15. The first step is taken when training starts.

    Args:
        begin: First step [epochs, or iterations if not `by_epoch`].
        end: Step before which it stops; None for the end of the run.
        by_epoch: Step after each epoch, not after each iteration.
        convert_to_iter_based: The numbers are epochs, but step after each iteration.
        param_name: Option of the parameter groups to change: 'lr', 'momentum', 'weight_decay', ...

    From: mmengine 0.10 `_ParamScheduler`, built by a `Runner`. One difference:
    `param_name='momentum'` finds the first beta where there is no momentum, as the separate
    momentum classes do there.
    """

    def __init__(
        self,
        *,
        begin: int | float = 0,
        end: int | float | None = None,
        by_epoch: bool = True,
        convert_to_iter_based: bool = False,
        param_name: str = "lr",
    ) -> None:
        if convert_to_iter_based and not by_epoch:
            raise ValueError("convert_to_iter_based must be False when by_epoch is False, got True")
        self.begin = begin
        self.end = end
        self.by_epoch = by_epoch
        self.convert_to_iter_based = convert_to_iter_based
        self.param_name = param_name
        self.length: float = 0  # [epochs or iterations] from begin to end, known once bound

    @abstractmethod
    def get_next(self, value: float, base: float, t: int) -> float:
        """Return the value of step `t`, from 0, given the current and the initial one."""

    def stretch(self, epoch_length: int) -> None:
        """Turn the numbers of a subclass from epochs into iterations, in place."""

    def bind(self, run: RunLength) -> Self:
        """Return this recursion for a run of known length, in iterations if that is asked for."""
        bound = copy.copy(self)
        end = self.end
        if end is None:
            end = run.max_epochs if self.by_epoch else run.max_iters
        bound.end = FOREVER if end is None else end
        if self.convert_to_iter_based:
            bound._convert(run.epoch_length)
        if bound.end <= bound.begin:
            raise ValueError(
                f"end must be larger than begin, got begin={bound.begin} and end={bound.end}"
            )
        bound.length = bound.end - bound.begin
        return bound

    def _convert(self, epoch_length: int | None) -> None:
        if epoch_length is None:
            raise ValueError(
                "convert_to_iter_based must be False when epochs have no known length, got True"
            )
        self.by_epoch = self.convert_to_iter_based = False
        self.begin = int(self.begin * epoch_length)
        if self.end is not None and self.end != FOREVER:
            self.end = int(self.end * epoch_length)
        self.stretch(epoch_length)

    def start(self, groups: Sequence[Group]) -> None:
        """Note the initial values and take the first step."""
        super().start(groups)
        self._step(groups, 0)

    def after_iteration(self, groups: Sequence[Group], *, done: int) -> None:
        """Take a step, if this recursion steps by iteration."""
        if not self.by_epoch:
            self._step(groups, done)

    def after_epoch(self, groups: Sequence[Group], *, done: int) -> None:
        """Take a step, if this recursion steps by epoch."""
        if self.by_epoch:
            self._step(groups, done)

    def _step(self, groups: Sequence[Group], at: int) -> None:
        assert self.end is not None  # bound
        if not self.begin <= at < self.end:
            return
        for group in groups:
            value = read_value(group, self.param_name)
            value = self.get_next(value, group[self.initial_name], int(at - self.begin))
            write_value(group, self.param_name, value)

"""The mmcv 1.x way of scheduling: absolute values, set before an epoch or iteration."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TypedDict

from typing_extensions import Self

from mmlight.optim.curves import get_warmup_factor
from mmlight.optim.schedule import Group, RunLength, Schedule, write_value

WARMUPS = ("constant", "linear", "exp")


class Warmup(TypedDict, total=False):
    """The arguments of a warm-up; see `Policy`."""

    warmup: str | None
    warmup_iters: int
    warmup_ratio: float
    warmup_by_epoch: bool


class When(Warmup, total=False):
    """The arguments that all policies share; see `Policy`."""

    by_epoch: bool


def check_warmup(warmup: str | None, warmup_iters: int, warmup_ratio: float) -> None:
    """Raise ValueError if the arguments of a warm-up make no sense; see `Policy`."""
    if warmup is None:
        return
    if warmup not in WARMUPS:
        raise ValueError(f"warmup must be None or one of {', '.join(WARMUPS)}, got {warmup!r}")
    if warmup_iters <= 0:
        raise ValueError(f"warmup_iters must be positive, got {warmup_iters}")
    if not 0 < warmup_ratio <= 1:
        raise ValueError(f"warmup_ratio must be in (0, 1], got {warmup_ratio}")


class Policy(Schedule, ABC):
    """A value that depends on nothing but the initial value and the position in the run.

    During warm-up the regular value of that same position is multiplied. A policy by epoch does
    nothing in an iteration-based run, where no epoch begins; neither does it in mmcv.

    Args:
        by_epoch: Change the value once per epoch, not at each iteration.
        warmup: 'constant', 'linear', 'exp', or None for no warm-up.
        warmup_iters: Length of the warm-up [iterations, or epochs if `warmup_by_epoch`].
        warmup_ratio: Factor at the first iteration, in (0, 1].
        warmup_by_epoch: Count `warmup_iters` in epochs; the factor still changes at each iteration.

    From: mmcv 1.7 `LrUpdaterHook`. One difference: `warmup_by_epoch` works in an iteration-based
    run too.
    """

    needs_length = False
    """True: the policy asks how many epochs or iterations there are."""
    warmup_divides = False
    """True: warm-up starts above the regular value, not below."""

    def __init__(
        self,
        *,
        by_epoch: bool = True,
        warmup: str | None = None,
        warmup_iters: int = 0,
        warmup_ratio: float = 0.1,
        warmup_by_epoch: bool = False,
    ) -> None:
        check_warmup(warmup, warmup_iters, warmup_ratio)
        self.by_epoch = by_epoch
        self.warmup = warmup
        self.warmup_iters = warmup_iters
        self.warmup_ratio = warmup_ratio
        self.warmup_by_epoch = warmup_by_epoch
        self.length = 0  # [epochs or iterations], known once bound
        self.is_idle = False

    @abstractmethod
    def get_regular(self, base: float, position: int) -> float:
        """Return the value without warm-up at an epoch (`by_epoch`) or an iteration."""

    def get_values(self, groups: Sequence[Group], position: int) -> list[float]:
        """Return the value of each group without warm-up."""
        return [self.get_regular(group[self.initial_name], position) for group in groups]

    def get_warm_values(
        self, groups: Sequence[Group], position: int, iteration: int
    ) -> list[float]:
        """Return the value of each group at an iteration of the warm-up."""
        assert self.warmup is not None  # or there were no warm-up
        share = iteration / self.warmup_iters
        factor = get_warmup_factor(self.warmup, self.warmup_ratio, share)
        values = self.get_values(groups, position)
        return [value / factor if self.warmup_divides else value * factor for value in values]

    def bind(self, run: RunLength) -> Self:
        """Return this policy for a run of known length."""
        bound = copy.copy(self)
        bound.is_idle = self.by_epoch and not run.by_epoch
        length = run.max_epochs if self.by_epoch else run.max_iters
        if length is None and self.needs_length:
            missing = "max_epochs" if self.by_epoch else "max_iters"
            raise ValueError(f"{missing} must be known for {type(self).__name__}, got None")
        bound.length = length or 0
        if self.warmup is not None and self.warmup_by_epoch:
            if run.epoch_length is None:
                raise ValueError(
                    "warmup_by_epoch must be False when epochs have no known length, got True"
                )
            bound.warmup_iters = self.warmup_iters * run.epoch_length
            bound.warmup_by_epoch = False
        return bound

    def before_epoch(self, groups: Sequence[Group], *, epoch: int) -> None:
        """Set the regular value of the epoch."""
        if self.by_epoch:
            self._write(groups, self.get_values(groups, epoch))

    def before_iteration(self, groups: Sequence[Group], *, epoch: int, iteration: int) -> None:
        """Set the value of the iteration; by epoch, only until the warm-up is over."""
        if self.is_idle:
            return
        position = epoch if self.by_epoch else iteration
        if self.warmup is not None and iteration < self.warmup_iters:
            self._write(groups, self.get_warm_values(groups, position, iteration))
        elif not self.by_epoch or (self.warmup is not None and iteration == self.warmup_iters):
            self._write(groups, self.get_values(groups, position))

    def _write(self, groups: Sequence[Group], values: Sequence[float]) -> None:
        for group, value in zip(groups, values, strict=True):
            write_value(group, self.param_name, value)

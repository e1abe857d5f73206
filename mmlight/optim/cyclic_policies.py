"""The mmcv 1.x learning rate policies that go up as well as down.

To add a policy: see policies.py.
"""

from collections.abc import Sequence
from itertools import accumulate

from typing_extensions import Self, Unpack

from mmlight.optim.curves import Curve, move_cosine, move_linear, move_phases
from mmlight.optim.policies import AnnealingPolicy
from mmlight.optim.policy import Policy, Warmup, When
from mmlight.optim.schedule import Group, RunLength, spread

CURVES: dict[str, Curve] = {"cos": move_cosine, "linear": move_linear}


def get_curve(anneal_strategy: str) -> Curve:
    """Return the curve that a name stands for.

    Raises:
        ValueError: If the name is neither 'cos' nor 'linear'.
    """
    if anneal_strategy not in CURVES:
        raise ValueError(f"anneal_strategy must be 'cos' or 'linear', got {anneal_strategy!r}")
    return CURVES[anneal_strategy]


class CosineRestartPolicy(AnnealingPolicy):
    """Go down on half a cosine, start again from above, and so on.

    Args:
        periods: Length of each cosine [epochs or iterations]; together they must cover the run.
        restart_weights: Weight of each cosine's start; one per period.
        min_lr: See `AnnealingPolicy`.
        min_lr_ratio: See `AnnealingPolicy`.
        **when: See `Policy`.

    From: mmcv 1.7 `CosineRestartLrUpdaterHook`; periods that are too short are found before
    training, not during it.
    """

    def __init__(
        self,
        periods: list[int],
        restart_weights: list[float] | None = None,
        min_lr: float | None = None,
        min_lr_ratio: float | None = None,
        **when: Unpack[When],
    ) -> None:
        super().__init__(min_lr, min_lr_ratio, **when)
        weights = [1.0] if restart_weights is None else restart_weights
        if len(periods) != len(weights):
            raise ValueError(
                f"restart_weights must have one entry per period, got {weights} for {periods}"
            )
        self.periods = periods
        self.restart_weights = weights

    def bind(self, run: RunLength) -> Self:
        """Return this policy for a run of known length."""
        bound = super().bind(run)
        if sum(self.periods) < bound.length:
            raise ValueError(f"periods must cover the run of {bound.length}, got {self.periods}")
        return bound

    def get_regular(self, base: float, position: int) -> float:
        """Return the value without warm-up."""
        ends = list(accumulate(self.periods))
        index = next(index for index, end in enumerate(ends) if position < end)
        share = (position - ends[index] + self.periods[index]) / self.periods[index]
        return move_cosine(base, self.get_target(base), share, self.restart_weights[index])


class CyclicPolicy(Policy):
    """Go up to a high rate and down to a low one, several times in the run.

    Args:
        by_epoch: Must be False: a cycle moves at each iteration.
        target_ratio: Highest and lowest rate relative to the initial one; alone, the first stands
            for itself and a hundred-thousandth of itself.
        cyclic_times: Number of cycles in the run.
        step_ratio_up: Part of a cycle that goes up, in [0, 1).
        anneal_strategy: 'cos' or 'linear'.
        gamma: By what the height shrinks from cycle to cycle, in (0, 1].
        **when: The warm-up arguments of `Policy`.

    From: mmcv 1.7 `CyclicLrUpdaterHook`.
    """

    needs_length = True

    def __init__(
        self,
        *,
        by_epoch: bool = False,
        target_ratio: float | tuple[float] | tuple[float, float] = (10, 1e-4),
        cyclic_times: int = 1,
        step_ratio_up: float = 0.4,
        anneal_strategy: str = "cos",
        gamma: float = 1,
        **warmup: Unpack[Warmup],
    ) -> None:
        _check_by_iteration(by_epoch)
        super().__init__(by_epoch=False, **warmup)
        if not 0 <= step_ratio_up < 1:
            raise ValueError(f"step_ratio_up must be in [0, 1), got {step_ratio_up}")
        if cyclic_times <= 0:
            raise ValueError(f"cyclic_times must be positive, got {cyclic_times}")
        if not 0 < gamma <= 1:
            raise ValueError(f"gamma must be in (0, 1], got {gamma}")
        ratios = (target_ratio,) if isinstance(target_ratio, int | float) else tuple(target_ratio)
        if len(ratios) not in (1, 2):
            raise ValueError(f"target_ratio must be one or two numbers, got {target_ratio}")
        self.target_ratio = (ratios[0], ratios[0] / 1e5) if len(ratios) == 1 else ratios
        self.cyclic_times = cyclic_times
        self.step_ratio_up = step_ratio_up
        self.curve = get_curve(anneal_strategy)
        self.gamma = gamma

    def bind(self, run: RunLength) -> Self:
        """Return this policy for a run of known length."""
        bound = super().bind(run)
        if bound.length < self.cyclic_times:
            raise ValueError(
                f"cyclic_times must be at most {bound.length}, the iterations of the run,"
                f" got {self.cyclic_times}"
            )
        return bound

    def get_regular(self, base: float, position: int) -> float:
        """Return the value without warm-up."""
        cycle_length = self.length // self.cyclic_times
        turn = int(self.step_ratio_up * cycle_length)
        cycle, at = divmod(position, cycle_length)
        scale = self.gamma**cycle
        high, low = self.target_ratio
        if at < turn:
            return self.curve(base * 1, base * (1 - scale + high * scale), at / turn)
        if turn > 0:
            high = 1 - scale + high * scale
        else:  # without a way up, the original shrinks the end of the way down instead
            low = 1 - scale + low * scale
        return self.curve(base * high, base * low, (at - turn) / (cycle_length - turn))


class OneCyclePolicy(Policy):
    """Go up to `max_lr` and down to a much smaller rate; the initial rate plays no part.

    Args:
        max_lr: Highest rate, for all groups or for each.
        total_steps: Length of the cycle [iterations]; None for the run's.
        pct_start: Part of the cycle that goes up, in [0, 1].
        anneal_strategy: 'cos' or 'linear'.
        div_factor: The first rate is `max_lr / div_factor`.
        final_div_factor: The last rate is the first one divided by this.
        three_phase: Go down to the first rate as fast as up, and then on to the last.
        by_epoch: Must be False: the cycle moves at each iteration.
        **warmup: The warm-up arguments of `Policy`.

    From: mmcv 1.7 `OneCycleLrUpdaterHook`.
    """

    needs_length = True

    def __init__(
        self,
        max_lr: float | list[float],
        total_steps: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        div_factor: float = 25,
        final_div_factor: float = 1e4,
        *,
        three_phase: bool = False,
        by_epoch: bool = False,
        **warmup: Unpack[Warmup],
    ) -> None:
        _check_by_iteration(by_epoch)
        super().__init__(by_epoch=False, **warmup)
        check_share("pct_start", pct_start)
        self.max_lr = max_lr
        self.total_steps = total_steps
        self.pct_start = pct_start
        self.curve = get_curve(anneal_strategy)
        self.div_factor = div_factor
        self.final_div_factor = final_div_factor
        self.three_phase = three_phase

    def bind(self, run: RunLength) -> Self:
        """Return this policy for a run of known length."""
        bound = super().bind(run)
        if self.total_steps is not None:
            if self.total_steps < bound.length:
                raise ValueError(
                    f"total_steps must be at least {bound.length}, got {self.total_steps}"
                )
            bound.length = self.total_steps
        return bound

    def get_firsts(self, groups: Sequence[Group]) -> list[float]:
        """Return the first rate of each group."""
        return [high / self.div_factor for high in spread("max_lr", self.max_lr, groups)]

    def note_initial(self, groups: Sequence[Group]) -> None:
        """Make the first rate the initial one, unless there is one already."""
        for group, first in zip(groups, self.get_firsts(groups), strict=True):
            group.setdefault(self.initial_name, first)

    def get_values(self, groups: Sequence[Group], position: int) -> list[float]:
        """Return the value of each group without warm-up."""
        return [self.get_regular(first, position) for first in self.get_firsts(groups)]

    def get_regular(self, base: float, position: int) -> float:
        """Return the value without warm-up; `base` is the first rate."""
        high, low = base * self.div_factor, base * (1 / self.final_div_factor)
        phases = one_cycle(
            base, high, low, self.length, self.pct_start, three_phase=self.three_phase
        )
        return move_phases(position, phases, self.curve)


def one_cycle(
    first: float, turn: float, last: float, length: float, pct_start: float, *, three_phase: bool
) -> list[tuple[float, float, float]]:
    """Return the phases of a cycle from `first` to `turn` to `last`, for `move_phases`."""
    end = length - 1
    if three_phase:
        return [
            (float(pct_start * length) - 1, first, turn),
            (float(2 * pct_start * length) - 2, turn, first),
            (end, first, last),
        ]
    return [(float(pct_start * length) - 1, first, turn), (end, turn, last)]


def check_share(name: str, value: float) -> None:
    """Raise ValueError unless `value` is in [0, 1]."""
    if not 0 <= value <= 1:
        raise ValueError(f"{name} must be in [0, 1], got {value}")


def _check_by_iteration(by_epoch: bool) -> None:
    if by_epoch:
        raise ValueError("by_epoch must be False for a cyclic policy, got True")

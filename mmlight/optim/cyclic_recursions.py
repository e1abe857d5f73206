"""The mmengine schedules that go up as well as down.

To add a recursion: see recursions.py.
"""

from collections.abc import Sequence
from itertools import accumulate

from typing_extensions import Self, Unpack

from mmlight.optim.curves import move_phases, scale_cosine
from mmlight.optim.cyclic_policies import check_share, get_curve, one_cycle
from mmlight.optim.recursion import Recursion, Span
from mmlight.optim.schedule import Group, RunLength, spread


class CosineRestartLR(Recursion):
    """Go down on half a cosine, start again from above, and so on; then nothing changes.

    Args:
        periods: Length of each cosine.
        restart_weights: Start of each cosine relative to the initial value; one per period.
        eta_min: The floor; exactly one of the two must be given.
        eta_min_ratio: The floor relative to the initial value of each group.
        **span: See `Recursion`.

    From: mmengine 0.10 `CosineRestartParamScheduler`.
    """

    def __init__(
        self,
        periods: list[int],
        restart_weights: Sequence[float] = (1.0,),
        eta_min: float | None = None,
        eta_min_ratio: float | None = None,
        **span: Unpack[Span],
    ) -> None:
        super().__init__(**span)
        if (eta_min is None) == (eta_min_ratio is None):
            raise ValueError(
                f"eta_min or eta_min_ratio must be None, got {eta_min} and {eta_min_ratio}"
            )
        if not periods or min(periods) <= 0:
            raise ValueError(f"periods must be positive, one or more, got {periods}")
        if len(periods) != len(restart_weights):
            raise ValueError(
                f"restart_weights must have {len(periods)} entries, got {list(restart_weights)}"
            )
        self.periods = periods
        self.restart_weights = restart_weights
        self.eta_min = eta_min
        self.eta_min_ratio = eta_min_ratio

    def stretch(self, epoch_length: int) -> None:
        """Turn the numbers from epochs into iterations."""
        self.periods = [period * epoch_length for period in self.periods]

    def get_next(self, value: float, base: float, t: int) -> float:
        """Return the value of step `t`."""
        ends = list(accumulate(self.periods))
        if t >= ends[-1]:
            return value
        index = next(index for index, end in enumerate(ends) if t < end)
        t = t - ends[index] + self.periods[index]
        if t == 0:
            return base * self.restart_weights[index]
        floor = self.eta_min if self.eta_min is not None else base * (self.eta_min_ratio or 0.0)
        return scale_cosine(t, self.periods[index]) * (value - floor) + floor


class OneCycleLR(Recursion):
    """Go up to `eta_max` and down to a much smaller value; absolute, not chainable.

    Args:
        eta_max: Highest value, for all groups or for each.
        total_steps: Length of the cycle; None for the length of the span.
        pct_start: Part of the cycle that goes up, in [0, 1].
        anneal_strategy: 'cos' or 'linear'.
        div_factor: The first value is `eta_max / div_factor`; it becomes the initial value of the
            groups.
        final_div_factor: The last value is the first one divided by this.
        three_phase: Go down to the first value as fast as up, and then on to the last.
        **span: See `Recursion`.

    From: mmengine 0.10 `OneCycleLR`; a cycle that is too short is found before training, not during
    it.
    """

    def __init__(
        self,
        eta_max: float | list[float],
        total_steps: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        **span: Unpack[Span],
    ) -> None:
        super().__init__(**span)
        check_share("pct_start", pct_start)
        self.eta_max = eta_max
        self.total_steps = total_steps
        self.pct_start = pct_start
        self.curve = get_curve(anneal_strategy)
        self.div_factor = div_factor
        self.final_div_factor = final_div_factor
        self.three_phase = three_phase

    def stretch(self, epoch_length: int) -> None:
        """Turn the numbers from epochs into iterations."""
        if self.total_steps is not None:
            self.total_steps *= epoch_length

    def bind(self, run: RunLength) -> Self:
        """Return this recursion for a run of known length."""
        bound = super().bind(run)
        if bound.total_steps is None:
            return bound
        last = run.max_epochs if bound.by_epoch else run.max_iters
        if last is not None:
            needed = min(bound.length, last - bound.begin) - 1
            if bound.total_steps < needed:
                raise ValueError(f"total_steps must be at least {needed}, got {self.total_steps}")
        bound.length = bound.total_steps
        return bound

    def note_initial(self, groups: Sequence[Group]) -> None:
        """Make the first value of the cycle the initial one."""
        for group, high in zip(groups, spread("eta_max", self.eta_max, groups), strict=True):
            group[self.initial_name] = high / self.div_factor

    def get_next(self, value: float, base: float, t: int) -> float:
        """Return the value of step `t`."""
        del value
        high, low = base * self.div_factor, base / self.final_div_factor
        phases = one_cycle(
            base, high, low, self.length, self.pct_start, three_phase=self.three_phase
        )
        return move_phases(t, phases, self.curve)

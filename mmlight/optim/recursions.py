"""The mmengine schedules: `param_scheduler = [dict(type='LinearLR', ...), ...]`.

Argument names are mmengine's. All take the keywords of `Recursion` (`begin`, `end`, `by_epoch`,
`convert_to_iter_based`, `param_name`) too. With another `param_name` each class stands for the
`*Momentum` and `*ParamScheduler` class of the same rule. Numbers are epochs or iterations, as
`by_epoch` says.

To add a recursion: 1. subclass `Recursion`; 2. give `get_next`; 3. give `stretch` if it has numbers
of epochs; 4. compare it with the original in tests/reference/test_rates.py.
"""

from collections import Counter
from collections.abc import Sequence

from typing_extensions import Self, Unpack

from mmlight.optim.curves import next_cosine, next_linear, next_poly
from mmlight.optim.recursion import FOREVER, Recursion, Span
from mmlight.optim.schedule import RunLength


class ConstantLR(Recursion):
    """Multiply the value by `factor`, and divide it again at the last step.

    Args:
        factor: In (0, 1].
        **span: See `Recursion`.

    From: mmengine 0.10 `ConstantParamScheduler`.
    """

    def __init__(self, factor: float = 1 / 3, **span: Unpack[Span]) -> None:
        super().__init__(**span)
        _check_factor("factor", factor, is_zero_allowed=False)
        self.factor = factor

    def get_next(self, value: float, base: float, t: int) -> float:
        """Return the value of step `t`."""
        del base
        if t == 0:
            return value * self.factor
        return value * (1.0 / self.factor) if t == self.length - 1 else value


class LinearLR(Recursion):
    """Multiply the value by a factor that goes from `start_factor` to `end_factor` on a line.

    Args:
        start_factor: Factor at the first step, in (0, 1].
        end_factor: Factor at the last step, in [0, 1].
        **span: See `Recursion`.

    From: mmengine 0.10 `LinearParamScheduler`; it takes a `start_factor` of 0 too and then divides
    by zero.
    """

    def __init__(
        self, start_factor: float = 1 / 3, end_factor: float = 1.0, **span: Unpack[Span]
    ) -> None:
        super().__init__(**span)
        _check_factor("start_factor", start_factor, is_zero_allowed=False)
        _check_factor("end_factor", end_factor, is_zero_allowed=True)
        self.start_factor = start_factor
        self.end_factor = end_factor

    def get_next(self, value: float, base: float, t: int) -> float:
        """Return the value of step `t`."""
        del base
        if t == 0:
            return value * self.start_factor
        start, end = self.start_factor, self.end_factor
        return next_linear(value, start=start, end=end, t=t, length=self.length - 1)


class StepLR(Recursion):
    """Multiply the value by `gamma` every `step_size` steps.

    Args:
        step_size: Distance of two decays.
        gamma: Factor of one decay.
        **span: See `Recursion`.

    From: mmengine 0.10 `StepParamScheduler`.
    """

    def __init__(self, step_size: int, gamma: float = 0.1, **span: Unpack[Span]) -> None:
        super().__init__(**span)
        if step_size <= 0:
            raise ValueError(f"step_size must be positive, got {step_size}")
        self.step_size = step_size
        self.gamma = gamma

    def stretch(self, epoch_length: int) -> None:
        """Turn the numbers from epochs into iterations."""
        self.step_size = self.step_size * epoch_length

    def get_next(self, value: float, base: float, t: int) -> float:
        """Return the value of step `t`."""
        del base
        return value if t == 0 or t % self.step_size else value * self.gamma


class MultiStepLR(Recursion):
    """Multiply the value by `gamma` at each milestone, once more where one is listed twice.

    Args:
        milestones: Steps to decay at, counted from `begin`.
        gamma: Factor of one decay.
        **span: See `Recursion`.

    From: mmengine 0.10 `MultiStepParamScheduler`.
    """

    def __init__(self, milestones: Sequence[int], gamma: float = 0.1, **span: Unpack[Span]) -> None:
        super().__init__(**span)
        self.milestones = Counter(milestones)  # as mmengine keeps them, for users' classes
        self.gamma = gamma

    def stretch(self, epoch_length: int) -> None:
        """Turn the numbers from epochs into iterations."""
        times = self.milestones.items()
        self.milestones = Counter({at * epoch_length: count for at, count in times})

    def get_next(self, value: float, base: float, t: int) -> float:
        """Return the value of step `t`."""
        del base
        return float(value * self.gamma ** self.milestones[t])


class ExponentialLR(Recursion):
    """Multiply the value by `gamma` at each step but the first.

    Args:
        gamma: Factor of one step; it is not converted by `convert_to_iter_based`.
        **span: See `Recursion`.

    From: mmengine 0.10 `ExponentialParamScheduler`.
    """

    def __init__(self, gamma: float, **span: Unpack[Span]) -> None:
        super().__init__(**span)
        self.gamma = gamma

    def get_next(self, value: float, base: float, t: int) -> float:
        """Return the value of step `t`."""
        del base
        return value if t == 0 else value * self.gamma


class PolyLR(Recursion):
    """Let the value fall to `eta_min` as a power of the part of the span that is left.

    Args:
        eta_min: Value at the last step.
        power: Exponent; 1 for a line.
        **span: See `Recursion`.

    From: mmengine 0.10 `PolyParamScheduler`.
    """

    def __init__(self, eta_min: float = 0.0, power: float = 1.0, **span: Unpack[Span]) -> None:
        super().__init__(**span)
        self.eta_min = eta_min
        self.power = power

    def get_next(self, value: float, base: float, t: int) -> float:
        """Return the value of step `t`."""
        del base
        if t == 0:
            return value
        return next_poly(value, floor=self.eta_min, power=self.power, t=t, length=self.length - 1)


class CosineAnnealingLR(Recursion):
    """Go to a floor on half a cosine of length `T_max`, and back up if the span is longer.

    Args:
        T_max: Steps from top to floor; None for the length of the span.
        eta_min: The floor; 0 where neither it nor the ratio is given.
        eta_min_ratio: The floor relative to the initial value of each group.
        **span: See `Recursion`.

    From: mmengine 0.10 `CosineAnnealingParamScheduler`.
    """

    def __init__(
        self,
        T_max: int | None = None,  # noqa: N803 - the config's word
        eta_min: float | None = None,
        eta_min_ratio: float | None = None,
        **span: Unpack[Span],
    ) -> None:
        super().__init__(**span)
        if eta_min is not None and eta_min_ratio is not None:
            raise ValueError(
                f"eta_min or eta_min_ratio must be None, got {eta_min} and {eta_min_ratio}"
            )
        self.T_max: float | None = T_max
        self.eta_min = 0.0 if eta_min is None else eta_min
        self.eta_min_ratio = eta_min_ratio

    def stretch(self, epoch_length: int) -> None:
        """Turn the numbers from epochs into iterations."""
        if self.T_max is not None:
            self.T_max *= epoch_length

    def bind(self, run: RunLength) -> Self:
        """Return this recursion for a run of known length."""
        bound = super().bind(run)
        bound.T_max = bound.T_max or bound.length
        return bound

    def get_next(self, value: float, base: float, t: int) -> float:
        """Return the value of step `t`."""
        if t == 0:
            return value
        floor = self.eta_min if self.eta_min_ratio is None else base * self.eta_min_ratio
        assert self.T_max is not None  # bound
        return next_cosine(value, start=base, floor=floor, t=t, period=self.T_max)


class CosineAnnealingWeightDecay(CosineAnnealingLR):
    """Let the weight decay follow a cosine; where it is 0 in the beginning, it stays 0.

    Args:
        T_max: Steps from top to floor; None for the length of the span.
        eta_min: The floor; 0 where neither it nor the ratio is given.
        eta_min_ratio: The floor relative to the initial value of each group.
        **span: See `Recursion`.

    From: mmpretrain 1.2 `CosineAnnealingWeightDecay`.
    """

    def get_next(self, value: float, base: float, t: int) -> float:
        """Return the value of step `t`."""
        return 0.0 if t > 0 and base == 0 else super().get_next(value, base, t)


class QuadraticWarmupLR(Recursion):
    """Go from 0 to the initial value along a parabola; the end must be given.

    Args:
        **span: See `Recursion`.

    From: MMDetection 3.x `QuadraticWarmupParamScheduler`.
    """

    def __init__(self, **span: Unpack[Span]) -> None:
        super().__init__(**span)
        if self.end is not None and self.end >= FOREVER:
            raise ValueError(f"end must say when the warm-up is over, got {self.end}")

    def get_next(self, value: float, base: float, t: int) -> float:
        """Return the value of step `t`."""
        step = base * (2 * t + 1) / self.length**2
        return step if t == 0 else value + step


def _check_factor(name: str, value: float, *, is_zero_allowed: bool) -> None:
    if not (0 <= value <= 1 and (value > 0 or is_zero_allowed)):
        raise ValueError(f"{name} must be in {'[' if is_zero_allowed else '('}0, 1], got {value}")

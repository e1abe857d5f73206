"""The mmcv 1.x learning rate policies that run once from the initial rate down.

Argument names are mmcv's. All take the keywords of `Policy` (`by_epoch`, `warmup`, ...) too. A
position is an epoch (`by_epoch`) or an iteration, from 0; a length is their number in the run.

To add a policy: 1. subclass `Policy`; 2. give `get_regular`; 3. set `needs_length` if it reads
`self.length`; 4. compare it with the original in tests/reference/test_rates.py.
"""

from typing_extensions import Self, Unpack

from mmlight.optim.curves import count_steps, move_cosine, move_linear
from mmlight.optim.policy import Policy, When
from mmlight.optim.schedule import RunLength


class FixedPolicy(Policy):
    """Keep the initial rate.

    From: mmcv 1.7 `FixedLrUpdaterHook`.
    """

    def get_regular(self, base: float, position: int) -> float:
        """Return the value without warm-up."""
        del position
        return base


class StepPolicy(Policy):
    """Multiply the rate by `gamma` every so often.

    Args:
        step: Decay every `step` positions, or at each of the listed positions; all positive.
        gamma: Factor of one decay.
        min_lr: Lower bound of the rate; None for none.
        **when: See `Policy`.

    From: mmcv 1.7 `StepLrUpdaterHook`.
    """

    def __init__(
        self,
        step: int | list[int],
        gamma: float = 0.1,
        min_lr: float | None = None,
        **when: Unpack[When],
    ) -> None:
        super().__init__(**when)
        if any(at <= 0 for at in ([step] if isinstance(step, int) else step)):
            raise ValueError(f"step must be positive, got {step}")
        self.step = step
        self.gamma = gamma
        self.min_lr = min_lr

    def get_regular(self, base: float, position: int) -> float:
        """Return the value without warm-up."""
        value = float(base * self.gamma ** count_steps(position, self.step))
        return value if self.min_lr is None else max(value, self.min_lr)


class ExpPolicy(Policy):
    """Multiply the rate by `gamma` at each position.

    Args:
        gamma: Factor of one position.
        **when: See `Policy`.

    From: mmcv 1.7 `ExpLrUpdaterHook`.
    """

    def __init__(self, gamma: float, **when: Unpack[When]) -> None:
        super().__init__(**when)
        self.gamma = gamma

    def get_regular(self, base: float, position: int) -> float:
        """Return the value without warm-up."""
        return float(base * self.gamma**position)


class PolyPolicy(Policy):
    """Let the rate fall to `min_lr` as a power of the part of the run that is left.

    Args:
        power: Exponent; 1 for a line.
        min_lr: Rate at the end of the run.
        **when: See `Policy`.

    From: mmcv 1.7 `PolyLrUpdaterHook`.
    """

    needs_length = True

    def __init__(self, power: float = 1.0, min_lr: float = 0.0, **when: Unpack[When]) -> None:
        super().__init__(**when)
        self.power = power
        self.min_lr = min_lr

    def get_regular(self, base: float, position: int) -> float:
        """Return the value without warm-up."""
        left = (1 - position / self.length) ** self.power
        return float((base - self.min_lr) * left + self.min_lr)


class InvPolicy(Policy):
    """Divide the rate by `(1 + gamma * position) ** power`.

    Args:
        gamma: How fast the divisor grows.
        power: Exponent of the divisor.
        **when: See `Policy`.

    From: mmcv 1.7 `InvLrUpdaterHook`.
    """

    def __init__(self, gamma: float, power: float = 1.0, **when: Unpack[When]) -> None:
        super().__init__(**when)
        self.gamma = gamma
        self.power = power

    def get_regular(self, base: float, position: int) -> float:
        """Return the value without warm-up."""
        return float(base * (1 + self.gamma * position) ** (-self.power))


class AnnealingPolicy(Policy):
    """A policy with a target: `min_lr`, or `min_lr_ratio` times the initial rate.

    Args:
        min_lr: The target; exactly one of the two must be given.
        min_lr_ratio: The target relative to the initial rate of each group.
        **when: See `Policy`.
    """

    needs_length = True

    def __init__(
        self,
        min_lr: float | None = None,
        min_lr_ratio: float | None = None,
        **when: Unpack[When],
    ) -> None:
        super().__init__(**when)
        if (min_lr is None) == (min_lr_ratio is None):
            raise ValueError(
                f"min_lr or min_lr_ratio must be None, got {min_lr} and {min_lr_ratio}"
            )
        self.min_lr = min_lr
        self.min_lr_ratio = min_lr_ratio

    def get_target(self, base: float) -> float:
        """Return the target for an initial rate."""
        if self.min_lr is not None:
            return self.min_lr
        assert self.min_lr_ratio is not None  # the constructor sees to it
        return base * self.min_lr_ratio


class LinearAnnealingPolicy(AnnealingPolicy):
    """Go from the initial rate to the target on a line over the whole run.

    From: mmcv 1.7 `LinearAnnealingLrUpdaterHook`.
    """

    def get_regular(self, base: float, position: int) -> float:
        """Return the value without warm-up."""
        return move_linear(base, self.get_target(base), position / self.length)


class CosineAnnealingPolicy(AnnealingPolicy):
    """Go from the initial rate to the target on half a cosine over the whole run.

    From: mmcv 1.7 `CosineAnnealingLrUpdaterHook`.
    """

    def get_regular(self, base: float, position: int) -> float:
        """Return the value without warm-up."""
        return move_cosine(base, self.get_target(base), position / self.length)


class FlatCosineAnnealingPolicy(AnnealingPolicy):
    """Keep the initial rate for a part of the run, then go to the target on half a cosine.

    Args:
        start_percent: Part of the run that stays flat, in [0, 1].
        min_lr: See `AnnealingPolicy`.
        min_lr_ratio: See `AnnealingPolicy`.
        **when: See `Policy`.

    From: mmcv 1.7 `FlatCosineAnnealingLrUpdaterHook`.
    """

    def __init__(
        self,
        start_percent: float = 0.75,
        min_lr: float | None = None,
        min_lr_ratio: float | None = None,
        **when: Unpack[When],
    ) -> None:
        super().__init__(min_lr, min_lr_ratio, **when)
        if not 0 <= start_percent <= 1:
            raise ValueError(f"start_percent must be in [0, 1], got {start_percent}")
        self.start_percent = start_percent

    def get_regular(self, base: float, position: int) -> float:
        """Return the value without warm-up."""
        start = round(self.length * self.start_percent)
        if position < start:
            return base
        share = (position - start) / (self.length - start)
        return move_cosine(base, self.get_target(base), share)


class CosineAnnealingCooldownPolicy(AnnealingPolicy):
    """Reach the target of a cosine early, then stay at a fraction of it.

    Args:
        min_lr: See `AnnealingPolicy`.
        min_lr_ratio: See `AnnealingPolicy`.
        cool_down_ratio: Fraction of the target at which the rate stays in the end.
        cool_down_time: How long before the end the cosine is done [epochs or iterations].
        **when: See `Policy`.

    From: mmcls 0.25 `CosineAnnealingCooldownLrUpdaterHook`.
    """

    def __init__(
        self,
        min_lr: float | None = None,
        min_lr_ratio: float | None = None,
        cool_down_ratio: float = 0.1,
        cool_down_time: int = 10,
        **when: Unpack[When],
    ) -> None:
        super().__init__(min_lr, min_lr_ratio, **when)
        self.cool_down_ratio = cool_down_ratio
        self.cool_down_time = cool_down_time

    def bind(self, run: RunLength) -> Self:
        """Return this policy for a run of known length."""
        bound = super().bind(run)
        if bound.length == self.cool_down_time:
            raise ValueError(f"cool_down_time must leave a part of {bound.length}, got all of it")
        return bound

    def get_regular(self, base: float, position: int) -> float:
        """Return the value without warm-up."""
        target = self.get_target(base)
        length = self.length - self.cool_down_time
        if position > length:
            return target * self.cool_down_ratio
        return move_cosine(base, target, position / length)

"""The mmcv 1.x momentum policies: `momentum_config = dict(policy=...)`.

They are the learning rate policies on another option: momentum, or the first beta where there is no
momentum. Two things differ: the warm-up divides, and `warmup_ratio` is 0.9 when not given.

To add a policy: see policies.py.
"""

from collections.abc import Sequence

from typing_extensions import Unpack

from mmlight.optim.curves import move_phases
from mmlight.optim.cyclic_policies import CyclicPolicy, check_share, get_curve, one_cycle
from mmlight.optim.policies import (
    AnnealingPolicy,
    CosineAnnealingPolicy,
    LinearAnnealingPolicy,
    StepPolicy,
)
from mmlight.optim.policy import Policy, Warmup, When
from mmlight.optim.schedule import Group, spread

WARMUP_RATIO = 0.9


class StepMomentumPolicy(StepPolicy):
    """Multiply the momentum by `gamma` every so often.

    Args:
        step: Decay every `step` positions, or at each of the listed positions; all positive.
        gamma: Factor of one decay.
        min_momentum: Lower bound of the momentum; None for none.
        **when: See `Policy`.

    From: mmcv 1.7 `StepMomentumUpdaterHook`.
    """

    param_name = "momentum"
    warmup_divides = True

    def __init__(
        self,
        step: int | list[int],
        gamma: float = 0.5,
        min_momentum: float | None = None,
        **when: Unpack[When],
    ) -> None:
        when.setdefault("warmup_ratio", WARMUP_RATIO)
        super().__init__(step, gamma, min_momentum, **when)


class _MomentumAnnealing(AnnealingPolicy):
    """Go from the initial momentum to a target.

    Args:
        min_momentum: The target; exactly one of the two must be given.
        min_momentum_ratio: The target relative to the initial momentum.
        **when: See `Policy`.
    """

    param_name = "momentum"
    warmup_divides = True

    def __init__(
        self,
        min_momentum: float | None = None,
        min_momentum_ratio: float | None = None,
        **when: Unpack[When],
    ) -> None:
        when.setdefault("warmup_ratio", WARMUP_RATIO)
        super().__init__(min_momentum, min_momentum_ratio, **when)


class LinearAnnealingMomentumPolicy(_MomentumAnnealing, LinearAnnealingPolicy):
    """Go from the initial momentum to the target on a line over the whole run.

    From: mmcv 1.7 `LinearAnnealingMomentumUpdaterHook`.
    """


class CosineAnnealingMomentumPolicy(_MomentumAnnealing, CosineAnnealingPolicy):
    """Go from the initial momentum to the target on half a cosine over the whole run.

    From: mmcv 1.7 `CosineAnnealingMomentumUpdaterHook`.
    """


class CyclicMomentumPolicy(CyclicPolicy):
    """Go down to a low momentum and up to a high one, several times in the run.

    Args:
        by_epoch: Must be False: a cycle moves at each iteration.
        target_ratio: Lowest and highest momentum relative to the initial one.
        cyclic_times: Number of cycles in the run.
        step_ratio_up: Part of a cycle in which the rate goes up and the momentum down, in [0, 1).
        anneal_strategy: 'cos' or 'linear'.
        gamma: By what the depth shrinks from cycle to cycle, in (0, 1].
        **warmup: The warm-up arguments of `Policy`.

    From: mmcv 1.7 `CyclicMomentumUpdaterHook`.
    """

    param_name = "momentum"
    warmup_divides = True

    def __init__(
        self,
        *,
        by_epoch: bool = False,
        target_ratio: float | tuple[float] | tuple[float, float] = (0.85 / 0.95, 1.0),
        cyclic_times: int = 1,
        step_ratio_up: float = 0.4,
        anneal_strategy: str = "cos",
        gamma: float = 1.0,
        **warmup: Unpack[Warmup],
    ) -> None:
        warmup.setdefault("warmup_ratio", WARMUP_RATIO)
        super().__init__(
            by_epoch=by_epoch,
            target_ratio=target_ratio,
            cyclic_times=cyclic_times,
            step_ratio_up=step_ratio_up,
            anneal_strategy=anneal_strategy,
            gamma=gamma,
            **warmup,
        )


class OneCycleMomentumPolicy(Policy):
    """Go down from `max_momentum` to `base_momentum` and back. The initial momentum plays no part.

    Args:
        base_momentum: Lowest momentum, reached where the rate is highest; for all groups or for
            each.
        max_momentum: Highest momentum, at the start and at the end; likewise.
        pct_start: Part of the run that goes down, in [0, 1].
        anneal_strategy: 'cos' or 'linear'.
        three_phase: Be back at `max_momentum` as fast as down, and stay there.
        by_epoch: Must be False: the cycle moves at each iteration.
        **warmup: The warm-up arguments of `Policy`.

    From: mmcv 1.7 `OneCycleMomentumUpdaterHook`.
    """

    param_name = "momentum"
    warmup_divides = True
    needs_length = True

    def __init__(
        self,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        *,
        three_phase: bool = False,
        by_epoch: bool = False,
        **warmup: Unpack[Warmup],
    ) -> None:
        if by_epoch:
            raise ValueError("by_epoch must be False for a cyclic policy, got True")
        warmup.setdefault("warmup_ratio", WARMUP_RATIO)
        super().__init__(by_epoch=False, **warmup)
        check_share("pct_start", pct_start)
        self.base_momentum = base_momentum
        self.max_momentum = max_momentum
        self.pct_start = pct_start
        self.curve = get_curve(anneal_strategy)
        self.three_phase = three_phase

    def start(self, groups: Sequence[Group]) -> None:
        """Begin at the highest momentum."""
        super().start(groups)
        self._write(groups, spread("max_momentum", self.max_momentum, groups))

    def get_values(self, groups: Sequence[Group], position: int) -> list[float]:
        """Return the value of each group without warm-up."""
        lows = spread("base_momentum", self.base_momentum, groups)
        highs = spread("max_momentum", self.max_momentum, groups)
        return [self._follow(*pair, position) for pair in zip(lows, highs, strict=True)]

    def get_regular(self, base: float, position: int) -> float:
        """Return the value without warm-up of a group whose highest momentum is `base`."""
        (low,) = spread("base_momentum", self.base_momentum, [{}])
        return self._follow(low, base, position)

    def _follow(self, low: float, high: float, position: int) -> float:
        phases = one_cycle(
            high, low, high, self.length, self.pct_start, three_phase=self.three_phase
        )
        return move_phases(position, phases, self.curve)

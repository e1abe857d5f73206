"""The hooks of mmcv 1.x that change momenta, as users' own hooks derive from them.

A class of a user is told by `momentum_config = dict(policy='My')`, which stands for
`MyMomentumUpdaterHook`.
"""

from collections.abc import Sequence
from typing import Any

from mmlight.compat.lr_updater import PolicyHook, UpdaterHook
from mmlight.optim import momentum_policies


class MomentumUpdaterHook(UpdaterHook):
    """Set the momentum of each group before each epoch or iteration: override `get_momentum`.

    Args:
        by_epoch: Change the momentum once per epoch, not at each iteration.
        warmup: 'constant', 'linear', 'exp', or None for no warm-up.
        warmup_iters: Length of the warm-up [iterations].
        warmup_ratio: By what the first momentum is divided, in (0, 1].

    Attributes:
        base_momentum: Initial momentum of each group; known from `before_run` on.
        regular_momentum: Momentum of each group without warm-up.

    From: mmcv 1.7 `MomentumUpdaterHook`, for one optimizer.
    """

    param_name = "momentum"
    base_momentum: Sequence[float] = ()
    regular_momentum: Sequence[float] = ()

    def __init__(
        self,
        by_epoch: bool = True,
        warmup: str | None = None,
        warmup_iters: int = 0,
        warmup_ratio: float = 0.9,
    ) -> None:
        super().__init__(by_epoch, warmup, warmup_iters, warmup_ratio)

    def get_momentum(self, runner: Any, base_momentum: float) -> float:
        """Return the momentum of a group whose initial one is `base_momentum`."""
        raise NotImplementedError

    def get_regular_momentum(self, runner: Any) -> list[float]:
        """Return the momentum of each group without warm-up."""
        return [self.get_momentum(runner, base) for base in self.base_momentum]

    def get_warmup_momentum(self, cur_iters: int) -> list[float]:
        """Return the momentum of each group at an iteration of the warm-up."""
        factor = self._warm_factor(cur_iters)
        return [momentum / factor for momentum in self.regular_momentum]

    def _set_momentum(self, runner: Any, momentum_groups: Sequence[float]) -> None:
        self._write(runner, momentum_groups)


class MomentumPolicyHook(PolicyHook, MomentumUpdaterHook):
    """An updater whose `get_momentum` is that of a policy of ours; see `PolicyHook`."""

    def get_momentum(self, runner: Any, base_momentum: float) -> float:
        """Return the momentum of a group whose initial one is `base_momentum`."""
        return self._get_value(runner, base_momentum)


class StepMomentumUpdaterHook(MomentumPolicyHook):
    """Multiply the momentum by `gamma` every so often."""

    policy = momentum_policies.StepMomentumPolicy


class CosineAnnealingMomentumUpdaterHook(MomentumPolicyHook):
    """Go to the target on half a cosine."""

    policy = momentum_policies.CosineAnnealingMomentumPolicy


class LinearAnnealingMomentumUpdaterHook(MomentumPolicyHook):
    """Go to the target on a line."""

    policy = momentum_policies.LinearAnnealingMomentumPolicy


class CyclicMomentumUpdaterHook(MomentumPolicyHook):
    """Go down and up, several times in the run."""

    policy = momentum_policies.CyclicMomentumPolicy


class OneCycleMomentumUpdaterHook(MomentumPolicyHook):
    """Go from `max_momentum` to `base_momentum` and back."""

    policy = momentum_policies.OneCycleMomentumPolicy

    def before_run(self, runner: Any) -> None:
        """Begin at the highest momentum, and note the length of the run."""
        self.inner.start(runner.optimizer.param_groups)
        self._bind(runner)

    def get_regular_momentum(self, runner: Any) -> list[float]:
        """Return the momentum of each group without warm-up."""
        values: list[float] = self.inner.get_values(runner.optimizer.param_groups, runner.iter)
        return values

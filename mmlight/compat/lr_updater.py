"""The hooks of mmcv 1.x that change learning rates, as users' own hooks derive from them.

A class of a user is told by `lr_config = dict(policy='My')`, which stands for `MyLrUpdaterHook`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from mmlight.compat.mirror import Mirror
from mmlight.hooks.hook import Hook
from mmlight.optim import cyclic_policies, policies
from mmlight.optim.curves import get_warmup_factor
from mmlight.optim.curves import move_cosine as annealing_cos
from mmlight.optim.curves import move_linear as annealing_linear
from mmlight.optim.policy import WARMUPS, Policy
from mmlight.optim.schedule import RunLength, write_value

__all__ = ["annealing_cos", "annealing_linear"]
WARMUP_WORDS = ("warmup", "warmup_iters", "warmup_ratio", "warmup_by_epoch")


class UpdaterHook(Hook):
    """What the hooks of rates and those of momenta share; see `LrUpdaterHook`."""

    param_name = "lr"

    def __init__(
        self,
        by_epoch: bool = True,
        warmup: str | None = None,
        warmup_iters: int = 0,
        warmup_ratio: float = 0.1,
        warmup_by_epoch: bool = False,
    ) -> None:
        if warmup is not None and warmup not in WARMUPS:
            raise ValueError(f"warmup must be None or one of {', '.join(WARMUPS)}, got {warmup!r}")
        if warmup is not None and warmup_iters <= 0:
            raise ValueError(f"warmup_iters must be positive, got {warmup_iters}")
        if warmup is not None and not 0 < warmup_ratio <= 1:
            raise ValueError(f"warmup_ratio must be in (0, 1], got {warmup_ratio}")
        self.by_epoch = by_epoch
        self.warmup = warmup
        self.warmup_ratio = warmup_ratio
        self.warmup_by_epoch = warmup_by_epoch
        self.warmup_iters: Any = None if warmup_by_epoch else warmup_iters
        self.warmup_epochs = warmup_iters if warmup_by_epoch else None

    def _note_initial(self, runner: Any) -> list[float]:
        """Return the initial value of each group; a new run notes it in the group."""
        name, groups = f"initial_{self.param_name}", runner.optimizer.param_groups
        for group in groups:
            is_beta = self.param_name == "momentum" and "momentum" not in group
            group.setdefault(name, group["betas"][0] if is_beta else group[self.param_name])
        return [group[name] for group in groups]

    def _write(self, runner: Any, values: Sequence[float]) -> None:
        for group, value in zip(runner.optimizer.param_groups, values, strict=False):
            write_value(group, self.param_name, value)

    def _warm_factor(self, iteration: int) -> float:
        assert self.warmup is not None  # or there were no warm-up
        share = iteration / self.warmup_iters
        return get_warmup_factor(self.warmup, self.warmup_ratio, share)

    def _find_phase(self, runner: Any) -> str:
        """Tell what to set before an iteration: 'warm', 'regular' or nothing."""
        self._count_warmup(runner)
        if self.warmup is not None and runner.iter < self.warmup_iters:
            return "warm"
        at_its_end = self.warmup is not None and runner.iter == self.warmup_iters
        return "regular" if at_its_end or not self.by_epoch else ""

    def _count_warmup(self, runner: Any) -> None:
        if self.warmup_iters is None:
            assert self.warmup_epochs is not None  # one of the two is given
            self.warmup_iters = self.warmup_epochs * len(runner.data_loader)


class LrUpdaterHook(UpdaterHook):
    """Set the rate of each group before each epoch or iteration: override `get_lr`.

    Args:
        by_epoch: Change the rate once per epoch, not at each iteration.
        warmup: 'constant', 'linear', 'exp', or None for no warm-up.
        warmup_iters: Length of the warm-up [iterations, or epochs if `warmup_by_epoch`].
        warmup_ratio: Factor at the first iteration, in (0, 1].
        warmup_by_epoch: Count `warmup_iters` in epochs.

    Attributes:
        base_lr: Initial rate of each group; known from `before_run` on.
        regular_lr: Rate of each group without warm-up.

    From: mmcv 1.7 `LrUpdaterHook`, for one optimizer.
    """

    base_lr: Sequence[float] = ()
    regular_lr: Sequence[float] = ()

    def get_lr(self, runner: Any, base_lr: float) -> float:
        """Return the rate of a group whose initial one is `base_lr`."""
        raise NotImplementedError

    def get_regular_lr(self, runner: Any) -> list[float]:
        """Return the rate of each group without warm-up."""
        return [self.get_lr(runner, base_lr) for base_lr in self.base_lr]

    def get_warmup_lr(self, cur_iters: int) -> list[float]:
        """Return the rate of each group at an iteration of the warm-up."""
        factor = self._warm_factor(cur_iters)
        return [rate * factor for rate in self.regular_lr]

    def _set_lr(self, runner: Any, lr_groups: Sequence[float]) -> None:
        self._write(runner, lr_groups)

    def before_run(self, runner: Any) -> None:
        """Note the initial rates."""
        self.base_lr = self._note_initial(runner)

    def before_train_epoch(self, runner: Any) -> None:
        """Set the regular rates, if they are those of an epoch."""
        self._count_warmup(runner)
        if self.by_epoch:
            self.regular_lr = self.get_regular_lr(runner)
            self._set_lr(runner, self.regular_lr)

    def before_train_iter(self, runner: Any, batch_idx: int = 0, data_batch: Any = None) -> None:
        """Set the rates of the iteration."""
        if not self.by_epoch:
            self.regular_lr = self.get_regular_lr(runner)
        phase = self._find_phase(runner)
        if phase:
            warms = phase == "warm"
            self._set_lr(runner, self.get_warmup_lr(runner.iter) if warms else self.regular_lr)


def bind_policy(policy: Policy, runner: Any) -> Any:
    """Return a policy for the run of a runner."""
    return policy.bind(RunLength(None, runner.max_epochs, runner.max_iters))


class PolicyHook(Mirror, LrUpdaterHook):
    """An updater whose `get_lr` is that of a policy of ours.

    Args:
        *args: Those of the policy.
        **kwargs: Those of the policy, warm-up included.
    """

    policy: ClassVar[type[Policy]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warmup = {key: kwargs.pop(key) for key in WARMUP_WORDS if key in kwargs}
        policy = self.policy(*args, **kwargs)
        super().__init__(by_epoch=policy.by_epoch, **warmup)
        self.inner = policy

    def before_run(self, runner: Any) -> None:
        """Note the initial rates and the length of the run."""
        super().before_run(runner)
        self.inner = bind_policy(self.inner, runner)

    def get_lr(self, runner: Any, base_lr: float) -> float:
        """Return the rate of a group whose initial one is `base_lr`."""
        rate: float = self.inner.get_regular(
            base_lr, runner.epoch if self.by_epoch else runner.iter
        )
        return rate


class FixedLrUpdaterHook(PolicyHook):
    """Keep the initial rate."""

    policy = policies.FixedPolicy


class StepLrUpdaterHook(PolicyHook):
    """Multiply the rate by `gamma` every so often."""

    policy = policies.StepPolicy


class ExpLrUpdaterHook(PolicyHook):
    """Multiply the rate by `gamma` at each position."""

    policy = policies.ExpPolicy


class PolyLrUpdaterHook(PolicyHook):
    """Let the rate fall as a power of the part of the run that is left."""

    policy = policies.PolyPolicy


class InvLrUpdaterHook(PolicyHook):
    """Divide the rate by a growing number."""

    policy = policies.InvPolicy


class CosineAnnealingLrUpdaterHook(PolicyHook):
    """Go to the target on half a cosine."""

    policy = policies.CosineAnnealingPolicy


class FlatCosineAnnealingLrUpdaterHook(PolicyHook):
    """Stay flat for a while, then go to the target on half a cosine."""

    policy = policies.FlatCosineAnnealingPolicy


class LinearAnnealingLrUpdaterHook(PolicyHook):
    """Go to the target on a line."""

    policy = policies.LinearAnnealingPolicy


class CosineAnnealingCooldownLrUpdaterHook(PolicyHook):
    """Reach the target of a cosine early, then stay at a fraction of it."""

    policy = policies.CosineAnnealingCooldownPolicy


class CosineRestartLrUpdaterHook(PolicyHook):
    """Go down on half a cosine, start again, and so on."""

    policy = cyclic_policies.CosineRestartPolicy


class CyclicLrUpdaterHook(PolicyHook):
    """Go up and down, several times in the run."""

    policy = cyclic_policies.CyclicPolicy


class OneCycleLrUpdaterHook(PolicyHook):
    """Go up to `max_lr` and down to a much smaller rate."""

    policy = cyclic_policies.OneCyclePolicy

    def before_run(self, runner: Any) -> None:
        """Note the first rates of the cycle and the length of the run."""
        groups = runner.optimizer.param_groups
        self.inner.start(groups)
        self.base_lr = self.inner.get_firsts(groups)
        self.inner = bind_policy(self.inner, runner)


def get_position_from_periods(iteration: int, cumulative_periods: Sequence[int]) -> int:
    """Return in which period an iteration lies, given where each ends.

    Examples:
        >>> get_position_from_periods(210, [100, 200, 300])
        2
    """
    for index, end in enumerate(cumulative_periods):
        if iteration < end:
            return index
    raise ValueError(f"iteration must lie in a period {list(cumulative_periods)}, got {iteration}")


def format_param(name: str, optim: Any, param: Any) -> Any:
    """Return a value for each group: one for all, a list, or that of an optimizer's name."""
    if isinstance(param, Mapping):
        return param[name]
    groups = optim.param_groups
    if isinstance(param, (list, tuple)) and len(param) != len(groups):
        raise ValueError(f"{name} must get {len(groups)} values, got {len(param)}")
    return param if isinstance(param, (list, tuple)) else [param] * len(groups)

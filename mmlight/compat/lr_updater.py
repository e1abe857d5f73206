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
from mmlight.optim.policy import Policy, Warmup, check_warmup
from mmlight.optim.schedule import RunLength, read_value, write_value

__all__ = ["annealing_cos", "annealing_linear"]


class UpdaterHook(Hook):
    """Sets an option of each group before each epoch or iteration, in the order of mmcv.

    What it asks for, users' hooks override under names that end in the option: `get_regular_lr`,
    `get_regular_momentum`. It keeps the values under such names, too: `base_lr`, `regular_lr`.

    Args:
        by_epoch: Change the value once per epoch, not at each iteration.
        warmup: 'constant', 'linear', 'exp', or None for no warm-up.
        warmup_iters: Length of the warm-up [iterations, or epochs if `warmup_by_epoch`].
        warmup_ratio: Factor at the first iteration, in (0, 1].
        warmup_by_epoch: Count `warmup_iters` in epochs.
    """

    param_name = "lr"

    def __init__(
        self,
        by_epoch: bool = True,
        warmup: str | None = None,
        warmup_iters: int = 0,
        warmup_ratio: float = 0.1,
        warmup_by_epoch: bool = False,
    ) -> None:
        check_warmup(warmup, warmup_iters, warmup_ratio)
        self.by_epoch = by_epoch
        self.warmup = warmup
        self.warmup_ratio = warmup_ratio
        self.warmup_by_epoch = warmup_by_epoch
        self.warmup_iters: Any = None if warmup_by_epoch else warmup_iters
        self.warmup_epochs = warmup_iters if warmup_by_epoch else None

    def before_run(self, runner: Any) -> None:
        """Note the initial value of each group; a resumed group has kept it."""
        name, groups = f"initial_{self.param_name}", runner.optimizer.param_groups
        for group in groups:
            group.setdefault(name, read_value(group, self.param_name))
        setattr(self, f"base_{self.param_name}", [group[name] for group in groups])

    def before_train_epoch(self, runner: Any) -> None:
        """Set the regular values, if they are those of an epoch."""
        self._count_warmup(runner)
        if self.by_epoch:
            self._ask("_set", runner, self._note_regular(runner))

    def before_train_iter(self, runner: Any, batch_idx: int = 0, data_batch: Any = None) -> None:
        """Set the values of the iteration; by epoch, only until the warm-up is over."""
        self._count_warmup(runner)
        if not self.by_epoch:
            self._note_regular(runner)
        if self.warmup is not None and runner.iter < self.warmup_iters:
            self._ask("_set", runner, self._ask("get_warmup", runner.iter))
        elif not self.by_epoch or (self.warmup is not None and runner.iter == self.warmup_iters):
            self._ask("_set", runner, getattr(self, f"regular_{self.param_name}"))

    def _ask(self, what: str, *args: Any) -> Any:
        return getattr(self, f"{what}_{self.param_name}")(*args)

    def _note_regular(self, runner: Any) -> list[float]:
        values: list[float] = self._ask("get_regular", runner)
        setattr(self, f"regular_{self.param_name}", values)
        return values

    def _count_warmup(self, runner: Any) -> None:
        if self.warmup_iters is None:
            assert self.warmup_epochs is not None  # one of the two is given
            self.warmup_iters = self.warmup_epochs * len(runner.data_loader)

    def _warm_factor(self, iteration: int) -> float:
        assert self.warmup is not None  # or there were no warm-up
        share = iteration / self.warmup_iters
        return get_warmup_factor(self.warmup, self.warmup_ratio, share)

    def _write(self, runner: Any, values: Sequence[float]) -> None:
        # none where a run by iteration has a hook by epoch, which has no regular values
        for group, value in zip(runner.optimizer.param_groups, values, strict=False):
            write_value(group, self.param_name, value)


class LrUpdaterHook(UpdaterHook):
    """Set the rate of each group before each epoch or iteration: override `get_lr`.

    The arguments are those of `UpdaterHook`.

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


class PolicyHook(Mirror, UpdaterHook):
    """An updater whose values are those of a policy of ours.

    Args:
        *args: Those of the policy.
        **kwargs: Those of the policy, warm-up included.
    """

    policy: ClassVar[type[Policy]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warmup = {key: kwargs.pop(key) for key in Warmup.__annotations__ if key in kwargs}
        policy = self.policy(*args, **kwargs)
        super().__init__(by_epoch=policy.by_epoch, **warmup)
        self.inner = policy

    def before_run(self, runner: Any) -> None:
        """Note the initial values and the length of the run."""
        super().before_run(runner)
        self._bind(runner)

    def _bind(self, runner: Any) -> None:
        self.inner = self.inner.bind(RunLength(None, runner.max_epochs, runner.max_iters))

    def _get_value(self, runner: Any, base: float) -> float:
        value: float = self.inner.get_regular(base, runner.epoch if self.by_epoch else runner.iter)
        return value


class LrPolicyHook(PolicyHook, LrUpdaterHook):
    """An updater whose `get_lr` is that of a policy of ours; see `PolicyHook`."""

    def get_lr(self, runner: Any, base_lr: float) -> float:
        """Return the rate of a group whose initial one is `base_lr`."""
        return self._get_value(runner, base_lr)


class FixedLrUpdaterHook(LrPolicyHook):
    """Keep the initial rate."""

    policy = policies.FixedPolicy


class StepLrUpdaterHook(LrPolicyHook):
    """Multiply the rate by `gamma` every so often."""

    policy = policies.StepPolicy


class ExpLrUpdaterHook(LrPolicyHook):
    """Multiply the rate by `gamma` at each position."""

    policy = policies.ExpPolicy


class PolyLrUpdaterHook(LrPolicyHook):
    """Let the rate fall as a power of the part of the run that is left."""

    policy = policies.PolyPolicy


class InvLrUpdaterHook(LrPolicyHook):
    """Divide the rate by a growing number."""

    policy = policies.InvPolicy


class CosineAnnealingLrUpdaterHook(LrPolicyHook):
    """Go to the target on half a cosine."""

    policy = policies.CosineAnnealingPolicy


class FlatCosineAnnealingLrUpdaterHook(LrPolicyHook):
    """Stay flat for a while, then go to the target on half a cosine."""

    policy = policies.FlatCosineAnnealingPolicy


class LinearAnnealingLrUpdaterHook(LrPolicyHook):
    """Go to the target on a line."""

    policy = policies.LinearAnnealingPolicy


class CosineAnnealingCooldownLrUpdaterHook(LrPolicyHook):
    """Reach the target of a cosine early, then stay at a fraction of it."""

    policy = policies.CosineAnnealingCooldownPolicy


class CosineRestartLrUpdaterHook(LrPolicyHook):
    """Go down on half a cosine, start again, and so on."""

    policy = cyclic_policies.CosineRestartPolicy


class CyclicLrUpdaterHook(LrPolicyHook):
    """Go up and down, several times in the run."""

    policy = cyclic_policies.CyclicPolicy


class OneCycleLrUpdaterHook(LrPolicyHook):
    """Go up to `max_lr` and down to a much smaller rate."""

    policy = cyclic_policies.OneCyclePolicy

    def before_run(self, runner: Any) -> None:
        """Note the first rates of the cycle and the length of the run."""
        groups = runner.optimizer.param_groups
        self.inner.start(groups)
        self.base_lr = self.inner.get_firsts(groups)
        self._bind(runner)


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

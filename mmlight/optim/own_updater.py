"""Lets a user's hook in the style of mmcv 1.x, a `LrUpdaterHook` of their own, drive a value."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Final

from typing_extensions import Self

from mmlight.optim.schedule import Group, RunLength, Schedule

POINTS: Final = (
    *("before_run", "before_train_epoch", "before_train_iter"),
    *("after_train_iter", "after_train_epoch"),
)
"""The points of a hook that schedules meet."""


class OwnUpdater(Schedule):
    """Call the points of an updater hook.

    Args:
        hook: Derived from `LrUpdaterHook` or `MomentumUpdaterHook`, which `mmlight.compat` offers,
            or from `Hook` itself.

    Raises:
        ValueError: If `hook` is no hook, or acts at a point that is none of a schedule.

    From: mmcv 1.7 `BaseRunner.register_lr_hook`, `BaseRunner.register_momentum_hook`.
    """

    def __init__(self, hook: Any) -> None:
        if not hasattr(hook, "get_triggered_stages"):
            raise ValueError(f"hook must derive from LrUpdaterHook, got {hook!r}")
        foreign = [point for point in hook.get_triggered_stages() if point not in POINTS]
        if foreign:
            raise ValueError(
                f"hook must be one of custom_hooks to act at {foreign[0]}, got"
                f" {type(hook).__name__} as a schedule"
            )
        self.hook = hook
        self.runner: Any = None
        self.param_name = "momentum" if hasattr(hook, "get_momentum") else "lr"

    def bind(self, run: RunLength) -> Self:
        """Return a schedule with a hook of its own."""
        bound = copy.copy(self)
        bound.hook = copy.deepcopy(self.hook)
        return bound

    def attach(self, runner: Any) -> None:
        """Keep the runner for the hook."""
        self.runner = runner

    def start(self, groups: Sequence[Group]) -> None:
        """Let the hook note the initial values."""
        self.hook.before_run(self.runner)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Let the hook note the initial values, which the groups have kept."""
        self.hook.before_run(self.runner)

    def before_epoch(self, groups: Sequence[Group], *, epoch: int) -> None:
        """Call `before_train_epoch`."""
        self.hook.before_train_epoch(self.runner)

    def before_iteration(self, groups: Sequence[Group], *, epoch: int, iteration: int) -> None:
        """Call `before_train_iter`."""
        self.hook.before_train_iter(self.runner)

    def after_iteration(self, groups: Sequence[Group], *, done: int) -> None:
        """Call `after_train_iter`."""
        self.hook.after_train_iter(self.runner)

    def after_epoch(self, groups: Sequence[Group], *, done: int) -> None:
        """Call `after_train_epoch`."""
        self.hook.after_train_epoch(self.runner)

"""Lets a user's scheduler in the style of mmengine, a `_ParamScheduler` of their own, act here."""

import copy
from collections.abc import Mapping, Sequence
from pkgutil import resolve_name
from typing import Any

from typing_extensions import Self

from mmlight.optim.recursion import FOREVER
from mmlight.optim.schedule import Group, RunLength, Schedule

METHODS = ("step", "state_dict", "load_state_dict")
PLAIN = (str, int, float, bool, type(None))


class OwnScheduler(Schedule):
    """Build a scheduler over the optimizer of the run, and step it when mmengine would.

    Args:
        scheduler: Import path of a class derived from `_ParamScheduler`, which `mmlight.compat`
            offers, or the class.
        options: Its arguments besides the optimizer. Without an `end` it ends with the run.
        convert_to_iter_based: Build it by its `build_iter_from_epoch`.

    Attributes:
        live: The scheduler; None before the run.

    Raises:
        ValueError: If `scheduler` does not name a scheduler.

    From: mmengine 0.10 `Runner.build_param_scheduler`, `ParamSchedulerHook`. Of its state only
    plain data is saved; functions and other objects are made anew when the run resumes.
    """

    def __init__(
        self,
        scheduler: str | type,
        options: dict[str, Any] | None = None,
        convert_to_iter_based: bool = False,
    ) -> None:
        self.scheduler: Any = _find(scheduler) if isinstance(scheduler, str) else scheduler
        if not all(hasattr(self.scheduler, method) for method in METHODS):
            raise ValueError(f"scheduler must derive from _ParamScheduler, got {scheduler!r}")
        if convert_to_iter_based and not hasattr(self.scheduler, "build_iter_from_epoch"):
            raise ValueError(
                f"convert_to_iter_based must be False for {self.scheduler.__name__}, which has no"
                " build_iter_from_epoch, got True"
            )
        self.options = dict(options or {})
        self.convert_to_iter_based = convert_to_iter_based
        self.run = RunLength()
        self.runner: Any = None
        self.live: Any = None
        self.param_name = str(self.options.get("param_name", "lr"))

    def bind(self, run: RunLength) -> Self:
        """Return this schedule for a run of known length."""
        if self.convert_to_iter_based and run.epoch_length is None:
            raise ValueError(
                "convert_to_iter_based must be False when epochs have no known length, got True"
            )
        bound = copy.copy(self)
        bound.run = run
        return bound

    def attach(self, runner: Any) -> None:
        """Keep the runner, whose optimizer the scheduler gets."""
        self.runner = runner

    def start(self, groups: Sequence[Group]) -> None:
        """Build the scheduler, which takes its first step."""
        run = self.run
        end = run.max_epochs if self.options.get("by_epoch", True) else run.max_iters
        options = {"end": FOREVER if end is None else end, **copy.deepcopy(self.options)}
        options["optimizer"] = self.runner.optimizer
        if self.convert_to_iter_based:
            options["epoch_length"] = run.epoch_length
            self.live = self.scheduler.build_iter_from_epoch(**options)
        else:
            self.live = self.scheduler(**options)
        self.param_name = getattr(self.live, "param_name", self.param_name)

    def after_iteration(self, groups: Sequence[Group], *, done: int) -> None:
        """Take a step, if the scheduler counts iterations."""
        if not self.live.by_epoch:
            self.live.step()

    def after_epoch(self, groups: Sequence[Group], *, done: int) -> None:
        """Take a step, if the scheduler counts epochs."""
        if self.live.by_epoch:
            self.live.step()

    def after_validation(
        self, groups: Sequence[Group], metrics: Mapping[str, Any], *, epochs: int
    ) -> None:
        """Take a step, if the scheduler looks at the results of validations."""
        if self.live.by_epoch and getattr(self.live, "need_val_args", False):
            self.live.step({name: float(value) for name, value in metrics.items()})

    def state_dict(self) -> dict[str, Any]:
        """Return the plain data among the attributes of the scheduler."""
        if self.live is None:
            return {}
        state = self.live.state_dict()
        return {key: value for key, value in state.items() if _is_plain(value)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Build the scheduler without a step, and give it its state."""
        groups = self.runner.optimizer.param_groups
        kept = [dict(group) for group in groups]
        self.start(groups)
        for group, values in zip(groups, kept, strict=True):
            group.clear()
            group.update(values)
        self.live.load_state_dict(dict(state))


def _find(path: str) -> Any:
    try:
        return resolve_name(path)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"scheduler must be an import path, got {path!r}: {error}") from error


def _is_plain(value: Any) -> bool:
    """Tell whether a value is data that every checkpoint may hold.

    Examples:
        >>> _is_plain([1, {"a": None}]), _is_plain(print)
        (True, False)
    """
    if type(value) is dict:
        return all(_is_plain(item) for pair in value.items() for item in pair)
    if type(value) in (list, tuple):
        return all(map(_is_plain, value))
    return type(value) in PLAIN

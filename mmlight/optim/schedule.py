"""What every schedule is: one option of the parameter groups that changes along a run.

To add a schedule: subclass `Policy` (absolute, set before an iteration) or `Recursion` (next value
from the current one, set after an iteration), or `Schedule` itself, and name its import path in the
config.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from typing_extensions import Self

Group = dict[str, Any]
"""One entry of `optimizer.param_groups`."""


@dataclass(frozen=True)
class RunLength:
    """How long a run is. Iterations are batches, also under gradient accumulation.

    Args:
        epoch_length: Batches per epoch; None when the loader cannot tell.
        max_epochs: Epochs of the run; None when unknown.
        max_iters: Batches of the run; None when unknown.
        by_epoch: False for an iteration-based run, in which no epoch ever begins or ends.
    """

    epoch_length: int | None = None
    max_epochs: int | None = None
    max_iters: int | None = None
    by_epoch: bool = True

    @classmethod
    def of_epochs(cls, max_epochs: int, epoch_length: int | None) -> Self:
        """Describe an epoch-based run.

        Examples:
            >>> RunLength.of_epochs(3, 10).max_iters
            30
        """
        max_iters = None if epoch_length is None else max_epochs * epoch_length
        return cls(epoch_length, max_epochs, max_iters)

    @classmethod
    def of_iterations(cls, max_iters: int | None, epoch_length: int | None = None) -> Self:
        """Describe an iteration-based run; as in mmengine, all of it counts as one epoch.

        Examples:
            >>> RunLength.of_iterations(100).max_epochs
            1
        """
        return cls(epoch_length, 1, max_iters, by_epoch=False)


def read_value(group: Group, name: str) -> float:
    """Read an option of a group; 'momentum' is the first beta where there are betas instead.

    Examples:
        >>> read_value({"betas": (0.9, 0.99)}, "momentum")
        0.9

    Raises:
        ValueError: If the group has no such option.
    """
    if name in group:
        return float(group[name])
    if name == "momentum" and "betas" in group:
        return float(group["betas"][0])
    options = ", ".join(sorted(key for key in group if key != "params"))
    raise ValueError(
        f"param_name must be an option of the optimizer, got {name!r}; it has {options}"
    )


def spread(name: str, value: float | Sequence[float], groups: Sequence[Group]) -> list[float]:
    """Return the value of each group: one for all, or a list with one entry per group.

    Examples:
        >>> spread("max_lr", 0.1, [{}, {}])
        [0.1, 0.1]

    Raises:
        ValueError: If a list has another length.
    """
    if isinstance(value, (int, float)):
        return [value] * len(groups)
    if len(value) != len(groups):
        raise ValueError(
            f"{name} must have one entry for each of the {len(groups)} parameter groups,"
            f" got {list(value)}"
        )
    return list(value)


def write_value(group: Group, name: str, value: float) -> None:
    """Write an option of a parameter group; the counterpart of `read_value`."""
    if name in group:
        group[name] = value
    else:
        group["betas"] = (value, *group["betas"][1:])


class Schedule:
    """One option of the parameter groups, by default the learning rate, that changes along a run.

    An unbound schedule is a description. `bind` returns a schedule for one run, and that one is
    told of events. The initial value of each group stands in the group itself, as `initial_lr` and
    the like, where torch and mm keep it: so the optimizer's own checkpoint carries it, and few
    schedules have a state of their own.
    """

    param_name: str = "lr"

    def bind(self, run: RunLength) -> Self:
        """Return this schedule for a run of known length.

        Raises:
            ValueError: If the schedule needs a length that is not known, or does not fit it.
        """
        del run
        return copy.copy(self)

    def attach(self, runner: Any) -> None:
        """Meet the runner of the run, once bound; only users' own schedules ask it anything.

        Args:
            runner: Has `optimizer`, `epoch`, `iter`, `max_epochs`, `max_iters`, ...; see
                `mmlight.optim.stand_in`.
        """

    @property
    def initial_name(self) -> str:
        """Key of a group that holds the value from before any schedule, such as 'initial_lr'."""
        return f"initial_{self.param_name}"

    def note_initial(self, groups: Sequence[Group]) -> None:
        """Let each group keep its initial value, unless it does; called when a run resumes, too."""
        for group in groups:
            group.setdefault(self.initial_name, read_value(group, self.param_name))

    def start(self, groups: Sequence[Group]) -> None:
        """Prepare the groups of a new optimizer; not called when a run resumes."""
        self.note_initial(groups)

    def before_epoch(self, groups: Sequence[Group], *, epoch: int) -> None:
        """Act before epoch `epoch`, counted from 0, and again where a run resumes within it.

        Never called in an iteration-based run.
        """

    def before_iteration(self, groups: Sequence[Group], *, epoch: int, iteration: int) -> None:
        """Act before batch `iteration` of the run, counted from 0."""

    def after_iteration(self, groups: Sequence[Group], *, done: int) -> None:
        """Act when `done` batches of the run are done."""

    def after_epoch(self, groups: Sequence[Group], *, done: int) -> None:
        """Act when `done` epochs are done, before validation; not in an iteration-based run."""

    def after_validation(
        self, groups: Sequence[Group], metrics: Mapping[str, Any], *, epochs: int
    ) -> None:
        """Act after a validation.

        Args:
            groups: The parameter groups.
            metrics: Its results by name; numbers, or tensors with one element.
            epochs: Epochs that are done; 0 in an iteration-based run.
        """

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed run needs besides the values in the groups: plain data."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue a run instead of starting one; the groups have their values back."""

"""The schedulers of mmengine, as users' own schedulers derive from them.

Each `XParamScheduler` changes any named parameter; `XLR` and `XMomentum` are the same for the rate
and for the momentum.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from mmlight.compat.log import print_log
from mmlight.compat.mirror import Mirror
from mmlight.optim.recursion import FOREVER, Recursion
from mmlight.optim.schedule import RunLength

INF = FOREVER
SPAN = ("begin", "end", "by_epoch")
WORDS = (*SPAN, "last_step", "verbose")
# what `build_iter_from_epoch` turns from epochs into iterations
STRETCHED = ("begin", "end", "step_size", "milestones", "T_max", "periods", "total_steps")


class _ParamScheduler:
    """Change one option of the parameter groups from step to step: override `_get_value`.

    Args:
        optimizer: Whose groups change.
        param_name: The option: 'lr', 'momentum', 'weight_decay', ...
        begin: First step [epochs, or iterations if not `by_epoch`].
        end: Step before which it stops.
        last_step: Step that was the last one; -1 for a new run.
        by_epoch: Step after each epoch, not after each iteration.
        verbose: Print each value.

    Attributes:
        base_values: Initial value of each group.
        last_step: Number of the step, counted from `begin`.

    From: mmengine 0.10 `_ParamScheduler`, without its warnings about the order of steps.
    """

    def __init__(
        self,
        optimizer: Any,
        param_name: str,
        begin: int = 0,
        end: int = INF,
        last_step: int = -1,
        by_epoch: bool = True,
        verbose: bool = False,
    ) -> None:
        if end <= begin:
            raise ValueError(f"end must be larger than begin, got begin={begin} and end={end}")
        self.optimizer = optimizer
        self.param_name = param_name
        self.begin = begin
        self.end = end
        self.by_epoch = by_epoch
        self.verbose = verbose
        self.last_step = last_step
        initial, groups = f"initial_{param_name}", optimizer.param_groups
        for group in groups:
            if last_step == -1:
                group.setdefault(initial, group[param_name])
            elif initial not in group:
                raise KeyError(f"{initial!r} must be in each parameter group to go on")
        self.base_values = [group[initial] for group in groups]
        self._global_step = -1
        self.step()

    def state_dict(self) -> dict[str, Any]:
        """Return every attribute but the optimizer."""
        return {key: value for key, value in vars(self).items() if key != "optimizer"}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over the attributes of another scheduler."""
        vars(self).update(state_dict)

    def get_last_value(self) -> list[float]:
        """Return the value of each group after the last step."""
        return self._last_value

    def _get_value(self) -> list[float]:
        """Return the value of each group for the step `last_step`."""
        raise NotImplementedError

    def print_value(self, is_verbose: bool, group: int, value: float) -> None:
        """Print the value of a group."""
        if is_verbose:
            print_log(f"Adjusting parameter value of group {group} to {value:.4e}.", "current")

    def step(self) -> None:
        """Take a step, if the scheduler is between its begin and its end."""
        self._global_step += 1
        if self.begin <= self._global_step < self.end:
            self.last_step += 1
            values = self._get_value()
            for index, (group, value) in enumerate(
                zip(self.optimizer.param_groups, values, strict=False)
            ):
                group[self.param_name] = value
                self.print_value(self.verbose, index, value)
        self._last_value = [group[self.param_name] for group in self.optimizer.param_groups]


class LRSchedulerMixin:
    """Let a scheduler change the rate."""

    def __init__(self, optimizer: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(optimizer, "lr", *args, **kwargs)  # type: ignore[call-arg]


class WeightDecaySchedulerMixin:
    """Let a scheduler change the weight decay.

    From: mmpretrain 1.2 `WeightDecaySchedulerMixin`.
    """

    def __init__(self, optimizer: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(optimizer, "weight_decay", *args, **kwargs)  # type: ignore[call-arg]


class MomentumSchedulerMixin:
    """Let a scheduler change the momentum, or the first beta where there are betas."""

    def __init__(self, optimizer: Any, *args: Any, **kwargs: Any) -> None:
        groups = optimizer.param_groups
        self.use_betas = "momentum" not in getattr(optimizer, "defaults", groups[0])
        if self.use_betas and "betas" not in groups[0]:
            raise ValueError("the optimizer must have momentum or betas to change them")
        for group in groups if self.use_betas else ():
            group["momentum"] = group["betas"][0]
        super().__init__(optimizer, "momentum", *args, **kwargs)  # type: ignore[call-arg]

    def step(self, *args: Any) -> None:
        """Take a step, and write the value into the betas where it belongs there."""
        super().step(*args)  # type: ignore[misc]
        for group in self.optimizer.param_groups if self.use_betas else ():  # type: ignore[attr-defined]
            group["betas"] = (group["momentum"], *group["betas"][1:])


class InnerScheduler(Mirror, _ParamScheduler):
    """A scheduler with an object of ours inside, whose attributes are part of its state."""

    def state_dict(self) -> dict[str, Any]:
        """Return every attribute but the optimizer, those of the inner object too."""
        own = {key: value for key, value in super().state_dict().items() if key != "inner"}
        return {**vars(self.inner), **own}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over the attributes of another scheduler, ours or the original."""
        own, inner = vars(self), vars(self.inner)
        for key, value in state_dict.items():
            (inner if key in inner and key not in own else own)[key] = value


class RuleScheduler(InnerScheduler):
    """A scheduler whose `_get_value` is a rule of ours.

    Args:
        optimizer: Whose groups change.
        param_name: The option.
        *args: Those of the rule.
        **kwargs: Those of the rule and of `_ParamScheduler`.
    """

    rule: ClassVar[type[Recursion]]

    def __init__(self, optimizer: Any, param_name: str, *args: Any, **kwargs: Any) -> None:
        own = {key: kwargs.pop(key) for key in WORDS if key in kwargs}
        span = {key: own[key] for key in SPAN if key in own}
        rule = self.rule(*args, **{"end": INF, **kwargs, **span, "param_name": param_name})
        self.inner = rule.bind(RunLength())
        if own.get("last_step", -1) == -1:
            self.inner.note_initial(optimizer.param_groups)
        super().__init__(optimizer, param_name, **own)

    @classmethod
    def build_iter_from_epoch(cls, *args: Any, epoch_length: int, **kwargs: Any) -> Any:
        """Build a scheduler by iteration from numbers of epochs."""
        others = ("optimizer", "param_name", "last_step", "verbose")
        words = {key: value for key, value in kwargs.items() if key not in others}
        bound = cls.rule(**words, convert_to_iter_based=True).bind(RunLength(epoch_length))
        changed = {key: getattr(bound, key) for key in STRETCHED if key in kwargs}
        return cls(*args, **{**kwargs, **changed, "by_epoch": False})

    @property
    def total_iters(self) -> int:
        """Steps from the first to the last one."""
        return int(self.end - self.begin - 1)

    def _get_value(self) -> list[float]:
        """Return the value of each group for the step `last_step`."""
        pairs = zip(self.optimizer.param_groups, self.base_values, strict=True)
        next_value = self.inner.get_next
        return [next_value(group[self.param_name], base, self.last_step) for group, base in pairs]

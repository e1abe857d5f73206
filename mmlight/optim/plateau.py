"""The schedule that looks at results: lower a value when a metric gets no better."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Final

from torch import Tensor
from typing_extensions import Self

from mmlight.optim.recursion import FOREVER
from mmlight.optim.schedule import (
    Group,
    RunLength,
    Schedule,
    read_value,
    spread,
    write_value,
)

WORST: Final = {"less": float(FOREVER), "greater": -float(FOREVER)}
"""What any metric is better than, by rule; mmengine has no infinity."""


class ReduceOnPlateau(Schedule):
    """Multiply the value by `factor` when a metric of the validation stops getting better.

    Args:
        monitor: Name of the metric.
        rule: 'less' or 'greater': which metric is better.
        factor: Factor of one reduction, below 1.
        patience: Validations without a better metric that change nothing.
        threshold: By how much a metric must be better to count, at least 0.
        threshold_rule: 'rel': a part of the best one; 'abs': a difference.
        cooldown: Validations after a reduction that do not count.
        min_value: Lower bound, for all groups or for each.
        eps: Smaller reductions are not made.
        begin: Epochs that must be done before validations count.
        end: Validations after so many epochs no longer count; None for the end of the run.
        by_epoch: Must be True.
        param_name: Option of the parameter groups to change.

    Attributes:
        best: The best metric so far.
        num_bad_epochs: Validations since then.
        cooldown_counter: Validations that still do not count.

    From: mmengine 0.10 `ReduceOnPlateauParamScheduler`. Without an end, the validation after the
    last epoch does not count there either.
    """

    def __init__(
        self,
        monitor: str = "loss",
        rule: str = "less",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_rule: str = "rel",
        cooldown: int = 0,
        min_value: float | list[float] = 0.0,
        eps: float = 1e-8,
        begin: int = 0,
        end: int | None = None,
        *,
        by_epoch: bool = True,
        param_name: str = "lr",
    ) -> None:
        _check(rule=rule, factor=factor, threshold=threshold, threshold_rule=threshold_rule)
        if not by_epoch:
            raise ValueError("by_epoch must be True for a schedule of validations, got False")
        self.monitor = monitor
        self.rule = rule
        self.factor = factor
        self.patience = patience
        self.threshold = threshold
        self.threshold_rule = threshold_rule
        self.cooldown = cooldown
        self.min_value = min_value
        self.eps = eps
        self.begin = begin
        self.end = end
        self.by_epoch = by_epoch
        self.param_name = param_name
        self.best = WORST[rule]
        self.num_bad_epochs = 0
        self.cooldown_counter = 0

    def bind(self, run: RunLength) -> Self:
        """Return this schedule for a run of known length."""
        bound = copy.copy(self)
        end = run.max_epochs if self.end is None else self.end
        bound.end = FOREVER if end is None else end
        if bound.end <= bound.begin:
            raise ValueError(
                f"end must be larger than begin, got begin={bound.begin} and end={bound.end}"
            )
        return bound

    def start(self, groups: Sequence[Group]) -> None:
        """Remember the initial values."""
        super().start(groups)
        self._spread_floor(groups)  # refused now, not after hours of training

    def after_validation(
        self, groups: Sequence[Group], metrics: Mapping[str, Any], *, epochs: int
    ) -> None:
        """Count validations without a better metric, and reduce the value after too many."""
        assert self.end is not None  # bound
        if not self.begin <= epochs < self.end:
            return
        self._count(self._read(metrics))
        if self.num_bad_epochs > self.patience:
            self._reduce(groups)
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0

    def _read(self, metrics: Mapping[str, Any]) -> float:
        if self.monitor not in metrics:
            known = ", ".join(metrics) or "none"
            raise ValueError(
                f"monitor must be a metric of the validation ({known}), got {self.monitor!r}"
            )
        return float(metrics[self.monitor])

    def _count(self, metric: float) -> None:
        if self.is_better(metric):
            self.best = metric
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0

    def is_better(self, metric: float) -> bool:
        """Tell whether a metric is better than the best one by more than the threshold."""
        margin = self.threshold if self.rule == "greater" else -self.threshold
        bound = self.best * (1 + margin) if self.threshold_rule == "rel" else self.best + margin
        return metric > bound if self.rule == "greater" else metric < bound

    def _reduce(self, groups: Sequence[Group]) -> None:
        for group, floor in zip(groups, self._spread_floor(groups), strict=True):
            old = read_value(group, self.param_name)
            new = max(old * self.factor, floor)
            if old - new > self.eps:
                write_value(group, self.param_name, new)

    def _spread_floor(self, groups: Sequence[Group]) -> list[float]:
        """Return the floor of each group; base settings behind them share that of the last one."""
        has_base = len(groups) > 1 and isinstance(groups[-1].get("params"), Tensor)
        real = groups[:-1] if has_base else groups
        floors = spread("min_value", self.min_value, real)
        return floors + floors[-1:] if has_base else floors

    def state_dict(self) -> dict[str, Any]:
        """Return the best metric and the counters."""
        names = ("best", "num_bad_epochs", "cooldown_counter")
        return {name: getattr(self, name) for name in names}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over the best metric and the counters."""
        vars(self).update(state)


def _check(*, rule: str, factor: float, threshold: float, threshold_rule: str) -> None:
    if rule not in WORST:
        raise ValueError(f"rule must be 'less' or 'greater', got {rule!r}")
    if factor >= 1:
        raise ValueError(f"factor must be below 1, got {factor}")
    if threshold < 0:
        raise ValueError(f"threshold must not be negative, got {threshold}")
    if threshold_rule not in ("rel", "abs"):
        raise ValueError(f"threshold_rule must be 'rel' or 'abs', got {threshold_rule!r}")

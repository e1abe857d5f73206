"""The built-in schedulers of mmengine, for users' schedulers to derive from."""

from collections.abc import Mapping
from typing import Any

from mmlight.compat.param_scheduler import (
    InnerScheduler,
    LRSchedulerMixin,
    MomentumSchedulerMixin,
    RuleScheduler,
    WeightDecaySchedulerMixin,
)
from mmlight.optim import cyclic_recursions, recursions
from mmlight.optim.plateau import ReduceOnPlateau
from mmlight.optim.recursion import Recursion
from mmlight.optim.schedule import RunLength


def derive(rule: type[Recursion]) -> tuple[Any, Any, Any]:
    """Return the schedulers of a rule: of any option, of the rate, of the momentum."""
    stem = rule.__name__.removesuffix("LR")
    own = {"__module__": __name__, "__doc__": rule.__doc__}
    any_option = type(f"{stem}ParamScheduler", (RuleScheduler,), {**own, "rule": rule})
    return (
        any_option,
        type(f"{stem}LR", (LRSchedulerMixin, any_option), own),
        type(f"{stem}Momentum", (MomentumSchedulerMixin, any_option), own),
    )


ConstantParamScheduler, ConstantLR, ConstantMomentum = derive(recursions.ConstantLR)
CosineAnnealingParamScheduler, CosineAnnealingLR, CosineAnnealingMomentum = derive(
    recursions.CosineAnnealingLR
)
CosineRestartParamScheduler, CosineRestartLR, CosineRestartMomentum = derive(
    cyclic_recursions.CosineRestartLR
)
ExponentialParamScheduler, ExponentialLR, ExponentialMomentum = derive(recursions.ExponentialLR)
LinearParamScheduler, LinearLR, LinearMomentum = derive(recursions.LinearLR)
MultiStepParamScheduler, MultiStepLR, MultiStepMomentum = derive(recursions.MultiStepLR)
OneCycleParamScheduler, OneCycleLR = derive(cyclic_recursions.OneCycleLR)[:2]
PolyParamScheduler, PolyLR, PolyMomentum = derive(recursions.PolyLR)
StepParamScheduler, StepLR, StepMomentum = derive(recursions.StepLR)


class CosineAnnealingWeightDecay(WeightDecaySchedulerMixin, RuleScheduler):
    """Let the weight decay follow a cosine; 0 stays 0."""

    rule = recursions.CosineAnnealingWeightDecay


class ReduceOnPlateauParamScheduler(InnerScheduler):
    """Multiply by a factor when a metric of the validation stops getting better.

    Args:
        optimizer: Whose groups change.
        param_name: The option.
        *args: Those of `ReduceOnPlateau`.
        **kwargs: Those of `ReduceOnPlateau`, and `last_step` and `verbose`.
    """

    need_val_args = True

    def __init__(self, optimizer: Any, param_name: str, *args: Any, **kwargs: Any) -> None:
        words = {key: kwargs.pop(key) for key in ("last_step", "verbose") if key in kwargs}
        rule = ReduceOnPlateau(*args, **kwargs, param_name=param_name).bind(RunLength())
        assert rule.end is not None  # bound
        super().__init__(optimizer, param_name, rule.begin, rule.end, **words)
        self.inner = rule
        self._global_step = 0

    def step(self, metrics: Mapping[str, float] | None = None) -> None:
        """Count an epoch, or look at the results of a validation."""
        groups = self.optimizer.param_groups
        if "inner" in vars(self) and metrics is None:
            self._global_step += 1
        elif metrics is not None:
            self.last_step += self.begin <= self._global_step < self.end
            self.inner.after_validation(groups, metrics, epochs=self._global_step)
        self._last_value = [group[self.param_name] for group in groups]


class ReduceOnPlateauLR(LRSchedulerMixin, ReduceOnPlateauParamScheduler):
    """The same for the rate."""


class ReduceOnPlateauMomentum(MomentumSchedulerMixin, ReduceOnPlateauParamScheduler):
    """The same for the momentum."""

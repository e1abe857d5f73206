"""The built-in schedulers of mmengine, for users' schedulers to derive from."""

from collections.abc import Mapping
from typing import Any

from mmlight.compat.mirror import Mirror
from mmlight.compat.param_scheduler import (
    LRSchedulerMixin,
    MomentumSchedulerMixin,
    RuleScheduler,
    WeightDecaySchedulerMixin,
    _ParamScheduler,
)
from mmlight.optim import cyclic_recursions, recursions
from mmlight.optim.plateau import ReduceOnPlateau
from mmlight.optim.schedule import RunLength


class ConstantParamScheduler(RuleScheduler):
    """Multiply by a factor, and divide by it in the end."""

    rule = recursions.ConstantLR


class ConstantLR(LRSchedulerMixin, ConstantParamScheduler):
    """The same for the rate."""


class ConstantMomentum(MomentumSchedulerMixin, ConstantParamScheduler):
    """The same for the momentum."""


class CosineAnnealingParamScheduler(RuleScheduler):
    """Go to a floor on half a cosine."""

    rule = recursions.CosineAnnealingLR


class CosineAnnealingLR(LRSchedulerMixin, CosineAnnealingParamScheduler):
    """The same for the rate."""


class CosineAnnealingMomentum(MomentumSchedulerMixin, CosineAnnealingParamScheduler):
    """The same for the momentum."""


class ExponentialParamScheduler(RuleScheduler):
    """Multiply by `gamma` at each step."""

    rule = recursions.ExponentialLR


class ExponentialLR(LRSchedulerMixin, ExponentialParamScheduler):
    """The same for the rate."""


class ExponentialMomentum(MomentumSchedulerMixin, ExponentialParamScheduler):
    """The same for the momentum."""


class LinearParamScheduler(RuleScheduler):
    """Multiply by a factor that moves on a line."""

    rule = recursions.LinearLR


class LinearLR(LRSchedulerMixin, LinearParamScheduler):
    """The same for the rate."""


class LinearMomentum(MomentumSchedulerMixin, LinearParamScheduler):
    """The same for the momentum."""


class MultiStepParamScheduler(RuleScheduler):
    """Multiply by `gamma` at milestones."""

    rule = recursions.MultiStepLR


class MultiStepLR(LRSchedulerMixin, MultiStepParamScheduler):
    """The same for the rate."""


class MultiStepMomentum(MomentumSchedulerMixin, MultiStepParamScheduler):
    """The same for the momentum."""


class StepParamScheduler(RuleScheduler):
    """Multiply by `gamma` every so often."""

    rule = recursions.StepLR


class StepLR(LRSchedulerMixin, StepParamScheduler):
    """The same for the rate."""


class StepMomentum(MomentumSchedulerMixin, StepParamScheduler):
    """The same for the momentum."""


class PolyParamScheduler(RuleScheduler):
    """Fall as a power of the part of the span that is left."""

    rule = recursions.PolyLR


class PolyLR(LRSchedulerMixin, PolyParamScheduler):
    """The same for the rate."""


class PolyMomentum(MomentumSchedulerMixin, PolyParamScheduler):
    """The same for the momentum."""


class CosineRestartParamScheduler(RuleScheduler):
    """Go down on half a cosine, start again, and so on."""

    rule = cyclic_recursions.CosineRestartLR


class CosineRestartLR(LRSchedulerMixin, CosineRestartParamScheduler):
    """The same for the rate."""


class CosineRestartMomentum(MomentumSchedulerMixin, CosineRestartParamScheduler):
    """The same for the momentum."""


class OneCycleParamScheduler(RuleScheduler):
    """Go up to `eta_max` and down to a much smaller rate."""

    rule = cyclic_recursions.OneCycleLR


class OneCycleLR(LRSchedulerMixin, OneCycleParamScheduler):
    """The same for the rate."""


class CosineAnnealingWeightDecay(WeightDecaySchedulerMixin, CosineAnnealingParamScheduler):
    """Let the weight decay follow a cosine; 0 stays 0."""

    rule = recursions.CosineAnnealingWeightDecay


class ReduceOnPlateauParamScheduler(Mirror, _ParamScheduler):
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

    def state_dict(self) -> dict[str, Any]:
        """Return every attribute but the optimizer, and what the rule remembers."""
        own = {key: value for key, value in super().state_dict().items() if key != "inner"}
        return {**own, **self.inner.state_dict()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over the attributes of another scheduler."""
        for key, value in state_dict.items():
            setattr(self, key, value)


class ReduceOnPlateauLR(LRSchedulerMixin, ReduceOnPlateauParamScheduler):
    """The same for the rate."""


class ReduceOnPlateauMomentum(MomentumSchedulerMixin, ReduceOnPlateauParamScheduler):
    """The same for the momentum."""

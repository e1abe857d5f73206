"""Turns the import path of an optimizer, its options and a module into an optimizer."""

from collections.abc import Mapping
from pkgutil import resolve_name
from typing import Any, TypeAlias

from torch import nn
from torch.optim import Optimizer

from mmlight.optim.layer_decay import LayerDecayRules, group_by_depth
from mmlight.optim.parameter_groups import ParamwiseRules, group_parameters
from mmlight.optim.schedule import Group

Rules: TypeAlias = ParamwiseRules | LayerDecayRules


class OptimizerBuilder:
    """Build an optimizer once there is a module.

    Args:
        optimizer: Import path such as 'torch.optim.SGD', or a class.
        options: Its arguments besides the parameters: `lr`, `momentum`, `weight_decay`, ...
        paramwise: Multipliers per kind of parameter, or per layer; None for the same options
            everywhere.

    Raises:
        ValueError: If `optimizer` does not name a torch optimizer.

    Examples:
        >>> build = OptimizerBuilder("torch.optim.SGD", {"lr": 0.1, "momentum": 0.9}).build
        >>> build(nn.Linear(2, 2)).param_groups[0]["momentum"]
        0.9

    From: mmcv 1.7 `DefaultOptimizerConstructor`, mmengine 0.10 `DefaultOptimWrapperConstructor`,
    mmpretrain 1.2 `LearningRateDecayOptimWrapperConstructor`. One difference: parameters with the
    same options share a group, where those make a group for each parameter.
    """

    def __init__(
        self,
        optimizer: str | type[Optimizer],
        options: dict[str, Any] | None = None,
        paramwise: Rules | None = None,
    ) -> None:
        self.optimizer = _find_optimizer(optimizer) if isinstance(optimizer, str) else optimizer
        self.options = dict(options or {})
        self.paramwise = paramwise

    def build(self, module: nn.Module, mm_names: Mapping[str, str] | None = None) -> Optimizer:
        """Build the optimizer of a module.

        Args:
            module: Whose parameters are to be trained.
            mm_names: From our parameter names to the mm names that `custom_keys` are written for.

        Returns:
            An optimizer; without `paramwise` of all parameters, frozen ones too, as in the
            originals.
        """
        if self.paramwise is None:
            return self.optimizer(module.parameters(), **self.options)
        rates = {key: self.options.get(key) for key in ("lr", "weight_decay")}
        groups = group(module, self.paramwise, mm_names=mm_names, **rates)
        return self.optimizer(groups, **self.options)


def group(
    module: nn.Module,
    rules: Rules,
    *,
    lr: float | None,
    weight_decay: float | None,
    mm_names: Mapping[str, str] | None = None,
) -> list[Group]:
    """Sort the parameters of a module into groups of equal options, as its rules say."""
    if isinstance(rules, LayerDecayRules):
        return group_by_depth(module, rules, lr=lr, weight_decay=weight_decay, mm_names=mm_names)
    return group_parameters(module, rules, lr=lr, weight_decay=weight_decay, mm_names=mm_names)


def _find_optimizer(path: str) -> type[Optimizer]:
    try:
        found = resolve_name(path)
    except (ImportError, AttributeError, ValueError) as err:
        raise ValueError(f"optimizer must be an import path, got {path!r}: {err}") from err
    if not (isinstance(found, type) and issubclass(found, Optimizer)):
        raise ValueError(f"optimizer must name a torch optimizer, got {path!r}")
    return found

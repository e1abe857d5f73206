"""Start values for weights as users' own modules ask for them: functions, and dicts of `init_cfg`.

The values come from `mmlight/models/initializers.py`; this room brings the original's way to call
them.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from mmlight.errors import UnsupportedTypeError, list_names, nearest_name
from mmlight.models.initializers import (
    Caffe2Xavier,
    Constant,
    Initializer,
    Kaiming,
    Normal,
    Pretrained,
    TruncNormal,
    Uniform,
    Xavier,
)
from mmlight.registry import INITIALIZERS
from mmlight.weights.load import load_pretrained


class BaseInit:
    """Base of users' own initializers.

    Args:
        bias: Value for every bias.
        bias_prob: Prior probability in (0, 1); sets `bias` to the logit that predicts it.
        layer: Class name or names of the layers to fill.

    Attributes:
        wholemodule: Whether to fill every layer, as for an `override`, and not those of `layer`
            only; `initialize` sets it.

    From: mmcv 1.7 and mmengine 0.10 `BaseInit`.
    """

    def __init__(
        self,
        *,
        bias: float = 0,
        bias_prob: float | None = None,
        layer: str | list[str] | None = None,
    ) -> None:
        self.wholemodule = False
        self.bias = bias if bias_prob is None else bias_init_with_prob(bias_prob)
        self.layer = [layer] if isinstance(layer, str) else layer or []


def initialize(module: nn.Module, init_cfg: Mapping[str, Any] | Sequence[Any]) -> None:
    """Fill a module as an `init_cfg` says.

    Args:
        module: The module.
        init_cfg: A dict with a `type`, a name from the registry `INITIALIZERS` or a class, its
            arguments, and maybe `override`; or a list of such dicts.

    Raises:
        UnsupportedTypeError: If there is no such type.
        ValueError: If an override has no name, or more than a name and no type.
        WeightsError: If a checkpoint cannot be found, read or matched.

    Examples:
        >>> linear = nn.Linear(1, 1)
        >>> initialize(linear, dict(type="Constant", val=2, bias=3, layer="Linear"))
        >>> linear.weight.item(), linear.bias.item()
        (2.0, 3.0)

    From: mmcv 1.7 and mmengine 0.10 `initialize`.
    """
    for step in to_initializers(init_cfg):
        if isinstance(step, Pretrained):
            load_pretrained(module, step)
        else:
            step(module)


def to_initializers(init_cfg: Any) -> list[Any]:
    """Turn each dict of an `init_cfg` into something that fills a module; objects stay."""
    if not init_cfg:
        return []
    steps = list(init_cfg) if isinstance(init_cfg, Sequence) else [init_cfg]
    return [_to_step(dict(step)) if isinstance(step, Mapping) else step for step in steps]


def _to_step(cfg: dict[str, Any]) -> Any:
    override = cfg.pop("override", None)
    own = _build(cfg)
    if override is None:
        return own
    cfg.pop("layer", None)
    parts = [override] if isinstance(override, Mapping) else list(override)
    overrides = [_split_override(dict(part), cfg) for part in parts]

    def fill(module: nn.Module) -> None:
        own(module)
        for name, part_cfg in overrides:
            if not hasattr(module, name):
                raise ValueError(
                    f"override names a part that {type(module).__name__} does not have: {name!r}"
                )
            _fill_whole(_build(part_cfg), getattr(module, name))

    return fill


def _split_override(part: dict[str, Any], cfg: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    name = part.pop("name", None)
    if name is None:
        raise ValueError(f"override must have a name, got {part}")
    if part and "type" not in part:
        raise ValueError(f"override must have a type beside its arguments, got {part}")
    return name, part or cfg


def _fill_whole(step: Any, module: nn.Module) -> None:
    if isinstance(step, Initializer):
        step.fill_layers(module.modules(), only_matching=False)
    elif isinstance(step, Pretrained):
        load_pretrained(module, step)
    else:
        step.wholemodule = True
        step(module)


def _build(cfg: Mapping[str, Any]) -> Any:
    arguments = dict(cfg)
    kind = arguments.pop("type", None)
    own = isinstance(kind, type)
    made: Any = kind if own else INITIALIZERS.get(kind) if isinstance(kind, str) else None
    if made is None:
        names = INITIALIZERS.known_names
        raise UnsupportedTypeError(
            "init_cfg.type",
            f"unknown initializer type {kind!r}" if kind else f"{arguments} has no type",
            expected=list_names(names),
            nearest=nearest_name(str(kind), names),
            next_step="Correct the name, or register your class in INITIALIZERS.",
        )
    return made(**arguments)


# -------------------------------------------------------------------------- functions


def _fill(module: nn.Module, initializer: Initializer) -> None:
    initializer.fill_layers([module], only_matching=False)


def constant_init(module: nn.Module, val: float, bias: float = 0) -> None:
    """Fill weight and bias of one layer, where it has them, with one value each.

    From: mmcv 1.7 and mmengine 0.10 `constant_init`.
    """
    _fill(module, Constant(val, bias=bias))


def xavier_init(
    module: nn.Module, gain: float = 1, bias: float = 0, distribution: str = "normal"
) -> None:
    """Draw the weight of one layer by Glorot and Bengio's rule, set its bias.

    From: mmcv 1.7 and mmengine 0.10 `xavier_init`.
    """
    _fill(module, Xavier(gain, distribution, bias=bias))  # type: ignore[arg-type]


def normal_init(module: nn.Module, mean: float = 0, std: float = 1, bias: float = 0) -> None:
    """Draw the weight of one layer from N(mean, std^2), set its bias.

    From: mmcv 1.7 and mmengine 0.10 `normal_init`.
    """
    _fill(module, Normal(mean, std, bias=bias))


def trunc_normal_init(
    module: nn.Module,
    mean: float = 0,
    std: float = 1,
    a: float = -2,
    b: float = 2,
    bias: float = 0,
) -> None:
    """Draw the weight of one layer from N(mean, std^2) inside [a, b], set its bias.

    From: mmcv 1.7 and mmengine 0.10 `trunc_normal_init`.
    """
    _fill(module, TruncNormal(mean, std, a, b, bias=bias))


def uniform_init(module: nn.Module, a: float = 0, b: float = 1, bias: float = 0) -> None:
    """Draw the weight of one layer from U(a, b), set its bias.

    From: mmcv 1.7 and mmengine 0.10 `uniform_init`.
    """
    _fill(module, Uniform(a, b, bias=bias))


def kaiming_init(
    module: nn.Module,
    a: float = 0,
    mode: str = "fan_out",
    nonlinearity: str = "relu",
    bias: float = 0,
    distribution: str = "normal",
) -> None:
    """Draw the weight of one layer by He's rule, set its bias.

    From: mmcv 1.7 and mmengine 0.10 `kaiming_init`.
    """
    _fill(module, Kaiming(a, mode, nonlinearity, distribution, bias=bias))  # type: ignore[arg-type]


def caffe2_xavier_init(module: nn.Module, bias: float = 0) -> None:
    """Draw the weight of one layer as Caffe2's `XavierFill` does, set its bias.

    From: mmcv 1.7 and mmengine 0.10 `caffe2_xavier_init`.
    """
    _fill(module, Caffe2Xavier(bias=bias))


def bias_init_with_prob(prior_prob: float) -> float:
    """Return the logit that predicts a probability.

    Examples:
        >>> bias_init_with_prob(0.5)
        0.0

    From: mmcv 1.7 and mmengine 0.10 `bias_init_with_prob`.
    """
    return math.log(prior_prob / (1 - prior_prob))


def update_init_info(module: nn.Module, init_info: str) -> None:
    """Note who filled a parameter, for those whose mean has changed since the last call.

    Args:
        module: Has `_params_init_info`: parameter -> dict of `init_info` and `tmp_mean_value`.
        init_info: The text to note.

    From: mmcv 1.7 and mmengine 0.10 `update_init_info`. `BaseModule` keeps no such record here, so
        it is for users who make their own.
    """
    records: Any = module._params_init_info
    for parameter in module.parameters():
        record = records[parameter]
        mean = parameter.data.mean().cpu()
        if record["tmp_mean_value"] != mean:
            record.update(init_info=init_info, tmp_mean_value=mean)

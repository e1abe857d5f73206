"""Builds one layer of a network from a dict such as `dict(type='BN', eps=1e-3)`.

Which names stand for which class is told by the rows in `mmlight/translate/layers.py`.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from mmlight.errors import UnsupportedTypeError, list_names, nearest_name
from mmlight.registry import (
    ACTIVATION_LAYERS,
    CONV_LAYERS,
    DROPOUT_LAYERS,
    MODELS,
    PADDING_LAYERS,
    UPSAMPLE_LAYERS,
    Registry,
)
from mmlight.translate.table import bare_name

Layer = Callable[..., nn.Module]


def take_layer(cfg: Mapping[str, Any], registry: Registry) -> tuple[Layer, dict[str, Any]]:
    """Split a dict into the class that its `type` names and the arguments for it.

    A class of the user's comes first, from the registry of its kind or from `MODELS`, then the
    built-in types.

    Args:
        cfg: `type`, a name or a class, and arguments.
        registry: Of the kind that is asked for.

    Raises:
        UnsupportedTypeError: If there is no such type.
        TypeError: If `cfg` is no dict.
    """
    if not isinstance(cfg, Mapping):
        raise TypeError(f"cfg must be a dict, got {cfg!r}")
    arguments = dict(cfg)
    kind = arguments.pop("type", None)
    layer: Any = kind if inspect.isclass(kind) else None
    if isinstance(kind, str):
        layer = _find_own(kind, registry) or registry.get(kind)
    if layer is not None:
        return layer, arguments
    known = registry.known_names
    raise UnsupportedTypeError(
        registry.name,
        f"unknown type {kind!r}" if kind else f"{dict(cfg)} has no type",
        expected=list_names(known),
        nearest=nearest_name(str(bare_name(kind)), known),
        next_step="Correct the name, or register your class.",
    )


def _find_own(kind: str, registry: Registry) -> Layer | None:
    """Return what users have registered under a name, whatever the scope."""
    for place in (registry, MODELS):
        start, name = place.split(kind)
        for member in dict.fromkeys([*start.lineage, *start.others]):
            member.import_from_location()
            if name in member.module_dict:
                return member.module_dict[name]
    return None


def build_conv_layer(cfg: Mapping[str, Any] | None, *args: Any, **kwargs: Any) -> nn.Module:
    """Build a convolution.

    Args:
        cfg: `type`, a built-in or registered name or a class, and arguments; None means
            `Conv2d`.
        *args: First arguments of the class, usually channels in, channels out and kernel size.
        **kwargs: More arguments of the class.

    From: mmcv 1.7 and 2.2 `build_conv_layer`.
    """
    cfg = {"type": "Conv2d"} if cfg is None else cfg
    layer, arguments = take_layer(cfg, CONV_LAYERS)
    return layer(*args, **kwargs, **arguments)


def build_activation_layer(cfg: Mapping[str, Any]) -> nn.Module:
    """Build an activation from `type`, a built-in or registered name or a class.

    Examples:
        >>> build_activation_layer(dict(type="LeakyReLU", negative_slope=0.1))
        LeakyReLU(negative_slope=0.1)

    From: mmcv 1.7 and 2.2 `build_activation_layer`.
    """
    layer, arguments = take_layer(cfg, ACTIVATION_LAYERS)
    return layer(**arguments)


def build_padding_layer(cfg: Mapping[str, Any], *args: Any, **kwargs: Any) -> nn.Module:
    """Build a padding from `type`, a built-in or registered name or a class.

    From: mmcv 1.7 and 2.2 `build_padding_layer`.
    """
    layer, arguments = take_layer(cfg, PADDING_LAYERS)
    return layer(*args, **kwargs, **arguments)


def build_upsample_layer(cfg: Mapping[str, Any], *args: Any, **kwargs: Any) -> nn.Module:
    """Build an upsampling from `type`, a built-in or registered name or a class.

    From: mmcv 1.7 and 2.2 `build_upsample_layer`.
    """
    layer, arguments = take_layer(cfg, UPSAMPLE_LAYERS)
    if layer is nn.Upsample and isinstance(cfg["type"], str):
        arguments["mode"] = bare_name(cfg["type"])
    return layer(*args, **kwargs, **arguments)


def build_dropout(
    cfg: Mapping[str, Any], default_args: Mapping[str, Any] | None = None
) -> nn.Module:
    """Build `Dropout`, `DropPath` or a registered class; `default_args` stand behind `cfg`.

    From: mmcv 1.7 and 2.2 `build_dropout`.
    """
    layer, arguments = take_layer(cfg, DROPOUT_LAYERS)
    return layer(**{**(default_args or {}), **arguments})


class Dropout(nn.Dropout):
    """Zero single values at random in training mode.

    Args:
        drop_prob: Probability for a value to become zero, in [0, 1].
        inplace: Overwrite the input.

    From: mmcv 1.7 and 2.2 `Dropout`.
    """

    def __init__(self, drop_prob: float = 0.5, inplace: bool = False) -> None:
        super().__init__(drop_prob, inplace)

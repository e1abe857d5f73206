"""Turns a `norm_cfg` into a function that makes normalization layers."""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from mmlight.compat.cnn.layer import take_layer
from mmlight.registry import NORM_LAYERS


def norm_layer(norm_cfg: Mapping[str, Any]) -> Callable[..., nn.Module]:
    """Return a function from a number of channels to a normalization layer.

    Args:
        norm_cfg: `type`, a name such as 'BN' or a class, and its arguments; `eps` is 1e-5 when left
            out, `requires_grad` is for `freeze_norms`.

    Raises:
        UnsupportedTypeError: If there is no such type.
        ValueError: If the type has no such argument.

    Examples:
        >>> norm_layer({"type": "BN", "eps": 1e-3})(8).eps
        0.001

    From: mmcv 1.7 and 2.2 `build_norm_layer`.
    """
    layer, options = take_layer(norm_cfg, NORM_LAYERS)
    options.pop("requires_grad", None)
    known = inspect.signature(layer).parameters.values()
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in known)
    for key, value in options.items():
        if not takes_any and key not in {parameter.name for parameter in known}:
            kind = norm_cfg["type"]
            raise ValueError(f"norm_cfg of type {kind!r} does not support {key}={value!r}")
    options.setdefault("eps", 1e-5)
    if layer is nn.GroupNorm:
        if "num_groups" not in options:
            raise ValueError(f"norm_cfg must have num_groups for a group norm, got {norm_cfg}")
        return partial(nn.GroupNorm, options.pop("num_groups"), **options)
    return partial(layer, **options)


def freeze_norms(module: nn.Module, norm_cfg: Mapping[str, Any]) -> None:
    """Switch off the gradients of all norm layers for `requires_grad=False` in `norm_cfg`."""
    if norm_cfg.get("requires_grad", True):
        return
    for layer in module.modules():
        if isinstance(layer, _NormBase | nn.LayerNorm | nn.GroupNorm):
            layer.requires_grad_(False)


def norm_maker(norm_cfg: Mapping[str, Any]) -> Callable[..., nn.Module]:
    """Return a function that makes norms, without gradients for `requires_grad=False`.

    Raises:
        ValueError: If the type has no such argument.
    """
    layer = norm_layer(norm_cfg)

    def make_norm(*args: Any, **kwargs: Any) -> nn.Module:
        norm = layer(*args, **kwargs)
        return norm.requires_grad_(norm_cfg.get("requires_grad", True))

    return make_norm

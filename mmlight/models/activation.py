"""Turns an `act_cfg` into an activation class."""

from collections.abc import Mapping
from typing import Any, Final

from timm.layers import QuickGELU
from torch import nn

ACTIVATIONS: Final[Mapping[str, type[nn.Module]]] = {
    "GELU": nn.GELU,
    "QuickGELU": QuickGELU,
    "ReLU": nn.ReLU,
    "SiLU": nn.SiLU,
    "Sigmoid": nn.Sigmoid,
    "Tanh": nn.Tanh,
}


def activation_layer(act_cfg: Mapping[str, Any]) -> type[nn.Module]:
    """Return the class that an `act_cfg` names.

    Args:
        act_cfg: `type`, one of `ACTIVATIONS`; other keys than `inplace` are not supported.

    Raises:
        ValueError: If the type or a key is not supported.

    Examples:
        >>> activation_layer({"type": "Tanh"})()
        Tanh()
    """
    kind = act_cfg.get("type", "")
    if kind not in ACTIVATIONS:
        raise ValueError(f"act_cfg type must be one of {', '.join(ACTIVATIONS)}, got {kind!r}")
    for key, value in act_cfg.items():
        if key not in ("type", "inplace"):  # computing in place changes no result
            raise ValueError(f"act_cfg of type {kind!r} does not support {key}={value!r}")
    return ACTIVATIONS[kind]

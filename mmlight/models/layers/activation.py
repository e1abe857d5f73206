"""Turns an `act_cfg` into an activation class."""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from torch import nn

from mmlight.compat.cnn.layer import take_layer
from mmlight.registry import ACTIVATION_LAYERS


def activation_layer(act_cfg: Mapping[str, Any]) -> Callable[..., nn.Module]:
    """Return the class that an `act_cfg` names, with the arguments that it gives.

    Args:
        act_cfg: `type`, a name such as 'ReLU' or a class, and its arguments; `inplace` is left out,
            for it changes no result.

    Raises:
        UnsupportedTypeError: If there is no such type.
        ValueError: If the type has no such argument.

    Examples:
        >>> activation_layer({"type": "Tanh"})()
        Tanh()

    From: mmcv 1.7 and 2.2 `build_activation_layer`.
    """
    layer, options = take_layer(act_cfg, ACTIVATION_LAYERS)
    options.pop("inplace", None)
    for key, value in options.items():
        if key not in inspect.signature(layer).parameters:
            kind = act_cfg["type"]
            raise ValueError(f"act_cfg of type {kind!r} does not support {key}={value!r}")
    return partial(layer, **options) if options else layer

"""Builds the plugins of a network: layers that a config puts into its blocks."""

import inspect
import re
from collections.abc import Mapping
from typing import Any

from torch import nn

from mmlight.compat.cnn.layer import take_layer
from mmlight.registry import PLUGIN_LAYERS


def infer_abbr(class_type: type) -> str:
    """Return the `_abbr_` of a class, else its name in snake case.

    Examples:
        >>> infer_abbr(type("FancyBlock", (), {}))
        'fancy_block'

    From: mmcv 1.7 and 2.2 `mmcv.cnn.bricks.plugin.infer_abbr`.
    """
    if not inspect.isclass(class_type):
        raise TypeError(f"class_type must be a class, got {class_type!r}")
    own = getattr(class_type, "_abbr_", None)
    if own is not None:
        return str(own)
    words = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", class_type.__name__)
    return re.sub(r"([a-z\d])([A-Z])", r"\1_\2", words).replace("-", "_").lower()


def build_plugin_layer(
    cfg: Mapping[str, Any], postfix: int | str = "", **kwargs: Any
) -> tuple[str, nn.Module]:
    """Build a plugin.

    Args:
        cfg: `type`, a built-in or registered name or a class, and arguments.
        postfix: Put behind the short name.
        **kwargs: More arguments of the class.

    Returns:
        Its name, such as `conv_block1`, and the layer.

    From: mmcv 1.7 and 2.2 `build_plugin_layer`.
    """
    layer, arguments = take_layer(cfg, PLUGIN_LAYERS)
    return infer_abbr(layer) + str(postfix), layer(**kwargs, **arguments)  # type: ignore[arg-type]

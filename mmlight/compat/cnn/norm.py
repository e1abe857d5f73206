"""Builds normalization layers and tells them apart from others; one that torch does not have."""

import inspect
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.instancenorm import _InstanceNorm

from mmlight.compat.cnn.layer import take_layer
from mmlight.registry import NORM_LAYERS

_NAMES_BY_BASE = (
    (_InstanceNorm, "in"),
    (_BatchNorm, "bn"),
    (nn.GroupNorm, "gn"),
    (nn.LayerNorm, "ln"),
)
_NAMES_BY_WORD = (("batch", "bn"), ("group", "gn"), ("layer", "ln"), ("instance", "in"))


def infer_abbr(class_type: type) -> str:
    """Return the short name under which a norm layer becomes an attribute.

    It is the `_abbr_` of the class, else that of the torch class it derives from, else that of a
    word in its name, else `norm_layer`.

    Examples:
        >>> infer_abbr(nn.BatchNorm2d), infer_abbr(type("MyGroupNorm", (), {})), infer_abbr(int)
        ('bn', 'gn', 'norm_layer')

    From: mmcv 1.7 and 2.2 `mmcv.cnn.bricks.norm.infer_abbr`.
    """
    if not inspect.isclass(class_type):
        raise TypeError(f"class_type must be a class, got {class_type!r}")
    own = getattr(class_type, "_abbr_", None)
    if own is not None:
        return str(own)
    for base, name in _NAMES_BY_BASE:
        if issubclass(class_type, base):
            return name
    words = class_type.__name__.lower()
    return next((name for word, name in _NAMES_BY_WORD if word in words), "norm_layer")


def build_norm_layer(
    cfg: Mapping[str, Any], num_features: int, postfix: int | str = ""
) -> tuple[str, nn.Module]:
    """Build a normalization layer.

    Args:
        cfg: `type`, a built-in or registered name or a class; `requires_grad`, False to freeze
            it; and arguments of the class, of which `eps` is 1e-5 unless given.
        num_features: Number of channels.
        postfix: Put behind the short name.

    Returns:
        Its name, such as `bn1`, and the layer.

    Raises:
        UnsupportedTypeError: If there is no such type.
        ValueError: If a group norm lacks `num_groups`.

    Examples:
        >>> build_norm_layer(dict(type="BN", eps=1e-3), 8, postfix=1)[0]
        'bn1'

    From: mmcv 1.7 and 2.2 `build_norm_layer`.
    """
    layer, arguments = take_layer(cfg, NORM_LAYERS)
    requires_grad = arguments.pop("requires_grad", True)
    arguments.setdefault("eps", 1e-5)
    if layer is nn.GroupNorm:
        if "num_groups" not in arguments:
            raise ValueError(f"num_groups must be given for a group norm, got {dict(cfg)}")
        norm: nn.Module = layer(num_channels=num_features, **arguments)
    else:
        norm = layer(num_features, **arguments)
    norm.requires_grad_(requires_grad)
    return infer_abbr(layer) + str(postfix), norm  # type: ignore[arg-type]


def build_norm(cfg: Mapping[str, Any], num_features: int) -> nn.Module:
    """Build a normalization layer; see `build_norm_layer`, without the name.

    From: mmpretrain 1.2 `mmpretrain.models.utils.build_norm_layer`.
    """
    return build_norm_layer(cfg, num_features)[1]


def is_norm(layer: nn.Module, exclude: type | tuple[type, ...] | None = None) -> bool:
    """Tell whether a layer is a batch, instance, group or layer norm.

    Args:
        layer: The layer.
        exclude: Classes that do not count.

    Examples:
        >>> is_norm(nn.BatchNorm2d(1)), is_norm(nn.BatchNorm2d(1), exclude=nn.BatchNorm2d)
        (True, False)

    From: mmcv 1.7 and 2.2 `is_norm`.
    """
    if exclude is not None and isinstance(layer, exclude):
        return False
    return isinstance(layer, _BatchNorm | _InstanceNorm | nn.GroupNorm | nn.LayerNorm)


class LayerNorm2d(nn.LayerNorm):
    """Normalize the channels of every pixel.

    Args:
        num_channels: Number of channels `C`.
        **kwargs: Arguments of `torch.nn.LayerNorm`.

    From: mmcls 0.25 and mmpretrain 1.2 `LayerNorm2d`, in configs `LN2d`.
    """

    def __init__(self, num_channels: int, **kwargs: Any) -> None:
        super().__init__(num_channels, **kwargs)
        self.num_channels = num_channels

    def forward(self, x: Tensor, data_format: str = "channel_first") -> Tensor:
        """Map `(B, C, H, W)`, or `(B, H, W, C)` with 'channel_last', to the same shape."""
        if x.ndim != 4:
            raise ValueError(f"x must have the shape (B, C, H, W), got {tuple(x.shape)}")
        if data_format == "channel_last":
            return super().forward(x)
        # (B, C, H, W) -> (B, H, W, C) -> (B, C, H, W)
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2).contiguous()

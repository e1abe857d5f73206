"""Reads the `conv_cfg` of networks whose convolutions timm and torchvision make."""

from collections.abc import Mapping
from typing import Any, Final

Cfg = Mapping[str, Any]
_SAME_PADDING: Final = "Conv2dAdaptivePadding"


def read_padding(conv_cfg: Cfg | None) -> str:
    """Return timm's word for the padding of a convolution: '' half the kernel, 'same' as needed.

    Raises:
        ValueError: If it is another convolution.

    Examples:
        >>> read_padding(None), read_padding({"type": "Conv2dAdaptivePadding"})
        ('', 'same')
    """
    if conv_cfg is not None and dict(conv_cfg) == {"type": _SAME_PADDING}:
        return "same"
    if conv_cfg is None or dict(conv_cfg) in ({"type": "Conv2d"}, {"type": "Conv"}):
        return ""
    raise ValueError(
        f"conv_cfg must be None or of type 'Conv2d' or {_SAME_PADDING!r}, got {conv_cfg}"
    )


def check_plain_conv(conv_cfg: Cfg | None) -> None:
    """Raise a ValueError for any convolution but torch's."""
    if read_padding(conv_cfg):
        raise ValueError(f"conv_cfg must be None or of type 'Conv2d', got {conv_cfg}")

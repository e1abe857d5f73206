"""The neck of HRNet: from the finest branch to the coarsest, each is added to the next."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Any, ClassVar, Final

from timm.models.resnet import Bottleneck
from torch import Tensor, nn

from mmlight.compat.cnn.conv_module import ConvModule
from mmlight.models.initialize import InitCfg, Initializer, InitModule, Normal

BATCH_NORM: Final[Mapping[str, Any]] = MappingProxyType({"type": "BN", "momentum": 0.1})
CHANNELS: Final = (128, 256, 512, 1024)
"""Channels of the branches before they are added."""


class HRFuseScales(InitModule):
    """Fuse four feature maps, each half as large as the one before it, into one.

    Args:
        in_channels: Channels of each map.
        out_channels: Channels of the result.
        norm_cfg: See `norm_layer`. The blocks that widen the maps always have batch norm with
            torch's numbers, as in the originals.
        init_cfg: See `InitModule`; by default a normal distribution for linear layers, that is for
            none.

    Raises:
        ValueError: If there are not four maps.

    Examples:
        >>> import torch
        >>> neck = HRFuseScales((4, 8, 12, 16), out_channels=32).eval()
        >>> maps = tuple(torch.rand(1, 4 * i, 32 // 2**i, 32 // 2**i) for i in (1, 2, 3, 4))
        >>> [tuple(x.shape) for x in neck(maps)]
        [(1, 32, 2, 2)]

    From: mmcls 0.25 and mmpretrain 1.2 `HRFuseScales`.
    """

    default_init: ClassVar[tuple[Initializer, ...]] = (Normal(std=0.01, layer="Linear"),)

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: int = 2048,
        norm_cfg: Mapping[str, Any] = BATCH_NORM,
        init_cfg: InitCfg = None,
    ) -> None:
        super().__init__(init_cfg)
        if len(in_channels) != len(CHANNELS):
            raise ValueError(f"in_channels must have {len(CHANNELS)} entries, got {in_channels}")
        norm = dict(norm_cfg)
        widened = [_widen(*channels) for channels in zip(in_channels, CHANNELS, strict=True)]
        self.increase_layers = nn.ModuleList(widened)
        halved = [
            ConvModule(before, after, 3, stride=2, padding=1, bias=False, norm_cfg=norm)
            for before, after in pairwise(CHANNELS)
        ]
        self.downsample_layers = nn.ModuleList(halved)
        self.final_layer = ConvModule(CHANNELS[-1], out_channels, 1, bias=False, norm_cfg=norm)

    def forward(self, feats: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Map four maps `(B, C_i, H / 2^i, W / 2^i)` to one `(B, out_channels, H / 8, W / 8)`."""
        if len(feats) != len(CHANNELS):
            raise ValueError(f"feats must have {len(CHANNELS)} entries, got {len(feats)}")
        x = self.increase_layers[0](feats[0])
        for i, halve in enumerate(self.downsample_layers, start=1):
            x = halve(x) + self.increase_layers[i](feats[i])
        return (self.final_layer(x),)


def _widen(in_channels: int, out_channels: int) -> nn.Sequential:
    """Return one residual block under the name that it has in a stage of several."""
    shortcut = None
    if in_channels != out_channels:
        conv = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        shortcut = nn.Sequential(conv, nn.BatchNorm2d(out_channels))
    block = Bottleneck(in_channels, out_channels // 4, downsample=shortcut)
    return nn.Sequential(block)

"""The Visual Attention Network (VAN), which timm does not have."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import torch
from torch import Tensor, nn

from mmlight.compat.cnn.layer import build_activation_layer
from mmlight.models.backbones.base.staged_backbone import StagedBackbone
from mmlight.models.initialize import InitCfg
from mmlight.models.layers.defaults import LAYER_NORM
from mmlight.models.layers.drop_path import DropPath, rising_rates
from mmlight.models.layers.norm import norm_maker
from mmlight.models.options import Options, find_arch, name_archs, take_options

ARCH_KEYS: Final = ("embed_dims", "depths", "ffn_ratios")
_WIDTHS, _RATIOS = (64, 128, 320, 512), (8, 8, 4, 4)
ARCHS: Final = name_archs(
    ARCH_KEYS,
    {
        ("t", "tiny"): ((32, 64, 160, 256), (3, 3, 5, 2), _RATIOS),
        ("s", "small"): (_WIDTHS, (2, 2, 4, 2), _RATIOS),
        ("b", "base"): (_WIDTHS, (3, 3, 12, 3), _RATIOS),
        ("l", "large"): (_WIDTHS, (3, 5, 27, 3), _RATIOS),
    },
)
"""Names of an architecture -> its numbers."""
BLOCK_DEFAULTS: Final[Options] = MappingProxyType(
    {
        "act_cfg": {"type": "GELU"},
        "norm_cfg": {"type": "BN", "eps": 1e-5},
        "layer_scale_init_value": 1e-2,
    }
)


class MixFFN(nn.Module):
    """A feed-forward layer of 1x1 convolutions with a depthwise 3x3 one between.

    Args:
        channels: Channels `C` of input and result.
        inner_channels: Channels between.
        act_cfg: See `build_activation_layer`.
        drop_rate: Dropout after the activation and at the end, in [0, 1).

    From: mmcls 0.25 and mmpretrain 1.2 `MixFFN` of VAN.
    """

    def __init__(
        self, channels: int, inner_channels: int, act_cfg: Options, drop_rate: float
    ) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, inner_channels, 1)
        self.dwconv = nn.Conv2d(inner_channels, inner_channels, 3, padding=1, groups=inner_channels)
        self.act = build_activation_layer(act_cfg)
        self.fc2 = nn.Conv2d(inner_channels, channels, 1)
        self.drop = nn.Dropout(drop_rate)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to the same shape."""
        x = self.drop(self.act(self.dwconv(self.fc1(x))))
        y: Tensor = self.drop(self.fc2(x))
        return y


class LKA(nn.Module):
    """Large kernel attention: weights for each value from a wide neighbourhood.

    Args:
        channels: Channels `C` of input and result.

    From: mmcls 0.25 and mmpretrain 1.2 `LKA`.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.DW_conv = nn.Conv2d(channels, channels, 5, padding=2, groups=channels)
        self.DW_D_conv = nn.Conv2d(channels, channels, 7, padding=9, dilation=3, groups=channels)
        self.conv1 = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to the same shape."""
        weight: Tensor = self.conv1(self.DW_D_conv(self.DW_conv(x)))
        return x * weight


class SpatialAttention(nn.Module):
    """Large kernel attention between two 1x1 convolutions, added to the input.

    Args:
        channels: Channels `C` of input and result.
        act_cfg: See `build_activation_layer`.

    From: mmcls 0.25 and mmpretrain 1.2 `SpatialAttention` of VAN.
    """

    def __init__(self, channels: int, act_cfg: Options) -> None:
        super().__init__()
        self.proj_1 = nn.Conv2d(channels, channels, 1)
        self.activation = build_activation_layer(act_cfg)
        self.spatial_gating_unit = LKA(channels)
        self.proj_2 = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to the same shape."""
        y: Tensor = self.proj_2(self.spatial_gating_unit(self.activation(self.proj_1(x))))
        return y + x


class VANBlock(nn.Module):
    """Attention and a feed-forward layer, each normalized before and added to its input.

    Args:
        channels: Channels `C` of input and result.
        inner_channels: Channels inside the feed-forward layer.
        drop_rate: Dropout in the feed-forward layer, in [0, 1).
        drop_path_rate: Probability for a sample to skip a half, in [0, 1).
        act_cfg: See `build_activation_layer`.
        norm_cfg: See `norm_maker`.
        layer_scale_init_value: Start value of layer scale; 0 or less for none.

    From: mmcls 0.25 and mmpretrain 1.2 `VANBlock`.
    """

    def __init__(
        self,
        channels: int,
        inner_channels: int,
        *,
        drop_rate: float,
        drop_path_rate: float,
        act_cfg: Options,
        norm_cfg: Options,
        layer_scale_init_value: float,
    ) -> None:
        super().__init__()
        self.norm1 = norm_maker(norm_cfg)(channels)
        self.attn = SpatialAttention(channels, act_cfg)
        self.drop_path = DropPath(drop_path_rate)
        self.norm2 = norm_maker(norm_cfg)(channels)
        self.mlp = MixFFN(channels, inner_channels, act_cfg, drop_rate)
        for name in ("layer_scale_1", "layer_scale_2"):
            start = torch.full((channels,), float(layer_scale_init_value))
            scale = nn.Parameter(start) if layer_scale_init_value > 0 else None
            self.register_parameter(name, scale)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to the same shape."""
        x = x + self.drop_path(_scale(self.attn(self.norm1(x)), self.layer_scale_1))
        y: Tensor = x + self.drop_path(_scale(self.mlp(self.norm2(x)), self.layer_scale_2))
        return y


class PatchEmbed(nn.Module):
    """A convolution of overlapping patches with its batch norm.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the result.
        patch_size: Size of a patch, odd [px]; the stride is half of it, rounded up.

    From: mmcls 0.25 and mmpretrain 1.2 `VANPatchEmbed`.
    """

    def __init__(self, in_channels: int, out_channels: int, patch_size: int) -> None:
        super().__init__()
        half = patch_size // 2
        self.projection = nn.Conv2d(
            in_channels, out_channels, patch_size, stride=half + 1, padding=half
        )
        self.norm = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, in_channels, H, W)` to `(B, out_channels, H / stride, W / stride)`."""
        y: Tensor = self.norm(self.projection(x))
        return y


class VAN(StagedBackbone):
    """Visual Attention Network: attention by convolutions with large kernels.

    Args:
        arch: 'tiny', 'small', 'base', 'large', or a dict with the keys `ARCH_KEYS`.
        patch_sizes: Patch size of each stage, odd [px].
        in_channels: Channels of the images.
        drop_rate: Dropout in the feed-forward layers, in [0, 1).
        drop_path_rate: Rate of stochastic depth of the last block, rising from 0, in [0, 1).
        out_indices: Stages whose outputs are returned, each in [0, stages).
        frozen_stages: Number of the last stage that gets no gradient, with all before it; -1
            freezes nothing.
        norm_eval: Whether batch norm stays in eval mode while training.
        norm_cfg: Norm of the tokens `(B, L, C)` at the end of each stage, see `norm_maker`.
        block_cfgs: For all blocks: `act_cfg`, `norm_cfg`, `layer_scale_init_value`.
        init_cfg: See `InitModule`; torch's start values by default.

    Raises:
        ValueError: If a value is out of range.

    Examples:
        >>> [tuple(x.shape) for x in VAN("tiny")(torch.rand(2, 3, 64, 64))]
        [(2, 256, 2, 2)]

    From: mmcls 0.25 and mmpretrain 1.2 `VAN`; mmcls calls the sizes 'b0' to 'b6'.
    """

    timm_head = None

    def __init__(
        self,
        arch: str | Mapping[str, Any] = "tiny",
        patch_sizes: Sequence[int] = (7, 3, 3, 3),
        in_channels: int = 3,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        out_indices: Sequence[int] = (3,),
        frozen_stages: int = -1,
        norm_eval: bool = False,
        norm_cfg: Options = LAYER_NORM,
        block_cfgs: Options = MappingProxyType({}),
        init_cfg: InitCfg = None,
    ) -> None:
        numbers = find_arch(arch, ARCHS, ARCH_KEYS)
        self.depth = len(numbers["depths"])
        if not -1 <= frozen_stages < self.depth:
            raise ValueError(f"frozen_stages must be in [-1, {self.depth}), got {frozen_stages}")
        options = take_options(block_cfgs, BLOCK_DEFAULTS, "block_cfgs")
        total = sum(numbers["depths"])
        rates = iter(rising_rates(drop_path_rate, total))
        network, before = nn.Module(), in_channels
        rows = zip(*(numbers[key] for key in ARCH_KEYS), patch_sizes, strict=True)
        for number, (width, depth, ratio, patch) in enumerate(rows, start=1):
            blocks = [
                VANBlock(
                    *(width, int(width * ratio)),
                    drop_rate=drop_rate,
                    drop_path_rate=next(rates),
                    **options,
                )
                for _ in range(depth)
            ]
            network.add_module(f"patch_embed{number}", PatchEmbed(before, width, patch))
            network.add_module(f"blocks{number}", nn.ModuleList(blocks))
            network.add_module(f"norm{number}", norm_maker(norm_cfg)(width))
            before = width
        super().__init__(
            network,
            out_indices=out_indices,
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            init_cfg=init_cfg,
        )

    def stem(self, images: Tensor) -> Tensor:
        """Return the images; each stage begins with its own patch embedding."""
        return images

    def stages(self) -> Sequence[Sequence[nn.Module]]:
        """Return the patch embedding and the blocks of each stage."""
        return [[embed, *blocks] for embed, blocks, _ in map(self._stage, range(self.depth))]

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map images `(B, C, H, W)` to the outputs of the wanted stages."""
        x, outputs = images, []
        for index, blocks in enumerate(self.stages()):
            for block in blocks:
                x = block(x)
            tokens = x.flatten(2).transpose(1, 2)  # (B, C, H, W) -> (B, H * W, C)
            tokens = self._stage(index)[2](tokens)
            # (B, H * W, C) -> (B, C, H * W) -> (B, C, H, W)
            x = tokens.transpose(1, 2).reshape(x.shape)
            if index in self.out_indices:
                outputs.append(x)
        return tuple(outputs)

    def frozen_parts(self) -> Sequence[nn.Module]:
        """Return patch embedding, blocks and norm of the first stages."""
        return [part for index in range(self.frozen_stages + 1) for part in self._stage(index)]

    def _stage(self, index: int) -> tuple[nn.Module, nn.ModuleList, nn.Module]:
        net, number = self.network, index + 1
        names = (f"patch_embed{number}", f"blocks{number}", f"norm{number}")
        embed, blocks, norm = (getattr(net, name) for name in names)
        return embed, blocks, norm


def _scale(x: Tensor, scale: Any) -> Tensor:
    return x if scale is None else x * scale[:, None, None]  # (C,) -> (C, 1, 1)

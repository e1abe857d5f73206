"""The blocks of HorNet: recursive gated convolutions, filters of image size."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmlight.compat.cnn.scale import LayerScale
from mmlight.models.layers.drop_path import DropPath, rising_rates
from mmlight.models.options import Options

EPS: Final = 1e-6


class HorNetLayerNorm(nn.Module):
    """Normalize the channels of each pixel.

    No subclass of torch's layer, as in the original: rules of a config for norm layers, such as
    `norm_decay_mult` or initial weights, do not touch it.

    Args:
        channels: Number of channels `C`.
        channels_first: Whether the input is `(B, C, H, W)`, else `(B, H, W, C)`.

    From: mmcls 0.25 and mmpretrain 1.2 `HorNetLayerNorm`.
    """

    def __init__(self, channels: int, *, channels_first: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.eps = EPS
        self.channels_first = channels_first

    def forward(self, x: Tensor) -> Tensor:
        """Map the input to the same shape."""
        if self.channels_first:
            x = x.permute(0, 2, 3, 1)  # (B, C, H, W) -> (B, H, W, C)
        x = functional.layer_norm(x, self.weight.shape, self.weight, self.bias, self.eps)
        return x.permute(0, 3, 1, 2) if self.channels_first else x  # back to (B, C, H, W)


class GlobalLocalFilter(nn.Module):
    """Convolve half of the channels by a 3x3 kernel, the others by a filter of image size.

    Args:
        channels: Number of channels `C`, even.
        h: Height of the filter in the frequency domain.
        w: Its width, half of an image's plus one; other sizes are interpolated.

    From: mmcls 0.25 and mmpretrain 1.2 `GlobalLocalFilter`, with frequencies in float32 too.
    """

    def __init__(self, channels: int, h: int = 14, w: int = 8) -> None:
        super().__init__()
        half = channels // 2
        self.dw = nn.Conv2d(half, half, 3, padding=1, bias=False, groups=half)
        self.complex_weight = nn.Parameter(torch.randn(half, h, w, 2) * 0.02)
        self.pre_norm = HorNetLayerNorm(channels)
        self.post_norm = HorNetLayerNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to the same shape."""
        local, other = self.pre_norm(x).chunk(2, dim=1)
        local, size = self.dw(local), x.shape[2:]
        spectrum = torch.fft.rfft2(other.float(), norm="ortho")
        spectrum = spectrum * torch.view_as_complex(self._resize(spectrum.shape[2:]))
        wide = torch.fft.irfft2(spectrum, s=size, norm="ortho")
        # 2 * (B, C / 2, H, W) -> (B, C / 2, 2, H, W) -> (B, C, H, W): channels take turns
        joined = torch.stack((local, wide), dim=2).flatten(1, 2)
        y: Tensor = self.post_norm(joined)
        return y

    def _resize(self, size: Sequence[int]) -> Tensor:
        weight: Tensor = self.complex_weight
        if weight.shape[1:3] != tuple(size):
            image = weight.permute(3, 0, 1, 2)  # (C / 2, h, w, 2) -> (2, C / 2, h, w)
            image = functional.interpolate(
                image, size=tuple(size), mode="bilinear", align_corners=True
            )
            weight = image.permute(1, 2, 3, 0)  # (2, C / 2, h, w) -> (C / 2, h, w, 2)
        return weight.contiguous()


def build_filter(channels: int, dw_cfg: Options) -> nn.Module:
    """Build what mixes pixels in a gated convolution.

    Args:
        channels: Number of channels.
        dw_cfg: `type` 'DW' with `kernel_size` and `bias`, a depthwise convolution, or 'GF' with `h`
            and `w`, a `GlobalLocalFilter`.

    Raises:
        ValueError: If the type is another one.
    """
    options = dict(dw_cfg)
    kind = options.pop("type")
    if kind == "GF":
        return GlobalLocalFilter(channels, **options)
    if kind != "DW":
        raise ValueError(f"dw_cfg must be of type 'DW' or 'GF', got {kind!r}")
    size = options.pop("kernel_size")
    return nn.Conv2d(channels, channels, size, padding=(size - 1) // 2, groups=channels, **options)


class GatedConv(nn.Module):
    """Multiply features again and again by filtered ones of twice as many channels.

    Args:
        channels: Channels `C` of input and result.
        order: Number of products.
        dw_cfg: See `build_filter`.
        scale: Factor on the filtered features.

    From: mmcls 0.25 and mmpretrain 1.2 `gnConv`.
    """

    def __init__(self, channels: int, order: int, dw_cfg: Options, scale: float) -> None:
        super().__init__()
        self.dims = [channels // 2**step for step in reversed(range(order))]
        self.scale = scale
        self.proj_in = nn.Conv2d(channels, 2 * channels, 1)
        self.dwconv = build_filter(sum(self.dims), dw_cfg)
        self.proj_out = nn.Conv2d(channels, channels, 1)
        pairs = pairwise(self.dims)
        self.projs = nn.ModuleList(nn.Conv2d(before, after, 1) for before, after in pairs)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to the same shape."""
        y, gates = self.proj_in(x).split((self.dims[0], sum(self.dims)), dim=1)
        first, *others = (self.dwconv(gates) * self.scale).split(self.dims, dim=1)
        y = y * first
        for widen, gate in zip(self.projs, others, strict=True):
            y = widen(y) * gate
        result: Tensor = self.proj_out(y)
        return result


class HorNetBlock(nn.Module):
    """A gated convolution and a feed-forward layer, each normalized before and added to its input.

    Args:
        channels: Channels `C` of input and result.
        order: See `GatedConv`.
        dw_cfg: See `build_filter`.
        scale: See `GatedConv`.
        drop_path_rate: Probability for a sample to skip a half, in [0, 1).
        use_layer_scale: Whether each half has a learnable factor per channel.

    From: mmcls 0.25 and mmpretrain 1.2 `HorNetBlock`.
    """

    def __init__(
        self,
        channels: int,
        order: int,
        dw_cfg: Options,
        *,
        scale: float,
        drop_path_rate: float,
        use_layer_scale: bool,
    ) -> None:
        super().__init__()
        self.norm1 = HorNetLayerNorm(channels)
        self.gnconv = GatedConv(channels, order, dw_cfg, scale)
        self.norm2 = HorNetLayerNorm(channels, channels_first=False)
        self.pwconv1 = nn.Linear(channels, 4 * channels)
        self.act = nn.GELU()
        self.pwconv2 = nn.Linear(4 * channels, channels)
        self.gamma1: nn.Module = nn.Identity()
        self.gamma2: nn.Module = nn.Identity()
        if use_layer_scale:
            self.gamma1 = LayerScale(channels, data_format="channels_first")
            self.gamma2 = LayerScale(channels)
        self.drop_path = DropPath(drop_path_rate)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to the same shape."""
        x = x + self.drop_path(self.gamma1(self.gnconv(self.norm1(x))))
        y = self.norm2(x.permute(0, 2, 3, 1))  # (B, C, H, W) -> (B, H, W, C)
        y = self.gamma2(self.pwconv2(self.act(self.pwconv1(y))))
        result: Tensor = x + self.drop_path(y.permute(0, 3, 1, 2))  # (B, H, W, C) -> (B, C, H, W)
        return result


def build_downsampling(in_channels: int, widths: Sequence[int]) -> nn.ModuleList:
    """Build what makes the input of each stage.

    Args:
        in_channels: Channels of the images.
        widths: Channels of each stage.
    """
    layers = nn.ModuleList()
    stem = nn.Conv2d(in_channels, widths[0], 4, stride=4)
    layers.append(nn.Sequential(stem, HorNetLayerNorm(widths[0])))
    for before, after in pairwise(widths):
        conv = nn.Conv2d(before, after, 2, stride=2)
        layers.append(nn.Sequential(HorNetLayerNorm(before), conv))
    return layers


def build_stages(
    numbers: Mapping[str, Any], widths: Sequence[int], drop_path_rate: float, options: Options
) -> nn.ModuleList:
    """Build the blocks of each stage.

    Args:
        numbers: Keys as in `ARCH_KEYS` of `hornet.py`.
        widths: Channels of each stage.
        drop_path_rate: Rate of the last block, rising from 0, in [0, 1).
        options: `scale` and `use_layer_scale` of all blocks.
    """
    total = sum(numbers["depths"])
    rates = iter(rising_rates(drop_path_rate, total))
    rows = zip(widths, numbers["orders"], numbers["dw_cfg"], numbers["depths"], strict=True)
    return nn.ModuleList(
        nn.Sequential(
            *(
                HorNetBlock(width, order, dw_cfg, drop_path_rate=next(rates), **options)
                for _ in range(depth)
            )
        )
        for width, order, dw_cfg, depth in rows
    )

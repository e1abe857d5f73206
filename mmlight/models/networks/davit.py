"""The layers of DaViT, of timm's blocks."""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, Final

from timm.models.davit import ChannelBlock, SpatialBlock
from torch import Tensor, nn

from mmlight.compat.cnn.patch_embed import AdaptivePadding
from mmlight.models.layers.defaults import LAYER_NORM
from mmlight.models.layers.drop_path import DropPath
from mmlight.models.layers.norm import norm_maker
from mmlight.models.networks.swin import EMPTY, SwinStage, feed_forward
from mmlight.models.options import Options, spread_options, take_options

STAGE: Final[Options] = MappingProxyType(
    {
        "depth": None,
        "num_heads": None,
        "window_size": 7,
        "ffn_ratio": 4.0,
        "qkv_bias": True,
        "drop_paths": None,
        "pad_small_map": False,
        "with_cp": False,
        "downsample_cfg": EMPTY,
        "block_cfgs": EMPTY,
    }
)
"""Options of a stage."""


class Stem(nn.Module):
    """A convolution of 7x7 pixels and a norm.

    Args:
        in_channels: Channels of the images.
        channels: Channels out `C`.
        stride: Step of the convolution [px].

    From: mmpretrain 1.2 `DaViT`; pads as much as the kernels need, timm 3 pixels on each side.
    """

    def __init__(self, in_channels: int, channels: int, stride: int) -> None:
        super().__init__()
        self.pad = AdaptivePadding(7, stride, padding="same")
        self.conv = nn.Conv2d(in_channels, channels, 7, stride)
        self.norm = nn.LayerNorm(channels)

    def forward(self, images: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to `(B, H', W', C')`."""
        x: Tensor = self.norm(self.conv(self.pad(images)).permute(0, 2, 3, 1))
        return x


class Downsample(nn.Module):
    """A norm and a convolution that halves the map.

    Args:
        channels: Channels in; twice as many come out.
        norm_cfg: `type` 'LN', `eps`.

    From: mmpretrain 1.2 `DaViTDownSample`: a last odd row or column is left out, timm pads it.
    """

    def __init__(self, channels: int, norm_cfg: Options) -> None:
        super().__init__()
        self.norm = norm_maker(norm_cfg)(channels)
        self.conv = nn.Conv2d(channels, 2 * channels, 2, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, H, W, C)` to `(B, H / 2, W / 2, 2 * C)`."""
        y: Tensor = self.conv(self.norm(x).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        return y


class DualBlock(nn.Sequential):
    """Attention in windows over places, then attention over channels.

    Args:
        channels: Channels in and out `C`.
        num_heads: Number of heads of both.
        window_size: Side of a window.
        ffn_ratio: Inner channels of the feed-forward layers over `C`.
        qkv_bias: Whether query, key and value have a bias.
        drop_path: Rate of stochastic depth, in [0, 1); none for the attention over channels.
        ffn_cfgs: Some of `FEED_FORWARD`.
        norm_cfg: `type` 'LN', `eps`.
        with_cp: Whether the block is computed again in the backward pass.

    From: mmpretrain 1.2 `DaViTBlock`.
    """

    def __init__(
        self,
        channels: int,
        num_heads: int,
        *,
        window_size: int,
        ffn_ratio: float,
        qkv_bias: bool,
        drop_path: float,
        ffn_cfgs: Options,
        norm_cfg: Options,
        with_cp: bool,
    ) -> None:
        options: Any = {"qkv_bias": qkv_bias, "norm_layer": norm_maker(norm_cfg)}
        spatial: Any = SpatialBlock(channels, num_heads, window_size, **options)
        channel: Any = ChannelBlock(channels, num_heads, **options)
        for block in (spatial, channel):
            block.mlp = feed_forward(channels, ffn_ratio, ffn_cfgs)
            block.drop_path2 = DropPath(drop_path)
        spatial.drop_path1 = DropPath(drop_path)
        super().__init__(spatial, channel)
        self.with_cp = with_cp

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, H, W, C)` to the same shape."""
        image = x.permute(0, 3, 1, 2)  # (B, H, W, C) -> (B, C, H, W)
        for block in self:
            image = block(image)
        return image.permute(0, 2, 3, 1)  # (B, C, H, W) -> (B, H, W, C)


class DaViTNetwork(nn.Module):
    """The parts of the network under timm's names.

    Args:
        stem: Makes vectors of the image.
        stages: The stages.
    """

    def __init__(self, stem: Stem, stages: Sequence[SwinStage]) -> None:
        super().__init__()
        self.stem = stem
        self.stages = nn.ModuleList(stages)


def build_blocks(channels: int, options: Options) -> list[DualBlock]:
    """Build the blocks of a stage from all options of `STAGE`.

    Raises:
        ValueError: If an option is not supported.
    """
    depth, rates = options["depth"], options["drop_paths"]
    rates = [rates] * depth if isinstance(rates, int | float) else rates
    names = ("num_heads", "window_size", "ffn_ratio", "qkv_bias", "pad_small_map", "with_cp")
    shared = {name: options[name] for name in names}
    blocks = []
    for index, given in enumerate(spread_options(options["block_cfgs"], depth, "block_cfgs")):
        own = {"drop_path": rates[index], "ffn_cfgs": EMPTY, "norm_cfg": LAYER_NORM}
        taken = take_options(given, {**shared, **own}, "block_cfgs")
        taken.pop("pad_small_map")
        blocks.append(DualBlock(channels, **taken))
    return blocks

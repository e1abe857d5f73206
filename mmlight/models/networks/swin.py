"""The networks of Swin Transformer, of timm's attention, merging and feed-forward layers.

timm's own blocks fix their window at construction and pad behind the shift; these do as the
originals on maps of every size.
"""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, Final

import torch
from timm.layers.mlp import Mlp
from timm.models.swin_transformer import PatchMerging as PatchMergingV1
from timm.models.swin_transformer import WindowAttention as WindowAttentionV1
from timm.models.swin_transformer_v2 import PatchMerging as PatchMergingV2
from timm.models.swin_transformer_v2 import WindowAttention as WindowAttentionV2
from torch import Tensor, nn

from mmlight.models.layers.activation import activation_layer
from mmlight.models.layers.defaults import LAYER_NORM
from mmlight.models.layers.drop_path import DropPath
from mmlight.models.layers.norm import norm_maker
from mmlight.models.layers.patch_embedding import PatchEmbedding
from mmlight.models.layers.window import attend_in_windows
from mmlight.models.options import Options, spread_options, take_options

EMPTY: Final[Options] = MappingProxyType({})
ATTENTION: Final[Options] = MappingProxyType(
    {"qkv_bias": True, "qk_scale": None, "attn_drop": 0.0, "proj_drop": 0.0}
)
FEED_FORWARD: Final[Options] = MappingProxyType(
    {"feedforward_channels": None, "num_fcs": 2, "ffn_drop": 0.0, "act_cfg": {"type": "GELU"}}
)
STAGE: Final[Options] = MappingProxyType(
    {
        "depth": None,
        "num_heads": None,
        "window_size": None,
        "drop_paths": None,
        "pad_small_map": False,
        "with_cp": False,
        "downsample_cfg": EMPTY,
        "block_cfgs": EMPTY,
    }
)
SHARED: Final = ("num_heads", "window_size", "pad_small_map", "with_cp", "pretrained_window_size")
"""Options of a stage that its blocks take too."""
BLOCK: Final[Options] = MappingProxyType(
    {"ffn_ratio": 4.0, "attn_cfgs": EMPTY, "ffn_cfgs": EMPTY, "norm_cfg": LAYER_NORM}
)
STAGE_V2: Final[Options] = MappingProxyType(
    {**STAGE, "extra_norm_every_n_blocks": 0, "pretrained_window_size": 0}
)


def feed_forward(channels: int, ratio: float, options: Options) -> Mlp:
    """Build two linear layers with an activation between them.

    Args:
        channels: Channels in and out.
        ratio: Inner channels over `channels`, where `options` does not give their number.
        options: Some of `FEED_FORWARD`.

    Raises:
        ValueError: If an option is not supported.

    From: mmcv 1.7 and 2.2 `FFN` without its shortcut.
    """
    taken = take_options(options, FEED_FORWARD, "ffn_cfgs")
    if taken["num_fcs"] != 2:
        raise ValueError(f"ffn_cfgs num_fcs must be 2, got {taken['num_fcs']}")
    hidden = taken["feedforward_channels"] or int(channels * ratio)
    activation: Any = activation_layer(taken["act_cfg"])
    return Mlp(channels, hidden, act_layer=activation, drop=taken["ffn_drop"])


class SwinBlock(nn.Module):
    """Window attention and a feed-forward layer, normalized before.

    Args:
        channels: Channels in and out `C`.
        num_heads: Number of attention heads.
        window_size: Side of a window.
        shift: Whether the windows are shifted by half their side.
        ffn_ratio: Inner channels of the feed-forward layer over `C`.
        drop_path: Rate of stochastic depth, in [0, 1).
        pad_small_map: See `attend_in_windows`.
        attn_cfgs: Some of `ATTENTION`.
        ffn_cfgs: Some of `FEED_FORWARD`.
        norm_cfg: `type` 'LN', `eps`.
        with_cp: Whether the block is computed again in the backward pass.

    Raises:
        ValueError: If an option is not supported.

    From: mmcls 0.25 and mmpretrain 1.2 `SwinBlock`.
    """

    def __init__(
        self,
        channels: int,
        num_heads: int,
        window_size: int = 7,
        shift: bool = False,
        ffn_ratio: float = 4.0,
        drop_path: float = 0.0,
        pad_small_map: bool = False,
        attn_cfgs: Options = EMPTY,
        ffn_cfgs: Options = EMPTY,
        norm_cfg: Options = LAYER_NORM,
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        norm = norm_maker(norm_cfg)
        self.window_size, self.pad_small_map, self.with_cp = window_size, pad_small_map, with_cp
        self.shift_size = window_size // 2 if shift else 0
        self.norm1 = norm(channels)
        self.attn = self.build_attention(channels, num_heads, attn_cfgs)
        self.drop_path1 = DropPath(drop_path)
        self.norm2 = norm(channels)
        self.mlp = feed_forward(channels, ffn_ratio, ffn_cfgs)
        self.drop_path2 = DropPath(drop_path)

    def build_attention(self, channels: int, num_heads: int, options: Options) -> nn.Module:
        """Build the attention inside a window."""
        taken = take_options(options, ATTENTION, "attn_cfgs")
        scale = taken.pop("qk_scale")
        layer: Any = WindowAttentionV1(channels, num_heads, window_size=self.window_size, **taken)
        layer.scale = scale or layer.scale
        nn.init.zeros_(layer.relative_position_bias_table)
        module: nn.Module = layer
        return module

    def attend(self, x: Tensor) -> Tensor:
        """Attend in windows of `(B, H, W, C)`."""
        return attend_in_windows(
            x,
            self.attn,
            window=self.window_size,
            shift=self.shift_size,
            pad_small_map=self.pad_small_map,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, H, W, C)` to the same shape."""
        x = x + self.drop_path1(self.attend(self.norm1(x)))
        y: Tensor = x + self.drop_path2(self.mlp(self.norm2(x)))
        return y


class SwinBlockV2(SwinBlock):
    """Cosine attention in windows and a feed-forward layer, normalized behind.

    Args:
        channels: Channels in and out `C`.
        num_heads: Number of attention heads.
        extra_norm: Whether the block ends with a norm.
        pretrained_window_size: Window that the position bias was trained for; 0 for this one.
        drop_normalized: Whether stochastic depth acts behind the norms, not before them.
        norm_cfg: `type` 'LN', `eps`.
        **kwargs: Arguments of `SwinBlock`.

    From: mmcls 0.25 and mmpretrain 1.2 `SwinBlockV2`.
    """

    def __init__(
        self,
        channels: int,
        num_heads: int,
        extra_norm: bool = False,
        pretrained_window_size: int = 0,
        drop_normalized: bool = False,
        norm_cfg: Options = LAYER_NORM,
        **kwargs: Any,
    ) -> None:
        self.pretrained_window_size = pretrained_window_size
        super().__init__(channels, num_heads, norm_cfg=norm_cfg, **kwargs)
        self.drop_normalized = drop_normalized
        self.norm3 = norm_maker(norm_cfg)(channels) if extra_norm else nn.Identity()

    def build_attention(self, channels: int, num_heads: int, options: Options) -> nn.Module:
        """Build the attention inside a window."""
        known = {key: value for key, value in ATTENTION.items() if key != "qk_scale"}
        layer: nn.Module = WindowAttentionV2(
            channels,
            (self.window_size, self.window_size),
            num_heads,
            pretrained_window_size=(self.pretrained_window_size, self.pretrained_window_size),
            **take_options(options, known, "attn_cfgs"),
        )
        return layer

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, H, W, C)` to the same shape."""
        steps = (
            (self.attend, self.norm1, self.drop_path1),
            (self.mlp, self.norm2, self.drop_path2),
        )
        for layer, norm, drop in steps:
            x = x + (drop(norm(layer(x))) if self.drop_normalized else norm(drop(layer(x))))
        y: Tensor = self.norm3(x)
        return y


class SwinStage(nn.Module):
    """Downsampling and the blocks behind it.

    Args:
        downsample: Halves the map, or keeps it.
        blocks: The blocks.
    """

    def __init__(self, downsample: nn.Module, blocks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.downsample = downsample
        self.blocks = nn.Sequential(*blocks)


class SwinNetwork(nn.Module):
    """The parts of the network under timm's names.

    Args:
        patch_embed: Makes vectors `C` of the image.
        grid: Rows and columns of the absolute position embedding; None for none.
        drop_rate: Dropout behind the embedding.
        layers: The stages.
    """

    def __init__(
        self,
        patch_embed: PatchEmbedding,
        grid: tuple[int, int] | None,
        drop_rate: float,
        layers: Sequence[SwinStage],
    ) -> None:
        super().__init__()
        self.patch_embed = patch_embed
        self.absolute_pos_embed: nn.Parameter | None = None
        if grid is not None:
            shape = (1, grid[0] * grid[1], patch_embed.proj.out_channels)
            self.absolute_pos_embed = nn.Parameter(torch.zeros(shape))
        self.pos_drop = nn.Dropout(drop_rate)
        self.layers = nn.ModuleList(layers)


def build_merging(channels: int, options: Options) -> nn.Module:
    """Build what merges 2x2 vectors of length `channels` into one of twice the length.

    Args:
        channels: Channels in.
        options: `norm_cfg`; `use_post_norm` normalizes behind the linear layer (V2).

    Raises:
        ValueError: If an option is not supported.
    """
    known = {"norm_cfg": LAYER_NORM, "use_post_norm": False}
    taken = take_options(options, known, "downsample_cfg")
    if taken["norm_cfg"] is None:
        raise ValueError("downsample_cfg norm_cfg must be a dict, got None")
    kind = PatchMergingV2 if taken["use_post_norm"] else PatchMergingV1
    layer: nn.Module = kind(channels, norm_layer=norm_maker(taken["norm_cfg"]))  # type: ignore[arg-type]
    return layer


def build_blocks(
    kind: type[SwinBlock], channels: int, options: Options, common: Options = EMPTY
) -> list[SwinBlock]:
    """Build the blocks of a stage.

    Args:
        kind: Their class.
        channels: Their channels.
        options: All of `STAGE`, or of `STAGE_V2` for `SwinBlockV2`.
        common: More arguments for all blocks.

    Raises:
        ValueError: If an option is not supported.
    """
    depth, every = options["depth"], options.get("extra_norm_every_n_blocks", 0)
    rates = options["drop_paths"]
    rates = [rates] * depth if isinstance(rates, int | float) else rates
    shared = {name: options[name] for name in SHARED if name in options}
    blocks = []
    for index, given in enumerate(spread_options(options["block_cfgs"], depth, "block_cfgs")):
        own = {"shift": index % 2 == 1, "drop_path": rates[index]}
        if "extra_norm_every_n_blocks" in options:
            own["extra_norm"] = bool(every) and (index + 1) % every == 0
        taken = take_options(given, {**BLOCK, **shared, **common, **own}, "block_cfgs")
        blocks.append(kind(channels, **taken))
    return blocks

"""The blocks of Twins, of timm's attention layers."""

from collections.abc import Mapping
from typing import Any, Literal

import torch
from timm.layers.mlp import Mlp
from timm.models.swin_transformer import window_partition, window_reverse
from timm.models.twins import GlobalSubSampleAttn, LocallyGroupedAttn, PosConv
from torch import Tensor, nn
from torch.nn import functional

from mmlight.models.layers.drop_path import DropPath
from mmlight.models.layers.norm import norm_maker
from mmlight.models.layers.patch_embedding import PatchEmbedding

PaddingMask = Literal["both", "any"]
BLOCKED = -1000.0
"""Added to the attention between padded and other places."""


class GroupAttention(LocallyGroupedAttn):
    """Attention inside windows, apart from padding.

    Args:
        channels: Channels in and out `C`.
        num_heads: Number of heads.
        attn_drop: Dropout of the attention weights, in [0, 1).
        proj_drop: Dropout of the result, in [0, 1).
        window_size: Side of a window.
        padding_mask: See `SVT`, which sets it.

    From: mmcls 0.25 and mmpretrain 1.2 `LocallyGroupedSelfAttention`; timm's layer has no mask.
    """

    def __init__(
        self,
        channels: int,
        num_heads: int,
        attn_drop: float,
        proj_drop: float,
        window_size: int,
        padding_mask: PaddingMask = "both",
    ) -> None:
        # timm refuses windows of 1
        super().__init__(channels, num_heads, attn_drop, proj_drop, ws=max(window_size, 2))
        self.ws, self.padding_mask = window_size, padding_mask

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        """Map `(B, H * W, C)` and (H, W) to the same shape."""
        (height, width), side, channels = size, self.ws, x.shape[2]
        below, right = -height % side, -width % side
        image = x.reshape(-1, height, width, channels)  # (B, H * W, C) -> (B, H, W, C)
        padded = functional.pad(image, (0, 0, 0, right, 0, below))
        windows = window_partition(padded, (side, side)).flatten(1, 2)  # (B * windows, N, C)
        # (B * windows, N, 3 * C) -> (B * windows, N, 3, heads, D) -> (3, B * windows, heads, N, D)
        qkv = self.qkv(windows).reshape(*windows.shape[:2], 3, self.num_heads, -1)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind()
        masked = below and right if self.padding_mask == "both" else below or right
        attended = functional.scaled_dot_product_attention(
            query,
            key,
            value,
            padding_bias(padded, height, width, side) if masked else None,
            self.attn_drop.p if self.training else 0.0,
        )
        # (B * windows, heads, N, D) -> (B * windows, N, C) -> (B * windows, side, side, C)
        parts = attended.transpose(1, 2).reshape(-1, side, side, channels)
        joined = window_reverse(parts, (side, side), height + below, width + right)
        out: Tensor = self.proj_drop(self.proj(joined[:, :height, :width].flatten(1, 2)))
        return out


def padding_bias(padded: Tensor, height: int, width: int, side: int) -> Tensor:
    """Return what keeps the places of a map apart from its padding.

    Args:
        padded: The map with its padding `(B, H, W, C)`.
        height: Rows of the map itself.
        width: Columns of the map itself.
        side: Side of a window.

    Returns:
        0 or `BLOCKED`, `(B * windows, 1, side * side, side * side)`.
    """
    outside = torch.ones(padded.shape[:3], dtype=torch.bool, device=padded.device)
    outside[:, :height, :width] = False
    # (B, H, W) -> (B * windows, side, side, 1) -> (B * windows, side * side)
    windows = window_partition(outside[..., None], (side, side)).flatten(1)
    apart = windows[:, None] != windows[:, :, None]
    bias = torch.zeros(apart.shape, dtype=padded.dtype, device=padded.device)
    return bias.masked_fill_(apart, BLOCKED)[:, None]


class TwinsBlock(nn.Module):
    """Attention and a feed-forward layer, normalized before.

    Args:
        channels: Channels in and out `C`.
        num_heads: Number of attention heads.
        mlp_ratio: Inner channels of the feed-forward layer over `C`.
        sr_ratio: Side of the squares that make one key each; None attends in windows.
        window_size: Side of a window.
        qkv_bias: Whether query, key and value have a bias.
        drop_rate: Dropout, in [0, 1).
        attn_drop_rate: Dropout of the attention weights, in [0, 1).
        drop_path_rate: Rate of stochastic depth, in [0, 1); a branch is dropped twice, but that
            of attention in windows once.
        norm_cfg: `type` 'LN', `eps`.

    From: mmcls 0.25 and mmpretrain 1.2 `GSAEncoderLayer` and `LSAEncoderLayer`.
    """

    def __init__(
        self,
        channels: int,
        num_heads: int,
        mlp_ratio: float,
        *,
        sr_ratio: int | None,
        window_size: int,
        qkv_bias: bool,
        drop_rate: float,
        attn_drop_rate: float,
        drop_path_rate: float,
        norm_cfg: Mapping[str, Any],
    ) -> None:
        super().__init__()
        norm, drops = norm_maker(norm_cfg), (attn_drop_rate, drop_rate)
        self.norm1 = norm(channels)
        self.attn: Any
        if sr_ratio is None:
            self.attn = GroupAttention(channels, num_heads, *drops, window_size)
        else:
            self.attn = GlobalSubSampleAttn(channels, num_heads, *drops, sr_ratio)
            if self.attn.norm is not None:
                self.attn.norm = norm(channels)
        if not qkv_bias:
            for name in ("q", "kv", "qkv"):
                if hasattr(self.attn, name):
                    getattr(self.attn, name).register_parameter("bias", None)
        self.drop_path1 = nn.Identity() if sr_ratio is None else DropPath(drop_path_rate)
        self.norm2 = norm(channels)
        self.mlp = Mlp(channels, int(channels * mlp_ratio), drop=drop_rate)
        self.drop_path2 = DropPath(drop_path_rate)
        self.drop_path = DropPath(drop_path_rate)

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        """Map `(B, H * W, C)` and (H, W) to the same shape."""
        x = x + self.drop_path(self.drop_path1(self.attn(self.norm1(x), size)))
        y: Tensor = x + self.drop_path(self.drop_path2(self.mlp(self.norm2(x))))
        return y


class TwinsNetwork(nn.Module):
    """The parts of the network under timm's names.

    Args:
        patch_embeds: One per stage.
        blocks: The blocks of each stage.
        drop_rate: Dropout in front of each stage, in [0, 1).
    """

    def __init__(
        self,
        patch_embeds: list[PatchEmbedding],
        blocks: list[list[TwinsBlock]],
        drop_rate: float,
    ) -> None:
        super().__init__()
        self.patch_embeds = nn.ModuleList(patch_embeds)
        self.pos_drops = nn.ModuleList(nn.Dropout(drop_rate) for _ in blocks)
        self.blocks = nn.ModuleList(nn.ModuleList(stage) for stage in blocks)
        widths = [embed.proj.out_channels for embed in patch_embeds]
        self.pos_block = nn.ModuleList(PosConv(width, width) for width in widths)

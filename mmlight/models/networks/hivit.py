"""The parts of HiViT: patches of inner patches, which are merged before attention begins."""

from collections.abc import Mapping
from typing import Any

import torch
from timm.layers.mlp import Mlp
from torch import Tensor, nn

from mmlight.models.layers.drop_path import DropPath
from mmlight.models.layers.norm import norm_maker
from mmlight.models.layers.window_attention import WindowAttention


class InnerPatchEmbed(nn.Module):
    """Make vectors of the inner patches of each patch.

    Args:
        patch_size: Height and width of a patch [px].
        inner_patches: Rows and columns of inner patches `I` in a patch.
        in_channels: Channels of the images.
        embed_dims: Length of the vectors `C`.
        norm_cfg: Norm of the vectors; None for none.
        kernel_size: Size of the kernel [px]; None means that of an inner patch.
        pad_size: Border [px]; None means 0.
    """

    def __init__(
        self,
        patch_size: int,
        inner_patches: int,
        in_channels: int,
        embed_dims: int,
        *,
        norm_cfg: Mapping[str, Any] | None,
        kernel_size: int | None,
        pad_size: int | None,
    ) -> None:
        super().__init__()
        self.patch_size, self.inner_patches = patch_size, inner_patches
        stride = patch_size // inner_patches
        size = kernel_size or stride
        self.proj = nn.Conv2d(in_channels, embed_dims, size, stride, padding=pad_size or 0)
        self.norm = None if norm_cfg is None else norm_maker(norm_cfg)(embed_dims)

    def forward(self, images: Tensor) -> Tensor:
        """Map `(B, in_channels, H, W)` to `(B, L, I, I, C)`."""
        inner = self.inner_patches
        rows, columns = (side // self.patch_size for side in images.shape[2:])
        # (B, C, H, W) -> (B, C, rows, I, columns, I) -> (B, rows, columns, I, I, C)
        x = self.proj(images).reshape(len(images), -1, rows, inner, columns, inner)
        x = x.permute(0, 2, 4, 3, 5, 1).flatten(1, 2)  # -> (B, L, I, I, C)
        out: Tensor = x if self.norm is None else self.norm(x)
        return out


class InnerMerge(nn.Module):
    """Make one inner patch of four.

    Args:
        channels: Channels `C` of the input; the result has twice as many.
        norm_cfg: Norm before the linear layer.
    """

    def __init__(self, channels: int, norm_cfg: Mapping[str, Any]) -> None:
        super().__init__()
        self.norm = norm_maker(norm_cfg)(4 * channels)
        self.reduction = nn.Linear(4 * channels, 2 * channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, L, I, I, C)` to `(B, L, I / 2, I / 2, 2 C)`."""
        corners = [x[..., row::2, column::2, :] for column in (0, 1) for row in (0, 1)]
        out: Tensor = self.reduction(self.norm(torch.cat(corners, dim=-1)))
        return out


class HiViTBlock(nn.Module):
    """A feed-forward layer, and attention before it in the last stage.

    Args:
        channels: Channels `C`.
        grid: Rows of patches, for the bias of the attention; None for no bias.
        num_heads: Heads of the attention; 0 for no attention.
        mlp_ratio: Channels inside over outside of the feed-forward layer.
        qkv_bias: Whether query, key and value have a bias.
        qk_scale: See `WindowAttention`.
        drop_rate: Dropout after both layers, in [0, 1).
        attn_drop_rate: Dropout of the attention weights, in [0, 1).
        drop_path_rate: Rate of stochastic depth, in [0, 1).
        norm_cfg: Norms.
        layer_scale: Start value of learned factors on both branches; 0 for none.
    """

    def __init__(
        self,
        channels: int,
        *,
        grid: int | None,
        num_heads: int,
        mlp_ratio: float,
        qkv_bias: bool,
        qk_scale: float | None,
        drop_rate: float,
        attn_drop_rate: float,
        drop_path_rate: float,
        norm_cfg: Mapping[str, Any],
        layer_scale: float,
    ) -> None:
        super().__init__()
        self.attn: WindowAttention | None = None
        if num_heads:
            self.norm1 = norm_maker(norm_cfg)(channels)
            self.attn = WindowAttention(
                channels,
                grid,
                num_heads,
                qkv_bias=qkv_bias,
                qk_scale=qk_scale,
                attn_drop_rate=attn_drop_rate,
                proj_drop_rate=drop_rate,
            )
        self.drop_path = DropPath(drop_path_rate)
        self.norm2 = norm_maker(norm_cfg)(channels)
        self.mlp = Mlp(channels, int(channels * mlp_ratio), drop=(0.0, drop_rate))
        self.gamma_1: nn.Parameter | None = None
        self.gamma_2: nn.Parameter | None = None
        if layer_scale > 0:
            if num_heads:
                self.gamma_1 = nn.Parameter(torch.full((channels,), layer_scale))
            self.gamma_2 = nn.Parameter(torch.full((channels,), layer_scale))

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, L, C)`, or `(B, L, I, I, C)` without attention, to the same shape."""
        if self.attn is not None:
            y = self.attn(self.norm1(x))
            x = x + self.drop_path(y if self.gamma_1 is None else self.gamma_1 * y)
        y = self.mlp(self.norm2(x))
        out: Tensor = x + self.drop_path(y if self.gamma_2 is None else self.gamma_2 * y)
        return out

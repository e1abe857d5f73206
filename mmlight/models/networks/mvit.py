"""The blocks of MViT, with timm's parameter names.

timm's own attention takes images of one size; this one resizes its tables of relative positions.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from timm.layers.mlp import Mlp
from timm.models.mvitv2 import cal_rel_pos_type
from torch import Tensor, nn
from torch.nn import functional

from mmlight.models.layers.drop_path import DropPath
from mmlight.models.layers.patch_embedding import PatchEmbedding

Size = tuple[int, int]


def pool_tokens(x: Tensor, pool: nn.Module, size: Size) -> tuple[Tensor, Size]:
    """Pool tokens on their grid.

    Args:
        x: Tokens `(B, rows * columns, C)`.
        pool: A layer for `(B, C, rows, columns)`.
        size: Rows and columns.

    Returns:
        Tokens `(B, rows' * columns', C)`, rows' and columns'.
    """
    image = x.transpose(1, 2).reshape(len(x), -1, *size)  # (B, L, C) -> (B, C, rows, columns)
    pooled: Tensor = pool(image)
    return pooled.flatten(2).transpose(1, 2), (pooled.shape[2], pooled.shape[3])


def fit_distances(table: Tensor, length: int) -> Tensor:
    """Interpolate a table of relative positions `(L, C)` to another number of distances."""
    if len(table) == length:
        return table
    # (L, C) -> (1, C, L) -> (1, C, length) -> (length, C)
    return functional.interpolate(table.T[None], size=length, mode="linear")[0].T


class PoolingAttention(nn.Module):
    """Attention over pooled queries, keys and values.

    Args:
        in_dims: Channels in.
        out_dims: Channels out `C`.
        num_heads: Number of heads.
        qkv_bias: Whether query, key and value have a bias.
        norm: Makes the norms behind the pooling.
        pool_kernel: Kernel of the pooling.
        stride_q: Stride of the pooling of queries.
        stride_kv: Stride of the pooling of keys and values.
        distances: Length of the tables of relative positions; None for none.
        residual_pooling: Whether the pooled queries are added to the result.

    From: mmcls 0.25 and mmpretrain 1.2 `MultiScaleAttention`.
    """

    def __init__(
        self,
        in_dims: int,
        out_dims: int,
        num_heads: int,
        *,
        qkv_bias: bool,
        norm: Callable[..., nn.Module],
        pool_kernel: Sequence[int],
        stride_q: int,
        stride_kv: int,
        distances: int | None,
        residual_pooling: bool,
    ) -> None:
        super().__init__()
        width = out_dims // num_heads
        self.num_heads, self.scale, self.residual_pooling = num_heads, width**-0.5, residual_pooling
        self.qkv = nn.Linear(in_dims, 3 * out_dims, bias=qkv_bias)
        self.proj = nn.Linear(out_dims, out_dims)
        kernel = (pool_kernel[0], pool_kernel[1])
        padding = (kernel[0] // 2, kernel[1] // 2)
        for name, stride in (("q", stride_q), ("k", stride_kv), ("v", stride_kv)):
            pool = nn.Conv2d(width, width, kernel, stride, padding, groups=width, bias=False)
            self.add_module(f"pool_{name}", pool)
            self.add_module(f"norm_{name}", norm(width))
        self.rel_pos_h: nn.Parameter | None = None
        self.rel_pos_w: nn.Parameter | None = None
        if distances is not None:
            self.rel_pos_h = nn.Parameter(torch.zeros(distances, width))
            self.rel_pos_w = nn.Parameter(torch.zeros(distances, width))

    def forward(self, x: Tensor, size: Size) -> tuple[Tensor, Size]:
        """Map tokens `(B, L, in_dims)` and their grid to `(B, L', C)` and its grid."""
        batch, count, _ = x.shape
        # (B, L, 3 * C) -> (B, L, 3, heads, D) -> (3, B, heads, L, D)
        qkv = self.qkv(x).reshape(batch, count, 3, self.num_heads, -1).permute(2, 0, 3, 1, 4)
        (query, query_size), (key, key_size), (value, _) = (
            self._pool(part, name, size) for part, name in zip(qkv, "qkv", strict=True)
        )
        attention = (query * self.scale) @ key.transpose(-2, -1)
        if self.rel_pos_h is not None and self.rel_pos_w is not None:
            tables = (
                fit_distances(table, 2 * max(query_size[axis], key_size[axis]) - 1)
                for axis, table in enumerate((self.rel_pos_h, self.rel_pos_w))
            )
            attention = cal_rel_pos_type(attention, query, False, query_size, key_size, *tables)
        out = attention.softmax(dim=-1) @ value
        out = out + query if self.residual_pooling else out
        joined = out.transpose(1, 2).flatten(2)  # (B, heads, L', D) -> (B, L', C)
        return self.proj(joined), query_size

    def _pool(self, x: Tensor, name: str, size: Size) -> tuple[Tensor, Size]:
        """Pool and normalize `(B, heads, L, D)` to `(B, heads, L', D)`."""
        pooled, after = pool_tokens(x.flatten(0, 1), getattr(self, f"pool_{name}"), size)
        # (B * heads, L', D) -> (B, heads, L', D)
        parts = pooled.reshape(-1, self.num_heads, *pooled.shape[1:])
        return getattr(self, f"norm_{name}")(parts), after


class MultiScaleBlock(nn.Module):
    """Pooling attention and a feed-forward layer, which may change channels and grid.

    Args:
        in_dims: Channels in.
        out_dims: Channels out `C`.
        mlp_ratio: Inner channels of the feed-forward layer over those of the attention.
        drop_path: Rate of stochastic depth, in [0, 1).
        dim_mul_in_attention: Whether the attention changes the channels, not the feed-forward
            layer.
        norm: Makes the norms.
        stride_q: Stride of the pooling of queries.
        **attention: More arguments of `PoolingAttention`.

    From: mmcls 0.25 and mmpretrain 1.2 `MultiScaleBlock`.
    """

    def __init__(
        self,
        in_dims: int,
        out_dims: int,
        *,
        mlp_ratio: float,
        drop_path: float,
        dim_mul_in_attention: bool,
        norm: Callable[..., nn.Module],
        stride_q: int,
        **attention: Any,
    ) -> None:
        super().__init__()
        inner = out_dims if dim_mul_in_attention else in_dims
        changes = in_dims != out_dims
        self.norm1 = norm(in_dims)
        self.shortcut_proj_attn: nn.Module | None = None
        if changes and dim_mul_in_attention:
            self.shortcut_proj_attn = nn.Linear(in_dims, out_dims)
        self.shortcut_pool_attn: nn.Module | None = None
        if stride_q > 1:
            self.shortcut_pool_attn = nn.MaxPool2d(stride_q + 1, stride_q, (stride_q + 1) // 2)
        self.attn = PoolingAttention(in_dims, inner, norm=norm, stride_q=stride_q, **attention)
        self.drop_path = DropPath(drop_path)
        self.norm2 = norm(inner)
        self.shortcut_proj_mlp: nn.Module | None = None
        if changes and not dim_mul_in_attention:
            self.shortcut_proj_mlp = nn.Linear(in_dims, out_dims)
        self.mlp = Mlp(inner, int(inner * mlp_ratio), out_dims)

    def forward(self, x: Tensor, size: Size) -> tuple[Tensor, Size]:
        """Map tokens `(B, L, in_dims)` and their grid to `(B, L', C)` and its grid."""
        normed = self.norm1(x)
        attended, after = self.attn(normed, size)
        skip = x if self.shortcut_proj_attn is None else self.shortcut_proj_attn(normed)
        if self.shortcut_pool_attn is not None:
            skip, _ = pool_tokens(skip, self.shortcut_pool_attn, size)
        x = skip + self.drop_path(attended)
        normed = self.norm2(x)
        skip = x if self.shortcut_proj_mlp is None else self.shortcut_proj_mlp(normed)
        return skip + self.drop_path(self.mlp(normed)), after


class MultiScaleStage(nn.Module):
    """The blocks between two poolings of the queries.

    Args:
        blocks: The blocks.
        out_dims: Channels of its output.
    """

    def __init__(self, blocks: Sequence[MultiScaleBlock], out_dims: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.out_dims = out_dims


class MViTNetwork(nn.Module):
    """The parts of the network under timm's names.

    Args:
        patch_embed: Makes vectors of the image.
        num_positions: Number of position embeddings; None for none.
        stages: The stages.
    """

    def __init__(
        self,
        patch_embed: PatchEmbedding,
        num_positions: int | None,
        stages: Sequence[MultiScaleStage],
    ) -> None:
        super().__init__()
        self.patch_embed = patch_embed
        self.pos_embed: nn.Parameter | None = None
        if num_positions is not None:
            self.pos_embed = nn.Parameter(
                torch.zeros(1, num_positions, patch_embed.proj.out_channels)
            )
        self.stages = nn.ModuleList(stages)


def build_stages(
    depths: Sequence[int],
    rates: Sequence[float],
    *,
    channels: tuple[int, int],
    heads: tuple[int, int],
    side: int | None,
    stride_kv: int,
    dim_mul_in_attention: bool,
    **block: Any,
) -> list[MultiScaleStage]:
    """Build all stages; each but the first halves the map at its start.

    Args:
        depths: Blocks per stage.
        rates: Rates of stochastic depth of all blocks.
        channels: Those of the first stage, and their growth from stage to stage.
        heads: Attention heads of the first stage, and their growth.
        side: Side of the first stage's map, where there are relative positions.
        stride_kv: Stride of the pooling of keys and values in the first stage; halved from stage to
            stage.
        dim_mul_in_attention: Whether channels grow in the attention at the start of a stage, or in
            the feed-forward layer at the end of the stage before.
        **block: More arguments of `MultiScaleBlock`.
    """
    stages: list[MultiScaleStage] = []
    remaining = iter(rates)
    width, num_heads, last = channels[0], heads[0], len(depths) - 1
    for scale, depth in enumerate(depths):
        if scale:
            num_heads, stride_kv = num_heads * heads[1], max(stride_kv // 2, 1)
        blocks = []
        for place in range(depth):
            shrinks = scale > 0 and place == 0
            grows = shrinks if dim_mul_in_attention else scale < last and place == depth - 1
            stride_q, out_dims = (2 if shrinks else 1), width * (channels[1] if grows else 1)
            distances = side and 2 * max(side // stride_q, side // stride_kv) - 1
            blocks.append(
                MultiScaleBlock(
                    width,
                    out_dims,
                    num_heads=num_heads,
                    drop_path=next(remaining),
                    stride_q=stride_q,
                    stride_kv=stride_kv,
                    distances=distances,
                    dim_mul_in_attention=dim_mul_in_attention,
                    **block,
                )
            )
            width, side = out_dims, side and side // stride_q
        stages.append(MultiScaleStage(blocks, width))
    return stages

"""HiViT: a hierarchical Vision Transformer whose attention sees only whole patches."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmlight.models.backbones.base.out_indices import to_out_indices
from mmlight.models.initialize import InitCfg, InitModule
from mmlight.models.layers.defaults import LAYER_NORM
from mmlight.models.layers.drop_path import rising_rates
from mmlight.models.layers.window_attention import relative_position_index
from mmlight.models.networks.hivit import HiViTBlock, InnerMerge, InnerPatchEmbed
from mmlight.models.options import find_arch, name_archs
from mmlight.models.trunc_normal import trunc_normal_

ARCH_KEYS: Final = ("embed_dims", "depths", "num_heads")
ARCHS: Final = name_archs(
    ARCH_KEYS,
    {
        ("t", "tiny"): (384, (1, 1, 10), 6),
        ("s", "small"): (384, (2, 2, 20), 6),
        ("b", "base"): (512, (2, 2, 24), 8),
        ("l", "large"): (768, (2, 2, 40), 12),
    },
)
"""Names of an architecture -> its numbers, in the order of `ARCH_KEYS`."""


class HiViT(InitModule):
    """HiViT.

    Args:
        arch: A name of `ARCHS`, or a dict with the keys `ARCH_KEYS`.
        img_size: Height and width that the position embedding is made for, or both in one [px];
            without `rpe`, images of other sizes resize it on the fly.
        patch_size: Height and width of a patch [px].
        inner_patches: Rows and columns of inner patches in a patch.
        in_chans: Channels of the images.
        stem_mlp_ratio: Channels inside over outside of the feed-forward layers before the last
            stage.
        mlp_ratio: The same in the last stage.
        qkv_bias: Whether query, key and value have a bias.
        qk_scale: Factor on the products of query and key; None means one over the root of the
            channels of a head.
        drop_rate: Dropout of the tokens and after each layer of the last stage, in [0, 1).
        attn_drop_rate: Dropout of the attention weights, in [0, 1).
        drop_path_rate: Rate of stochastic depth of the last block, rising from 0, in [0, 1).
        norm_cfg: Norms: `type` 'LN'; `eps`, `requires_grad`.
        out_indices: Blocks of the last stage whose outputs `(B, C, H, W)` are returned; the last
            entry always means the last block. None means the last block only.
        ape: Whether there is a position embedding.
        rpe: Whether attention has a learned bias per offset; images must then be square.
        patch_norm: Whether the vectors of the inner patches are normalized.
        frozen_stages: From 1 on: the embedding and this many blocks get no gradient.
        kernel_size: Kernel of the patch embedding [px]; None means the size of an inner patch.
        pad_size: Border of the patch embedding [px]; None means 0.
        layer_scale_init_value: Start value of learned factors per channel; 0 for none.
        init_cfg: See `InitModule`; by default a truncated normal distribution for linear layers and
            position embeddings.

    Raises:
        ValueError: If a value is out of range.

    From: mmpretrain 1.2 `HiViT`, which gives only the last block's output, and cannot be built with
        `frozen_stages` above 0.
    """

    def __init__(
        self,
        arch: str | Mapping[str, Any] = "base",
        img_size: int | tuple[int, int] = 224,
        patch_size: int = 16,
        inner_patches: int = 4,
        in_chans: int = 3,
        stem_mlp_ratio: float = 3.0,
        mlp_ratio: float = 4.0,
        qkv_bias: bool = True,
        qk_scale: float | None = None,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        norm_cfg: Mapping[str, Any] = LAYER_NORM,
        out_indices: Sequence[int] | None = None,
        ape: bool = True,
        rpe: bool = False,
        patch_norm: bool = True,
        frozen_stages: int = -1,
        kernel_size: int | None = None,
        pad_size: int | None = None,
        layer_scale_init_value: float = 0.0,
        init_cfg: InitCfg = None,
    ) -> None:
        super().__init__(init_cfg)
        numbers = find_arch(arch, ARCHS, ARCH_KEYS)
        width, depths, heads = (numbers[key] for key in ARCH_KEYS)
        sides = (img_size, img_size) if isinstance(img_size, int) else tuple(img_size)
        self.patch_size = patch_size
        self.grid = (sides[0] // patch_size, sides[1] // patch_size)
        if rpe and self.grid[0] != self.grid[1]:
            raise ValueError(f"img_size must be square with rpe, got {img_size}")
        self.num_main_blocks = depths[-1]
        wanted = [*list(out_indices or ())[:-1], depths[-1] - 1]
        self.out_indices = to_out_indices(wanted, depths[-1])
        channels = width // 2 ** (len(depths) - 1)
        self.patch_embed = InnerPatchEmbed(
            patch_size,
            inner_patches,
            in_chans,
            channels,
            norm_cfg=norm_cfg if patch_norm else None,
            kernel_size=kernel_size,
            pad_size=pad_size,
        )
        self.pos_embed: nn.Parameter | None = None
        if ape:
            self.pos_embed = nn.Parameter(torch.zeros(1, self.grid[0] * self.grid[1], width))
        if rpe:  # the original has this table once more here, and does not use it
            self.register_buffer("relative_position_index", relative_position_index(*self.grid))
        self.pos_drop = nn.Dropout(drop_rate)
        count = sum(depths) + sum(depths[:-1])
        rates = iter(rising_rates(drop_path_rate, count))
        self.blocks = nn.ModuleList()
        for stage, depth in enumerate(depths):
            is_last = stage == len(depths) - 1
            for _ in range(depth if is_last else 2 * depth):
                block = HiViTBlock(
                    channels,
                    grid=self.grid[0] if rpe else None,
                    num_heads=heads if is_last else 0,
                    mlp_ratio=mlp_ratio if is_last else stem_mlp_ratio,
                    qkv_bias=qkv_bias,
                    qk_scale=qk_scale,
                    drop_rate=drop_rate,
                    attn_drop_rate=attn_drop_rate,
                    drop_path_rate=next(rates),
                    norm_cfg=norm_cfg,
                    layer_scale=layer_scale_init_value,
                )
                self.blocks.append(block)
            if not is_last:
                self.blocks.append(InnerMerge(channels, norm_cfg))
                channels *= 2
        self._reset()
        if frozen_stages > 0:
            self._freeze(frozen_stages)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map images `(B, C, H, W)` to the wanted feature maps `(B, C', H', W')`."""
        grid = (images.shape[2] // self.patch_size, images.shape[3] // self.patch_size)
        x = self.patch_embed(images)
        first = len(self.blocks) - self.num_main_blocks
        for block in self.blocks[:first]:
            x = block(x)
        x = x[..., 0, 0, :]  # (B, L, 1, 1, C) -> (B, L, C)
        if self.pos_embed is not None:
            x = x + self._resize(self.pos_embed, grid)
        x = self.pos_drop(x)
        outputs = []
        for index, block in enumerate(self.blocks[first:]):
            x = block(x)
            if index in self.out_indices:
                # (B, L, C) -> (B, C, L) -> (B, C, H, W)
                outputs.append(x.transpose(1, 2).reshape(len(x), -1, *grid))
        return tuple(outputs)

    def _resize(self, pos_embed: Tensor, grid: tuple[int, int]) -> Tensor:
        if grid == self.grid:
            return pos_embed
        side = math.isqrt(pos_embed.shape[1])
        # (1, L, C) -> (1, C, side, side); the original's tenth of a place shifts the samples
        maps = pos_embed.transpose(1, 2).reshape(1, -1, side, side)
        root = math.sqrt(pos_embed.shape[1])
        factors = ((grid[0] + 0.1) / root, (grid[1] + 0.1) / root)
        resized = functional.interpolate(maps, scale_factor=factors, mode="bicubic")
        return resized.flatten(2).transpose(1, 2)  # (1, C, H, W) -> (1, L, C)

    def _reset(self) -> None:
        """Draw the start values that the original draws on construction."""
        if self.pos_embed is not None:
            trunc_normal_(self.pos_embed, std=0.02)
        for layer in self.modules():
            table = getattr(layer, "relative_position_bias_table", None)
            if table is not None:
                trunc_normal_(table, std=0.02)
            if isinstance(layer, nn.Linear):
                trunc_normal_(layer.weight, std=0.02)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)

    def _freeze(self, count: int) -> None:
        if self.pos_embed is not None:
            self.pos_embed.requires_grad_(False)
        for part in (self.patch_embed, *self.blocks[:count]):
            part.requires_grad_(False)

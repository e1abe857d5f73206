"""MixMIM: attention in windows over four resolutions."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from mmlight.compat.cnn.patch_embed import PatchEmbed
from mmlight.models.initialize import InitCfg, InitModule
from mmlight.models.layers.defaults import LAYER_NORM
from mmlight.models.layers.drop_path import rising_rates
from mmlight.models.layers.norm import norm_maker
from mmlight.models.networks.mixmim import PatchMerging, WindowBlock
from mmlight.models.options import find_arch, name_archs

ARCH_KEYS: Final = ("embed_dims", "depths", "num_heads")
ARCHS: Final = name_archs(
    ARCH_KEYS,
    {
        ("b", "base"): (128, (2, 2, 18, 2), (4, 8, 16, 32)),
        ("l", "large"): (192, (2, 2, 18, 2), (6, 12, 24, 48)),
        ("h", "huge"): (352, (2, 2, 18, 2), (11, 22, 44, 88)),
    },
)
"""Names of an architecture -> its numbers, in the order of `ARCH_KEYS`."""


class MixMIMStage(nn.Module):
    """Blocks of one resolution, and the merging that leads to the next.

    Args:
        embed_dims: Channels `C`.
        grid: Rows and columns of tokens.
        rates: Rate of stochastic depth of each block, in [0, 1).
        merges: Whether the stage ends with `PatchMerging`.
        norm_cfg: Norms.
        **block: Other arguments of `WindowBlock`.
    """

    def __init__(
        self,
        embed_dims: int,
        grid: tuple[int, int],
        rates: Sequence[float],
        *,
        merges: bool,
        norm_cfg: Mapping[str, Any],
        **block: Any,
    ) -> None:
        super().__init__()
        self.grid = grid
        self.blocks = nn.ModuleList(
            WindowBlock(embed_dims, grid, drop_path_rate=rate, norm_cfg=norm_cfg, **block)
            for rate in rates
        )
        self.downsample: PatchMerging | None = None
        if merges:
            self.downsample = PatchMerging(embed_dims, 2 * embed_dims, norm_cfg)


class MixMIMTransformer(InitModule):
    """MixMIM's encoder, as it is trained on labels.

    Args:
        arch: A name of `ARCHS`, or a dict with the keys `ARCH_KEYS`.
        mlp_ratio: Channels inside over outside of the feed-forward layers.
        img_size: Height and width of the images, or both in one [px].
        patch_size: Pixels per token [px].
        in_channels: Channels of the images.
        window_size: Height and width of the windows of each stage, at most the stage's grid.
        qkv_bias: Whether query, key and value have a bias.
        patch_cfg: Other arguments of `PatchEmbed`.
        norm_cfg: Norms: `type` 'LN'; `eps`, `requires_grad`.
        drop_rate: Dropout of the tokens and after each layer, in [0, 1).
        drop_path_rate: Rate of stochastic depth of the last block, rising from 0, in [0, 1).
        attn_drop_rate: Dropout of the attention weights, in [0, 1).
        use_checkpoint: Whether blocks are computed again in the backward pass instead of being
            stored.
        init_cfg: See `InitModule`; torch's start values by default.

    Raises:
        ValueError: If a value is out of range.

    From: mmpretrain 1.2 `MixMIMTransformer`, without the mask of the pretraining.
    """

    def __init__(
        self,
        arch: str | Mapping[str, Any] = "base",
        mlp_ratio: float = 4,
        img_size: int | tuple[int, int] = 224,
        patch_size: int | tuple[int, int] = 4,
        in_channels: int = 3,
        window_size: Sequence[int] = (14, 14, 14, 7),
        qkv_bias: bool = True,
        patch_cfg: Mapping[str, Any] = MappingProxyType({}),
        norm_cfg: Mapping[str, Any] = LAYER_NORM,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        use_checkpoint: bool = False,
        init_cfg: InitCfg = None,
    ) -> None:
        super().__init__(init_cfg)
        numbers = find_arch(arch, ARCHS, ARCH_KEYS)
        width, depths, heads = (numbers[key] for key in ARCH_KEYS)
        self.use_checkpoint = use_checkpoint
        patch = {"kernel_size": patch_size, "stride": patch_size, "norm_cfg": LAYER_NORM}
        image = {"in_channels": in_channels, "input_size": img_size, "embed_dims": width}
        self.patch_embed = PatchEmbed(**{**image, **patch, **patch_cfg})
        grid: Any = self.patch_embed.init_out_size
        rates = rising_rates(drop_path_rate, sum(depths))
        self.layers = nn.ModuleList()
        for stage, depth in enumerate(depths):
            size = (grid[0] // 2**stage, grid[1] // 2**stage)
            window = min(*size, window_size[stage])
            if size[0] % window or size[1] % window:
                raise ValueError(f"window_size must divide the grid {size}, got {window}")
            first = sum(depths[:stage])
            layer = MixMIMStage(
                width * 2**stage,
                size,
                rates[first : first + depth],
                merges=stage < len(depths) - 1,
                norm_cfg=norm_cfg,
                window=window,
                num_heads=heads[stage],
                mlp_ratio=mlp_ratio,
                qkv_bias=qkv_bias,
                drop_rate=drop_rate,
                attn_drop_rate=attn_drop_rate,
            )
            self.layers.append(layer)
        self.drop_after_pos = nn.Dropout(drop_rate)
        positions = torch.zeros(1, grid[0] * grid[1], width)
        self.absolute_pos_embed = nn.Parameter(positions, requires_grad=False)
        self.norm = norm_maker(norm_cfg)(width * 2 ** (len(depths) - 1))

    def forward(self, images: Tensor) -> tuple[Tensor]:
        """Map images `(B, C, H, W)` of the size `img_size` to their features `(B, C')`."""
        x, _ = self.patch_embed(images)
        x = self.drop_after_pos(x + self.absolute_pos_embed)
        layers: Any = self.layers
        for layer in layers:
            for block in layer.blocks:
                if self.use_checkpoint and x.requires_grad:
                    x = checkpoint(block, x, use_reentrant=False)
                else:
                    x = block(x)
            if layer.downsample is not None:
                x = layer.downsample(x, layer.grid)
        return (self.norm(x).mean(dim=1),)  # (B, L, C) -> (B, C)

"""MViT v2, with timm's parameter names."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from torch import Tensor, nn

from mmlight.models.backbones.base.staged_backbone import StagedBackbone
from mmlight.models.initialize import InitCfg
from mmlight.models.layers.norm import norm_maker
from mmlight.models.layers.patch_embedding import PatchEmbedding
from mmlight.models.layers.position import fit_pos_embed, resize_pos_embed
from mmlight.models.networks.mvit import (
    MViTNetwork,
    build_stages,
    fit_distances,
)
from mmlight.models.options import Options, find_arch, name_archs
from mmlight.models.trunc_normal import trunc_normal_
from mmlight.weights.name_map import NameRule

ARCH_KEYS: Final = ("embed_dims", "num_layers", "num_heads", "downscale_indices")
ARCHS: Final = name_archs(
    ARCH_KEYS,
    {
        ("tiny",): (96, 10, 1, (1, 3, 8)),
        ("small",): (96, 16, 1, (1, 3, 14)),
        ("base",): (96, 24, 1, (2, 5, 21)),
        ("large",): (144, 48, 2, (2, 8, 44)),
    },
)
"""Names of an architecture -> its numbers, in the order of `ARCH_KEYS`."""
LAYER_NORM: Final[Options] = MappingProxyType({"type": "LN", "eps": 1e-6})
PATCHES: Final[Options] = MappingProxyType({"kernel_size": 7, "stride": 4, "padding": 3})


def name_rules(depths: Sequence[int]) -> tuple[NameRule, ...]:
    """Return the rules for stages of `depths` blocks; the originals number all blocks in one."""
    rules = []
    flat = 0
    for stage, depth in enumerate(depths):
        for place in range(depth):
            ours, mm = rf"network\.stages\.{stage}\.blocks\.{place}\.", f"blocks.{flat}."
            rules.append(NameRule(ours + r"shortcut_proj_\w+\.(.+)", mm + r"proj.\1"))
            rules.append(NameRule(ours + r"(.+)", mm + r"\1"))
            flat += 1
    return (
        NameRule(r"network\.patch_embed\.proj\.(.+)", r"patch_embed.projection.\1"),
        NameRule(r"network\.norm\.(.+)", rf"norm{len(depths) - 1}.\1"),
        *rules,
        NameRule(r"network\.(.+)", r"\1"),
    )


class MViT(StagedBackbone):
    """Multi-scale Vision Transformer v2.

    Args:
        arch: A name of `ARCHS`, or a dict with the keys `ARCH_KEYS`.
        img_size: Image size that the tables of positions are made for [px].
        in_channels: Channels of the images.
        out_scales: Scales whose outputs are returned; negative counts from the end.
        drop_path_rate: Rate of stochastic depth of the last block, rising from 0, in [0, 1).
        use_abs_pos_embed: Whether there is an absolute position embedding.
        interpolate_mode: How it is resized for other image sizes.
        pool_kernel: Kernel of the pooling of queries, keys and values.
        dim_mul: Growth of the channels from scale to scale.
        head_mul: Growth of the number of heads.
        adaptive_kv_stride: Stride of the pooling of keys and values in the first scale.
        rel_pos_spatial: Whether attention has relative positions.
        residual_pooling: Whether pooled queries are added to the result of attention.
        dim_mul_in_attention: Whether attention changes the channels, not the feed-forward layer.
        rel_pos_zero_init: Whether relative positions start at zero.
        mlp_ratio: Inner channels of the feed-forward layers over outer ones.
        qkv_bias: Whether query, key and value have a bias.
        norm_cfg: `type` 'LN'; `eps`.
        patch_cfg: Options of `PatchEmbedding`.
        init_cfg: See `InitModule`; torch's start values by default.
        norm_outputs_only: Where the norm of an output acts in front of the last scale. False is
            the originals' way: the next scale gets the normalized map too. True is the paper's:
            the output alone. Without such outputs there is no difference.

    Raises:
        ValueError: If a value is out of range or not supported.

    Examples:
        >>> import torch
        >>> arch = dict(zip(ARCH_KEYS, (8, 2, 1, [1])))
        >>> [tuple(x.shape) for x in MViT(arch, 32, out_scales=[0, 1])(torch.rand(1, 3, 32, 32))]
        [(1, 8, 8, 8), (1, 16, 4, 4)]

    From: mmcls 0.25 and mmpretrain 1.2 `MViT`.
    """

    timm_head = "head.fc"

    def __init__(
        self,
        arch: str | Mapping[str, Any] = "base",
        img_size: int | tuple[int, int] = 224,
        in_channels: int = 3,
        out_scales: int | Sequence[int] = -1,
        drop_path_rate: float = 0.0,
        use_abs_pos_embed: bool = False,
        interpolate_mode: str = "bicubic",
        pool_kernel: Sequence[int] = (3, 3),
        dim_mul: int = 2,
        head_mul: int = 2,
        adaptive_kv_stride: int = 4,
        rel_pos_spatial: bool = True,
        residual_pooling: bool = True,
        dim_mul_in_attention: bool = True,
        rel_pos_zero_init: bool = False,
        mlp_ratio: float = 4.0,
        qkv_bias: bool = True,
        norm_cfg: Mapping[str, Any] = LAYER_NORM,
        patch_cfg: Options = PATCHES,
        init_cfg: InitCfg = None,
        *,
        norm_outputs_only: bool = False,
    ) -> None:
        numbers = find_arch(arch, ARCHS, ARCH_KEYS)
        cuts = [0, *sorted(numbers["downscale_indices"]), numbers["num_layers"]]
        depths = [after - before for before, after in pairwise(cuts)]
        patch_embed = PatchEmbedding(in_channels, numbers["embed_dims"], patch_cfg)
        grid = patch_embed.grid(img_size)
        if rel_pos_spatial and grid[0] != grid[1]:
            raise ValueError(f"img_size must be square with rel_pos_spatial, got {img_size}")
        norm = norm_maker(norm_cfg)
        stages = build_stages(
            depths,
            np.linspace(0, drop_path_rate, numbers["num_layers"]).tolist(),
            channels=(numbers["embed_dims"], dim_mul),
            heads=(numbers["num_heads"], head_mul),
            side=grid[0] if rel_pos_spatial else None,
            stride_kv=adaptive_kv_stride,
            dim_mul_in_attention=dim_mul_in_attention,
            mlp_ratio=mlp_ratio,
            norm=norm,
            qkv_bias=qkv_bias,
            pool_kernel=pool_kernel,
            residual_pooling=residual_pooling,
        )
        count = grid[0] * grid[1]
        network = MViTNetwork(patch_embed, count if use_abs_pos_embed else None, stages)
        given = [out_scales] if isinstance(out_scales, int) else out_scales
        scales = sorted(scale + len(depths) if scale < 0 else scale for scale in given)
        for scale in scales:
            if not 0 <= scale < len(depths):
                raise ValueError(
                    f"out_scales must be in [-{len(depths)}, {len(depths)}), got {out_scales}"
                )
            network.add_module(norm_name(scale, len(depths)), norm(stages[scale].out_dims))
        super().__init__(network, out_indices=scales, init_cfg=init_cfg)
        self.name_rules = name_rules(depths)
        self.grid, self.interpolate_mode = grid, interpolate_mode
        self.rel_pos_zero_init = rel_pos_zero_init
        self.norm_outputs_only = norm_outputs_only

    def stem(self, images: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to vectors with their positions `(B, H', W', C')`."""
        x: Tensor = self.network.patch_embed(images)
        if self.network.pos_embed is None:
            return x
        size = (x.shape[1], x.shape[2])
        positions = resize_pos_embed(
            self.network.pos_embed, self.grid, size, self.interpolate_mode, 0
        )
        return x + positions.reshape(1, *size, -1)  # (1, H * W, C) -> (1, H, W, C)

    def stages(self) -> Sequence[Sequence[nn.Module]]:
        """Return the blocks of each scale."""
        return [list(stage.blocks) for stage in self.network.stages]

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map images `(B, C, H, W)` to one `(B, C, H, W)` per entry of `out_scales`."""
        patches = self.stem(images)
        size = (patches.shape[1], patches.shape[2])
        x = patches.flatten(1, 2)  # (B, H, W, C) -> (B, H * W, C)
        outputs = []
        stages = self.network.stages
        for scale, stage in enumerate(stages):
            for block in stage.blocks:
                x, size = block(x, size)
            if scale in self.out_indices:
                normed = getattr(self.network, norm_name(scale, len(stages)))(x)
                # (B, H * W, C) -> (B, C, H * W) -> (B, C, H, W)
                outputs.append(normed.transpose(1, 2).reshape(len(x), -1, *size).contiguous())
                x = x if self.norm_outputs_only else normed
        return tuple(outputs)

    def fit_state(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Fit a checkpoint's tables of positions to this image size; the originals refuse it."""
        own = dict(self.named_parameters())
        fitted = dict(state)
        for name in own.keys() & state.keys():
            if name.endswith(("rel_pos_h", "rel_pos_w")):
                fitted[name] = fit_distances(state[name], len(own[name]))
            elif name == "network.pos_embed":
                fitted[name] = fit_pos_embed(state[name], self.grid, self.interpolate_mode, 0)
        return fitted

    def init_children(self, init: Callable[[nn.Module], None]) -> None:
        """Draw the relative positions."""
        blocks: list[Any] = [block for stage in self.stages() for block in stage]
        for block in blocks:
            for table in (block.attn.rel_pos_h, block.attn.rel_pos_w):
                if table is not None and not self.rel_pos_zero_init:
                    trunc_normal_(table, std=0.02)

    def init_extra(self) -> None:
        """Draw the position embedding, unless a checkpoint alone fills the weights."""
        if self.network.pos_embed is not None and not self.is_pretrained:
            trunc_normal_(self.network.pos_embed, std=0.02)


def norm_name(scale: int, count: int) -> str:
    """Return the name of the norm of an output; timm has that of the last scale only."""
    return "norm" if scale == count - 1 else f"norm{scale}"

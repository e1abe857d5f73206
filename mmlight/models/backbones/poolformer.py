"""PoolFormer on timm's MetaFormer."""

from collections.abc import Mapping, Sequence
from typing import Any

from timm.models.metaformer import Pooling

from mmlight.models.backbones.base.metaformer import GROUP_NORM, Cfg, MetaFormerBackbone
from mmlight.models.initialize import InitCfg
from mmlight.models.layers.defaults import GELU


class PoolFormer(MetaFormerBackbone):
    """PoolFormer: a MetaFormer whose token mixer is a mean over neighbours.

    Args:
        arch: A name of `ARCHS`, or a dict with `layers`, `embed_dims` and, if wanted, `mlp_ratios`
            and `layer_scale_init_value`.
        pool_size: Neighbourhood, odd [px].
        norm_cfg: See `norm_layer`.
        act_cfg: See `activation_layer`.
        in_patch_size: Kernel size of the stem [px].
        in_stride: Stride of the stem [px].
        in_pad: Padding of the stem [px].
        down_patch_size: Kernel size between stages [px].
        down_stride: Stride between stages [px].
        down_pad: Padding between stages [px].
        drop_rate: Dropout in the feed-forward layers, in [0, 1).
        drop_path_rate: Rate of stochastic depth of the last block, rising from 0, in [0, 1).
        out_indices: Parts whose outputs are returned, stages (even) and what lies between them
            (odd); negative counts from the end.
        frozen_stages: The stem, from 0 on, and this many parts get no gradient; -1 freezes nothing.
            The default freezes the stem, as the originals do against their own description.
        init_cfg: See `InitModule`; torch's start values by default.

    Raises:
        ValueError: If a value is out of range.

    Examples:
        >>> import torch
        >>> [tuple(x.shape) for x in PoolFormer("s12")(torch.rand(2, 3, 64, 64))]
        [(2, 512, 2, 2)]

    From: mmcls 0.25 and mmpretrain 1.2 `PoolFormer`.
    """

    def __init__(
        self,
        arch: str | Mapping[str, Any] = "s12",
        pool_size: int = 3,
        norm_cfg: Cfg = GROUP_NORM,
        act_cfg: Cfg = GELU,
        in_patch_size: int = 7,
        in_stride: int = 4,
        in_pad: int = 2,
        down_patch_size: int = 3,
        down_stride: int = 2,
        down_pad: int = 1,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        out_indices: int | Sequence[int] = -1,
        frozen_stages: int = 0,
        init_cfg: InitCfg = None,
    ) -> None:
        super().__init__(
            *(arch, Pooling),
            in_channels=3,
            norm_cfg=norm_cfg,
            act_cfg=act_cfg,
            stem=(in_patch_size, in_stride, in_pad),
            down=(down_patch_size, down_stride, down_pad),
            drop_rate=drop_rate,
            drop_path_rate=drop_path_rate,
            out_indices=out_indices,
            frozen_stages=frozen_stages,
            init_cfg=init_cfg,
            pool_size=pool_size,
        )

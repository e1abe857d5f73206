"""RIFormer on timm's MetaFormer."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmlight.models.backbones.base.metaformer import GROUP_NORM, Cfg, MetaFormerBackbone, name_rules
from mmlight.models.initialize import InitCfg
from mmlight.models.layers.defaults import GELU


class Affine(nn.Module):
    """Token mixer that mixes nothing: a factor and a bias per channel, less the input.

    Args:
        dim: Number of channels `C`.
        **_: Arguments of other token mixers of timm.

    From: mmpretrain 1.2 `Affine`.
    """

    def __init__(self, dim: int, **_: Any) -> None:
        super().__init__()
        self.affine = nn.Conv2d(dim, dim, 1, groups=dim)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to the same shape."""
        y: Tensor = self.affine(x) - x
        return y


class RIFormer(MetaFormerBackbone):
    """RIFormer: a MetaFormer whose token mixers go into the norms after training.

    Args:
        arch: A name of `ARCHS`, or a dict with `layers`, `embed_dims` and, if wanted, `mlp_ratios`
            and `layer_scale_init_value`.
        in_channels: Channels of the images.
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
        frozen_stages: Number of the last part that gets no gradient, with the stem and all before
            it; -1 freezes nothing.
        init_cfg: See `InitModule`; torch's start values by default.
        deploy: Whether there are no token mixers, as `switch_to_deploy` leaves it.

    Attributes:
        deploy: Whether the token mixers are fused into the norms.

    Raises:
        ValueError: If a value is out of range.

    Examples:
        >>> [tuple(x.shape) for x in RIFormer("s12", deploy=True)(torch.rand(2, 3, 64, 64))]
        [(2, 512, 2, 2)]

    From: mmpretrain 1.2 `RIFormer`.
    """

    freezes_part_of_number = True

    timm_head = None

    def __init__(
        self,
        arch: str | Mapping[str, Any] = "s12",
        in_channels: int = 3,
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
        frozen_stages: int = -1,
        init_cfg: InitCfg = None,
        deploy: bool = False,
    ) -> None:
        super().__init__(
            *(arch, nn.Identity if deploy else Affine),
            in_channels=in_channels,
            norm_cfg=norm_cfg,
            act_cfg=act_cfg,
            stem=(in_patch_size, in_stride, in_pad),
            down=(down_patch_size, down_stride, down_pad),
            drop_rate=drop_rate,
            drop_path_rate=drop_path_rate,
            out_indices=out_indices,
            frozen_stages=frozen_stages,
            init_cfg=init_cfg,
        )
        self.deploy = deploy
        self.name_rules = name_rules(self.network, has_mixer=not deploy)

    def switch_to_deploy(self) -> None:
        """Fuse the token mixer of each block into its first norm; a second call does nothing."""
        if self.deploy:
            return
        for stage in self.network.stages:
            for block in stage.blocks:
                _fuse(block)
        self.deploy = True
        self.name_rules = name_rules(self.network, has_mixer=False)


def _fuse(block: Any) -> None:
    affine, norm = block.token_mixer.affine, block.norm1
    with torch.no_grad():
        factor = affine.weight.flatten() - 1  # (C, 1, 1, 1) -> (C,)
        norm.bias.mul_(factor).add_(affine.bias)
        norm.weight.mul_(factor)
    block.token_mixer = nn.Identity()

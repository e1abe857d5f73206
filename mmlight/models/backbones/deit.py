"""The Vision Transformer with a distillation token."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from mmlight.models.backbones.vision_transformer import VisionTransformer
from mmlight.models.trunc_normal import trunc_normal_


class DistilledVisionTransformer(VisionTransformer):
    """DeiT with a distillation token beside the class token.

    Args:
        arch: A name of `ARCHS`, or a dict with the keys `ARCH_KEYS`.
        **kwargs: Arguments of `VisionTransformer`; `with_cls_token` must be True. With `out_type`
            'cls_token' an output is a pair of class and distillation token, each `(B, C)`.
            `pre_norm` makes a norm that is never applied, and `frozen_stages` leaves the
            distillation token alone, both as in the original.

    Examples:
        >>> import torch
        >>> arch = {"embed_dims": 8, "num_layers": 2, "num_heads": 2, "feedforward_channels": 16}
        >>> ((cls, dist),) = DistilledVisionTransformer(arch, img_size=32)(torch.rand(1, 3, 32, 32))
        >>> cls.shape, dist.shape
        (torch.Size([1, 8]), torch.Size([1, 8]))

    From: mmcls 0.25 and mmpretrain 1.2 `DistilledVisionTransformer`.
    """

    tokens = ("cls_token", "dist_token")
    has_pre_norm = False

    def __init__(self, arch: str | Mapping[str, int] = "deit-base", **kwargs: Any) -> None:
        if not kwargs.get("with_cls_token", True) and not kwargs.get("drops_cls_token"):
            raise ValueError(
                "with_cls_token must be True for DistilledVisionTransformer, got False"
            )
        super().__init__(arch, **kwargs)

    def format(self, x: Tensor, grid: Sequence[int]) -> Any:
        """Turn tokens `(B, L, C)` into the output."""
        return (x[:, 0], x[:, 1]) if self.out_type == "cls_token" else super().format(x, grid)

    def init_extra(self) -> None:
        """Draw the position embedding and the distillation token, unless a checkpoint fills all."""
        super().init_extra()
        if not self.is_pretrained:
            trunc_normal_(self.network.dist_token, std=0.02)

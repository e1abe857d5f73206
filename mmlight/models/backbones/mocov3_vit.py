"""The Vision Transformer of MoCo v3."""

import math
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

import torch
from torch import nn

from mmlight.models.backbones.vision_transformer import VisionTransformer
from mmlight.models.initialize import InitCfg
from mmlight.models.layers.position import sine_positions
from mmlight.models.networks.vit import ARCH_KEYS, ARCHS
from mmlight.models.options import name_archs


class MoCoV3ViT(VisionTransformer):
    """Vision Transformer with fixed positions of sines and cosines.

    Args:
        stop_grad_conv1: Whether the patch embedding gets no gradient.
        frozen_stages: From 0 on: the embedding gets no gradient and stays in eval mode, and so do
            this many layers.
        norm_eval: Whether batch norm stays in eval mode while training.
        init_cfg: See `InitModule`. Unless it is a checkpoint alone, the start values are those of
            MoCo v3, and the position embedding gets no gradient from then on.
        **kwargs: Arguments of `VisionTransformer`; `arch` may also be 'mocov3-small'.

    From: mmpretrain 1.2 `MoCoV3ViT`.
    """

    freezes_again = True
    archs = MappingProxyType(
        {**ARCHS, **name_archs(ARCH_KEYS, {("mocov3-s", "mocov3-small"): (384, 12, 12, 1536)})}
    )

    def __init__(
        self,
        stop_grad_conv1: bool = False,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        init_cfg: InitCfg = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(frozen_stages=frozen_stages, init_cfg=init_cfg, **kwargs)
        self.norm_eval = norm_eval
        if stop_grad_conv1:
            self.network.patch_embed.proj.requires_grad_(False)

    def frozen_parts(self) -> Sequence[nn.Module]:
        """Return the patch embedding and the first layers; the final norm too when all are."""
        if self.frozen_stages < 0:
            return ()
        net, count = self.network, self.frozen_stages
        ends = [net.norm] if count == len(net.blocks) else []
        return [net.patch_embed, *net.blocks[:count], *ends]

    def freeze(self) -> None:
        """Freeze the parts and the embeddings that belong to no part."""
        super().freeze()
        if self.frozen_stages >= 0:
            self.freeze_embeddings()

    def init_extra(self) -> None:
        """Set fixed positions and draw the rest, unless a checkpoint alone fills the weights."""
        super().init_extra()
        if self.is_pretrained:
            return
        net = self.network
        width = net.pos_embed.shape[-1]
        with torch.no_grad():
            net.pos_embed.zero_()[:, self.num_pos_tokens :] = sine_positions(self.grid, width)
        net.pos_embed.requires_grad_(False)
        patch = net.patch_embed.proj
        area = math.prod(patch.kernel_size)
        _draw(patch, math.sqrt(6 / (3 * area + width)))
        for block in net.blocks:
            for name, layer in block.named_modules():
                if isinstance(layer, nn.Linear):
                    # query, key and value count as layers of their own
                    outputs = layer.out_features // (3 if name == "attn.qkv" else 1)
                    _draw(layer, math.sqrt(6 / (outputs + layer.in_features)))
        nn.init.normal_(net.cls_token, std=1e-6)


def _draw(layer: nn.Linear | nn.Conv2d, limit: float) -> None:
    nn.init.uniform_(layer.weight, -limit, limit)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)

"""The attention of LeViT, TinyViT and EfficientFormer on timm: a learned bias per distance."""

from typing import Any, Final

import torch
from timm.models import efficientformer, levit, tiny_vit
from torch import Tensor, nn


class _BiasAnew:
    attention_biases: Any
    attention_bias_idxs: Any

    def get_attention_biases(self, device: torch.device) -> Tensor:
        bias: Tensor = self.attention_biases[:, self.attention_bias_idxs]
        return bias  # (heads, queries, keys)


class LevitAttention(_BiasAnew, levit.Attention):
    """Attention of LeViT that keeps no bias from call to call."""


class LevitDownsample(_BiasAnew, levit.AttentionDownsample):
    """Subsampling attention of LeViT that keeps no bias from call to call."""


class TinyVitAttention(_BiasAnew, tiny_vit.Attention):
    """Attention of TinyViT that keeps no bias from call to call."""


class EfficientFormerAttention(_BiasAnew, efficientformer.Attention):
    """Attention of EfficientFormer that keeps no bias from call to call."""


ANEW: Final[dict[type[nn.Module], Any]] = {
    kind.__bases__[1]: kind
    for kind in (LevitAttention, LevitDownsample, TinyVitAttention, EfficientFormerAttention)
}
"""timm's class -> ours."""


def compute_bias_anew(network: nn.Module) -> None:
    """Let the attention layers of a timm network compute their bias in every call.

    timm keeps the bias of the first call in eval mode until the mode changes: weights loaded
    meanwhile have no effect, and a bias from inference mode breaks gradients.

    Args:
        network: Changed in place; no parameter is touched.
    """
    for layer in network.modules():
        if type(layer) in ANEW:
            layer.__class__ = ANEW[type(layer)]

"""The head of a Vision Transformer with a distillation token."""

from typing import Any

from torch import Tensor, nn

from mmlight.models.heads.vision_transformer_head import VisionTransformerClsHead

Tokens = tuple[Tensor, Tensor]


class DeiTClsHead(VisionTransformerClsHead):
    """Map class and distillation token to logits by a linear layer each, and take the mean.

    Args:
        *args: Arguments of `VisionTransformerClsHead`.
        **kwargs: The same.

    From: mmcls 0.25 and mmpretrain 1.2 `DeiTClsHead`. Training uses the mean as well, without a
    teacher; the originals warn that this is not the distillation of the paper.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        head: Any = self.layers[-1]
        self.layers.add_module("head_dist", nn.Linear(head.in_features, head.out_features))

    def pre_logits(self, feats: tuple[Any, ...]) -> Tokens:  # type: ignore[override]
        """Return the inputs of the last layers, of class and distillation token."""
        cls_token, dist_token = feats[-1][-2:]  # a featmap may come first
        if self.hidden_dim is None:
            return cls_token, dist_token
        hidden = self.layers[:2]
        return hidden(cls_token), hidden(dist_token)

    def forward(self, feats: tuple[Any, ...]) -> Tensor:
        """Map the last pair of tokens, each `(B, C)`, to logits `(B, K)`."""
        cls_token, dist_token = self.pre_logits(feats)
        head, head_dist = self.layers[-2:]
        scores: Tensor = (head(cls_token) + head_dist(dist_token)) / 2
        return scores

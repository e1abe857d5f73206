"""What the heads of distilled networks share."""

from typing import Any, ClassVar

from torch import Tensor

from mmlight.models.heads.cls_head import ClsHead


class DistilledClsHead(ClsHead):
    """A head of one last layer or, for a distilled network, of two whose logits are averaged.

    Attributes:
        distillation: Whether there is a second layer.
        head: The first layer, from `(B, C)` to `(B, K)`.
        second: What the second one is called.

    From: mmpretrain 1.2 `LeViTClsHead`, `EfficientFormerClsHead`.
    """

    distillation: bool
    head: Any
    second: ClassVar[str]

    def forward(self, feats: Any) -> Tensor:
        """Map the last feature `(B, C)` to logits `(B, K)`."""
        x = self.pre_logits(feats)
        cls_score: Tensor = self.head(x)
        return (cls_score + getattr(self, self.second)(x)) / 2 if self.distillation else cls_score

    def loss(self, feats: Any, target: Tensor) -> dict[str, Tensor]:
        """Compute the loss as `ClsHead.loss` does.

        Raises:
            ValueError: If the head is a distilled one.
        """
        if self.distillation:
            raise ValueError("distillation must be False for training, got True")
        return super().loss(feats, target)

"""The head of a classifier whose backbone already gives logits, and the base of the other heads."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional

from mmlight.models.initialize import InitCfg, InitModule
from mmlight.models.losses.cross_entropy_loss import CrossEntropyLoss


def topk_accuracy(cls_score: Tensor, target: Tensor, topk: Sequence[int]) -> list[Tensor]:
    """Return the accuracy of raw logits in percent, for each k.

    Args:
        cls_score: Logits, float `(B, K)`.
        target: Class indices, int64 `(B,)`.
        topk: Each at most `K`.

    Returns:
        One scalar per k, in [0, 100].

    Raises:
        ValueError: If a k is larger than the number of classes.

    From: mmcls 0.25 `Accuracy` and mmpretrain 1.2 `Accuracy.calculate` as their heads call them: on
    logits, where only values above 0 count as predictions. That is below the true accuracy whenever
    the right logit is not positive.
    """
    if max(topk) > cls_score.shape[1]:
        raise ValueError(
            f"topk must be at most {cls_score.shape[1]}, the number of classes, got {max(topk)}"
        )
    scores, labels = cls_score.topk(max(topk), dim=1)
    correct = (labels == target.unsqueeze(1)) & (scores > 0)  # (B, max k)
    return [correct[:, :k].float().sum() * (100.0 / len(target)) for k in topk]


class ClsHead(InitModule):
    """Takes logits from the backbone and computes loss and scores.

    Args:
        loss: Loss module, called with (logits, target, avg_factor=B); None means
            `CrossEntropyLoss()`.
        topk: The k of the accuracies.
        cal_acc: Whether the losses contain accuracies.
        init_cfg: See `InitModule`.

    Attributes:
        num_classes: Number of classes `K`, None where the head does not know it.
        in_channels: Number of input channels, None where the head does not know it.

    From: mmcls 0.25 and mmpretrain 1.2 `ClsHead`.
    """

    num_classes: int | None = None
    in_channels: int | None = None

    def __init__(
        self,
        loss: nn.Module | None = None,
        topk: int | Sequence[int] = (1,),
        cal_acc: bool = False,
        init_cfg: InitCfg = None,
    ) -> None:
        super().__init__(init_cfg)
        self.loss_module = CrossEntropyLoss() if loss is None else loss
        self.topk = (topk,) if isinstance(topk, int) else tuple(topk)
        if min(self.topk) < 1:
            raise ValueError(f"topk must be at least 1, got {self.topk}")
        self.cal_acc = cal_acc

    def pre_logits(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Return the input of the last layer, `(B, C)`."""
        return feats[-1]

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Return logits `(B, K)` from the last feature."""
        return self.pre_logits(feats)

    def loss(self, feats: tuple[Tensor, ...], target: Tensor) -> dict[str, Tensor]:
        """Compute the loss and, where asked for, accuracies.

        Args:
            feats: As for `forward`.
            target: Class indices, int64 `(B,)`, or soft labels, float `(B, K)`.

        Returns:
            Scalars: `loss`, and `accuracy_top-<k>` in percent for each k when `cal_acc`.

        Raises:
            ValueError: If accuracies are asked for and the labels are soft.
        """
        cls_score = self(feats)
        losses = {"loss": self.loss_module(cls_score, target, avg_factor=len(cls_score))}
        if self.cal_acc:
            if target.ndim != 1:
                raise ValueError(
                    "cal_acc must be False with soft labels (batch augments), got True"
                )
            accuracies = topk_accuracy(cls_score.detach(), target, self.topk)
            losses |= {
                f"accuracy_top-{k}": value for k, value in zip(self.topk, accuracies, strict=True)
            }
        return losses

    def predict(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Return scores `(B, K)`; each row sums to 1."""
        return functional.softmax(self(feats), dim=1)

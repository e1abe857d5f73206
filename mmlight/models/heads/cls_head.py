"""The head of a classifier whose backbone already gives logits, and the base of the other heads."""

from collections.abc import Sequence
from typing import Any, ClassVar

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


def last_feature(feats: Any) -> Any:
    """Return the last of several features; a tensor is the only one.

    From: mmcls 0.25, whose heads take a tensor as well; those of mmpretrain 1.2 would take the last
    image of the batch for it.
    """
    return feats[-1] if isinstance(feats, (tuple, list)) else feats


def check_num_classes(num_classes: int) -> int:
    """Return the number of classes; raise ValueError when it is below 1."""
    if num_classes < 1:
        raise ValueError(f"num_classes must be at least 1, got {num_classes}")
    return num_classes


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

    uses_labels: ClassVar[bool] = False
    """Whether `loss` takes the class indices as well, as `labels`, when the target is soft."""

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

    def pre_logits(self, feats: Any) -> Tensor:
        """Return the input of the last layer, `(B, C)`."""
        feature: Tensor = last_feature(feats)
        return feature

    def forward(self, feats: Any) -> Tensor:
        """Return logits `(B, K)` from the last feature."""
        return self.pre_logits(feats)

    def loss(self, feats: Any, target: Tensor, /) -> dict[str, Tensor]:
        """Compute the loss and, where asked for, accuracies.

        Args:
            feats: As for `forward`.
            target: Class indices, int64 `(B,)`, or soft labels, float `(B, K)`.

        Returns:
            Scalars: `loss`, and `accuracy_top-<k>` in percent for each k when `cal_acc`.

        Raises:
            ValueError: If accuracies are asked for and the labels are soft.
        """
        return self.compare(self(feats), target)

    def compare(self, cls_score: Tensor, target: Tensor, **options: Any) -> dict[str, Tensor]:
        """Compute what `loss` does from logits `(B, K)`; options are for the loss module."""
        loss = self.loss_module(cls_score, target, avg_factor=len(cls_score), **options)
        return {"loss": loss, **self.measure(cls_score, target)}

    def measure(self, cls_score: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Return `accuracy_top-<k>` of logits `(B, K)` for each k; nothing without `cal_acc`."""
        if not self.cal_acc:
            return {}
        if target.ndim != 1:
            raise ValueError("cal_acc must be False with soft labels (batch augments), got True")
        accuracies = topk_accuracy(cls_score.detach(), target, self.topk)
        return {f"accuracy_top-{k}": value for k, value in zip(self.topk, accuracies, strict=True)}

    def predict(self, feats: Any) -> Tensor:
        """Return scores `(B, K)`; each row sums to 1."""
        return self.score(self(feats))

    def score(self, cls_score: Tensor) -> Tensor:
        """Turn logits `(B, K)` into what `predict` returns."""
        return functional.softmax(cls_score, dim=1)

    def choose_labels(self, scores: Tensor) -> Tensor | list[Tensor]:
        """Return the predicted class of each image, int64 `(B, 1)`, from scores `(B, K)`."""
        return scores.argmax(dim=1, keepdim=True)

"""Focal loss: sigmoid cross entropy that cares less for what is right already."""

from torch import Tensor, nn
from torch.nn import functional

from mmlight.models.losses.reduce import as_column, check_reduction, reduce_loss
from mmlight.models.targets import class_scores


def sigmoid_focal_loss(
    pred: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    gamma: float = 2.0,
    alpha: float = 0.25,
    reduction: str = "mean",
    avg_factor: float | None = None,
) -> Tensor:
    """Compute sigmoid focal loss.

    Args:
        pred: Logits, float `(B, K)`.
        target: Scores in [0, 1], `(B, K)`.
        weight: Weight per sample `(B,)`.
        gamma: Power of the distance from the target, that the loss is weighted by.
        alpha: Weight of positive targets; negative ones have `1 - alpha`.
        reduction: See `reduce_loss`; 'none' gives `(B, K)`, 'mean' with `avg_factor` sums over
            classes.
        avg_factor: See `reduce_loss`.

    Raises:
        ValueError: If the shapes differ.

    From: mmcls 0.25 and mmpretrain 1.2 `sigmoid_focal_loss`.
    """
    if pred.shape != target.shape:
        raise ValueError(
            f"target must have shape {tuple(pred.shape)} like pred, got {tuple(target.shape)}"
        )
    target = target.to(pred.dtype)
    score = pred.sigmoid()
    distance = (1 - score) * target + score * (1 - target)
    balance = alpha * target + (1 - alpha) * (1 - target)
    loss = functional.binary_cross_entropy_with_logits(pred, target, reduction="none")
    loss = loss * (balance * distance.pow(gamma))
    return reduce_loss(loss, as_column(weight, pred), reduction=reduction, avg_factor=avg_factor)


class FocalLoss(nn.Module):
    """Sigmoid focal loss as a module.

    Args:
        gamma: See `sigmoid_focal_loss`.
        alpha: See `sigmoid_focal_loss`.
        reduction: 'none', 'mean' or 'sum'.
        loss_weight: Factor on the result.

    Examples:
        >>> import torch
        >>> FocalLoss()(torch.zeros(2, 4), torch.tensor([0, 3]))
        tensor(0.1083)

    From: mmcls 0.25 and mmpretrain 1.2 `FocalLoss`.
    """

    def __init__(
        self,
        gamma: float = 2.0,
        alpha: float = 0.25,
        reduction: str = "mean",
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__()
        check_reduction(reduction)
        self.gamma = gamma
        self.alpha = alpha
        self.reduction = reduction
        self.loss_weight = loss_weight

    def forward(
        self,
        pred: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        avg_factor: float | None = None,
        reduction_override: str | None = None,
    ) -> Tensor:
        """Compute the loss of logits `(B, K)` and class indices `(B,)` or scores `(B, K)`.

        Returns:
            A scalar, or a loss per element for the reduction 'none'.
        """
        return self.loss_weight * sigmoid_focal_loss(
            pred,
            class_scores(target, pred.shape[-1]),
            weight,
            self.gamma,
            self.alpha,
            reduction_override or self.reduction,
            avg_factor,
        )

"""Asymmetric loss: many negative classes weigh less than few positive ones."""

from torch import Tensor, nn

from mmlight.models.losses.reduce import as_column, check_reduction, reduce_loss
from mmlight.models.targets import class_scores


def asymmetric_loss(
    pred: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    gamma_pos: float = 1.0,
    gamma_neg: float = 4.0,
    clip: float | None = 0.05,
    reduction: str = "mean",
    avg_factor: float | None = None,
    use_sigmoid: bool = True,
    eps: float = 1e-8,
) -> Tensor:
    """Compute asymmetric loss.

    Args:
        pred: Logits, float `(B, K)`.
        target: Scores in [0, 1], `(B, K)`.
        weight: Weight per sample `(B,)`.
        gamma_pos: Power that focuses on positive targets that are missed.
        gamma_neg: Power that focuses on negative targets that are predicted.
        clip: Scores of negative targets count as this much lower, 0 at least; None for 0.
        reduction: See `reduce_loss`; 'none' gives `(B, K)`, 'mean' with `avg_factor` sums over
            classes.
        avg_factor: See `reduce_loss`.
        use_sigmoid: Whether each class has its own sigmoid; otherwise scores are a softmax.
        eps: Smallest probability whose logarithm is taken.

    Raises:
        ValueError: If the shapes differ.

    From: mmcls 0.25 and mmpretrain 1.2 `asymmetric_loss`.
    """
    if pred.shape != target.shape:
        raise ValueError(
            f"target must have shape {tuple(pred.shape)} like pred, got {tuple(target.shape)}"
        )
    target = target.to(pred.dtype)
    score = pred.sigmoid() if use_sigmoid else pred.softmax(dim=-1)
    absent = 1 - score
    if clip and clip > 0:
        absent = (absent + clip).clamp(max=1)
    right = absent * (1 - target) + score * target
    focus = (1 - right).pow(gamma_pos * target + gamma_neg * (1 - target))
    loss = -right.clamp(min=eps).log() * focus
    return reduce_loss(loss, as_column(weight, pred), reduction=reduction, avg_factor=avg_factor)


class AsymmetricLoss(nn.Module):
    """Asymmetric loss as a module.

    Args:
        gamma_pos: See `asymmetric_loss`; here 0 by default.
        gamma_neg: See `asymmetric_loss`.
        clip: See `asymmetric_loss`.
        reduction: 'none', 'mean' or 'sum'.
        loss_weight: Factor on the result.
        use_sigmoid: See `asymmetric_loss`.
        eps: See `asymmetric_loss`.

    Examples:
        >>> import torch
        >>> AsymmetricLoss()(torch.zeros(2, 4), torch.tensor([0, 3]))
        tensor(0.1917)

    From: mmcls 0.25 and mmpretrain 1.2 `AsymmetricLoss`.
    """

    def __init__(
        self,
        gamma_pos: float = 0.0,
        gamma_neg: float = 4.0,
        clip: float | None = 0.05,
        reduction: str = "mean",
        loss_weight: float = 1.0,
        use_sigmoid: bool = True,
        eps: float = 1e-8,
    ) -> None:
        super().__init__()
        check_reduction(reduction)
        self.gamma_pos = gamma_pos
        self.gamma_neg = gamma_neg
        self.clip = clip
        self.reduction = reduction
        self.loss_weight = loss_weight
        self.use_sigmoid = use_sigmoid
        self.eps = eps

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
        return self.loss_weight * asymmetric_loss(
            pred,
            class_scores(target, pred.shape[-1]),
            weight,
            gamma_pos=self.gamma_pos,
            gamma_neg=self.gamma_neg,
            clip=self.clip,
            reduction=reduction_override or self.reduction,
            avg_factor=avg_factor,
            use_sigmoid=self.use_sigmoid,
            eps=self.eps,
        )

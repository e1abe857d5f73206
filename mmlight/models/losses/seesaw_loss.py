"""Seesaw loss: cross entropy that spares rare classes the pressure of frequent ones."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmlight.models.losses.reduce import check_reduction, reduce_loss


def seesaw_ce_loss(
    cls_score: Tensor,
    labels: Tensor,
    weight: Tensor | None,
    cum_samples: Tensor,
    num_classes: int,
    p: float,
    q: float,
    eps: float,
    reduction: str = "mean",
    avg_factor: float | None = None,
) -> Tensor:
    """Compute seesaw loss.

    Args:
        cls_score: Logits, float `(B, K)`.
        labels: Class indices, int64 `(B,)`.
        weight: Weight per sample `(B,)`.
        cum_samples: Samples seen so far of each class, float `(K,)`.
        num_classes: Number of classes `K`.
        p: Power of the mitigation: how much a class rarer than the right one is pushed down less.
        q: Power of the compensation: how much a class with a higher score than the right one is
            pushed down more.
        eps: Smallest score of the right class that others are compared with.
        reduction: See `reduce_loss`.
        avg_factor: See `reduce_loss`.

    From: mmcls 0.25 and mmpretrain 1.2 `seesaw_ce_loss`.
    """
    row = labels.unsqueeze(1)
    factors = torch.ones_like(cls_score)
    if p > 0:
        seen = cum_samples.clamp(min=1)
        rarity = seen / seen[row]  # (B, K)
        factors = factors * torch.where(rarity < 1, rarity.pow(p), 1.0)
    if q > 0:
        scores = functional.softmax(cls_score.detach(), dim=1)
        excess = scores / scores.gather(1, row).clamp(min=eps)
        factors = factors * torch.where(excess > 1, excess.pow(q), 1.0)
    others = 1 - functional.one_hot(labels, num_classes)  # (B, K)
    loss = functional.cross_entropy(cls_score + factors.log() * others, labels, reduction="none")
    weight = None if weight is None else weight.float()
    return reduce_loss(loss, weight, reduction=reduction, avg_factor=avg_factor)


class SeesawLoss(nn.Module):
    """Seesaw loss as a module; it counts the samples that it has seen.

    Args:
        use_sigmoid: Must be False.
        p: See `seesaw_ce_loss`.
        q: See `seesaw_ce_loss`.
        num_classes: Number of classes `K`.
        eps: See `seesaw_ce_loss`.
        reduction: 'none', 'mean' or 'sum'.
        loss_weight: Factor on the result.

    Attributes:
        cum_samples: Samples seen so far of each class, float32 `(K,)`; part of checkpoints, which
            call it `head.compute_loss.cum_samples` in 0.x; written it is `head.loss_module...`.

    Examples:
        >>> loss = SeesawLoss(num_classes=4)
        >>> loss(torch.zeros(2, 4), torch.tensor([0, 3])), loss.cum_samples.tolist()
        (tensor(1.3863), [1.0, 0.0, 0.0, 1.0])

    From: mmcls 0.25 and mmpretrain 1.2 `SeesawLoss`.
    """

    cum_samples: Tensor

    def __init__(
        self,
        use_sigmoid: bool = False,
        p: float = 0.8,
        q: float = 2.0,
        num_classes: int = 1000,
        eps: float = 1e-2,
        reduction: str = "mean",
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__()
        if use_sigmoid:
            raise ValueError(f"use_sigmoid must be False, got {use_sigmoid}")
        check_reduction(reduction)
        self.p = p
        self.q = q
        self.num_classes = num_classes
        self.eps = eps
        self.reduction = reduction
        self.loss_weight = loss_weight
        self.register_buffer("cum_samples", torch.zeros(num_classes))

    def forward(
        self,
        cls_score: Tensor,
        labels: Tensor,
        weight: Tensor | None = None,
        avg_factor: float | None = None,
        reduction_override: str | None = None,
    ) -> Tensor:
        """Count the labels, then compute the loss.

        Args:
            cls_score: Logits, float `(B, K)`.
            labels: Class indices, int64 `(B,)`.
            weight: Weight per sample `(B,)`.
            avg_factor: See `reduce_loss`.
            reduction_override: A reduction in place of the module's own.

        Raises:
            ValueError: If the labels are soft, or the number of classes is another.
        """
        if labels.ndim != 1:
            shape = tuple(labels.shape)
            raise ValueError(f"labels must be class indices without batch augments, got {shape}")
        if cls_score.shape[-1] != self.num_classes:
            raise ValueError(
                f"num_classes must be {cls_score.shape[-1]} like cls_score, got {self.num_classes}"
            )
        ones = torch.ones_like(labels, dtype=self.cum_samples.dtype)
        self.cum_samples.index_add_(0, labels, ones)
        return self.loss_weight * seesaw_ce_loss(
            cls_score,
            labels,
            weight,
            self.cum_samples,
            self.num_classes,
            self.p,
            self.q,
            self.eps,
            reduction_override or self.reduction,
            avg_factor,
        )

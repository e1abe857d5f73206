"""Cross entropy in its three forms: class indices, soft labels, one sigmoid per class."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmlight.models.losses.reduce import as_column, check_reduction, reduce_loss


def cross_entropy(
    cls_score: Tensor,
    label: Tensor,
    weight: Tensor | None = None,
    *,
    reduction: str = "mean",
    avg_factor: float | None = None,
    class_weight: Tensor | None = None,
) -> Tensor:
    """Compute softmax cross entropy.

    Args:
        cls_score: Logits, float `(B, K)`.
        label: Class indices, int64 `(B,)`, or probabilities, float `(B, K)`.
        weight: Weight per sample `(B,)`.
        reduction: See `reduce_loss`.
        avg_factor: See `reduce_loss`.
        class_weight: Weight per class `(K,)`.

    From: mmcls 0.25 and mmpretrain 1.2 `cross_entropy`. A mean divides by the number of samples,
        not by class weights.
    """
    loss = functional.cross_entropy(cls_score, label, weight=class_weight, reduction="none")
    return reduce_loss(loss, _as_float(weight), reduction=reduction, avg_factor=avg_factor)


def soft_cross_entropy(
    cls_score: Tensor,
    label: Tensor,
    weight: Tensor | None = None,
    *,
    reduction: str = "mean",
    avg_factor: float | None = None,
    class_weight: Tensor | None = None,
) -> Tensor:
    """Compute softmax cross entropy with soft labels.

    Args:
        cls_score: Logits, float `(B, K)`.
        label: Soft labels, float `(B, K)`.
        weight: Weight per sample `(B,)`.
        reduction: See `reduce_loss`.
        avg_factor: See `reduce_loss`.
        class_weight: Weight per class `(K,)`.

    From: mmcls 0.25 and mmpretrain 1.2 `soft_cross_entropy`.
    """
    loss = -label * functional.log_softmax(cls_score, dim=-1)
    if class_weight is not None:
        loss = loss * class_weight
    loss = loss.sum(dim=-1)  # (B, K) -> (B,)
    return reduce_loss(loss, _as_float(weight), reduction=reduction, avg_factor=avg_factor)


def binary_cross_entropy(
    cls_score: Tensor,
    label: Tensor,
    weight: Tensor | None = None,
    *,
    reduction: str = "mean",
    avg_factor: float | None = None,
    class_weight: Tensor | None = None,
    pos_weight: Tensor | None = None,
) -> Tensor:
    """Compute sigmoid cross entropy, each class on its own.

    Args:
        cls_score: Logits, float `(B, K)`.
        label: Targets in [0, 1], int or float `(B, K)`.
        weight: Weight per sample `(B,)`.
        reduction: See `reduce_loss`; 'none' gives `(B, K)`, 'mean' with `avg_factor` sums over
            classes.
        avg_factor: See `reduce_loss`.
        class_weight: Weight per class `(K,)`.
        pos_weight: Weight per class of the positive targets `(K,)`.

    Raises:
        ValueError: If `label` has not the same number of dimensions as `cls_score`.

    From: mmcls 0.25 and mmpretrain 1.2 `binary_cross_entropy`; the latter has labels in float32
        whatever the logits are.
    """
    if cls_score.dim() != label.dim():
        raise ValueError(
            f"label must have {cls_score.dim()} dimensions like cls_score, got {label.dim()}"
        )
    label = label.to(torch.promote_types(cls_score.dtype, torch.float32))
    loss = functional.binary_cross_entropy_with_logits(
        cls_score, label, weight=class_weight, pos_weight=pos_weight, reduction="none"
    )
    weight = as_column(weight, cls_score)
    return reduce_loss(loss, weight, reduction=reduction, avg_factor=avg_factor)


class CrossEntropyLoss(nn.Module):
    """Cross entropy as a module.

    Args:
        use_sigmoid: Take one sigmoid per class (`binary_cross_entropy`).
        use_soft: Take soft labels (`soft_cross_entropy`).
        reduction: 'none', 'mean' or 'sum'.
        loss_weight: Factor on the result.
        class_weight: Weight of each class.
        pos_weight: Weight of positive targets of each class; has an effect with `use_sigmoid` only.

    Examples:
        >>> CrossEntropyLoss()(torch.zeros(2, 4), torch.tensor([0, 3]))
        tensor(1.3863)

    From: mmcls 0.25 and mmpretrain 1.2 `CrossEntropyLoss`.
    """

    class_weight: Tensor | None
    pos_weight: Tensor | None

    def __init__(
        self,
        use_sigmoid: bool = False,
        use_soft: bool = False,
        reduction: str = "mean",
        loss_weight: float = 1.0,
        class_weight: Sequence[float] | None = None,
        pos_weight: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        if use_sigmoid and use_soft:
            raise ValueError("use_soft must be False when use_sigmoid is True, got True")
        check_reduction(reduction)
        self.use_sigmoid = use_sigmoid
        self.use_soft = use_soft
        self.reduction = reduction
        self.loss_weight = loss_weight
        self.register_buffer("class_weight", _as_tensor(class_weight), persistent=False)
        self.register_buffer("pos_weight", _as_tensor(pos_weight), persistent=False)

    def forward(
        self,
        cls_score: Tensor,
        label: Tensor,
        weight: Tensor | None = None,
        avg_factor: float | None = None,
        reduction_override: str | None = None,
    ) -> Tensor:
        """Compute the loss of logits `(B, K)`; the other arguments are those of the functions.

        Returns:
            A scalar, or a loss per sample for the reduction 'none'.
        """
        reduction = reduction_override or self.reduction
        class_weight, pos_weight = (
            None if values is None else values.to(cls_score.dtype)
            for values in (self.class_weight, self.pos_weight)
        )
        if self.use_sigmoid:
            loss = binary_cross_entropy(
                cls_score,
                label,
                weight,
                reduction=reduction,
                avg_factor=avg_factor,
                class_weight=class_weight,
                pos_weight=pos_weight,
            )
        else:
            criterion = soft_cross_entropy if self.use_soft else cross_entropy
            loss = criterion(
                cls_score,
                label,
                weight,
                reduction=reduction,
                avg_factor=avg_factor,
                class_weight=class_weight,
            )
        return self.loss_weight * loss


def _as_float(weight: Tensor | None) -> Tensor | None:
    return None if weight is None else weight.float()


def _as_tensor(values: Sequence[float] | None) -> Tensor | None:
    return None if values is None else torch.tensor(values)

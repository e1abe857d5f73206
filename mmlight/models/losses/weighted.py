"""What users' own losses are made with: weighting and reducing an element-wise loss."""

import functools
from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.nn import functional

from mmlight.models.losses.reduce import reduce_loss


def reduce_elements(loss: Tensor, reduction: str) -> Tensor:
    """Reduce an element-wise loss.

    Args:
        loss: Any shape.
        reduction: 'none', 'mean' or 'sum'.

    Returns:
        A scalar, or the shape of `loss` for 'none'.

    Raises:
        ValueError: If the reduction is not known.

    From: mmcls 0.25 and mmpretrain 1.2 `reduce_loss`.
    """
    return reduce_loss(loss, reduction=reduction)


def weight_reduce_loss(
    loss: Tensor,
    weight: Tensor | None = None,
    reduction: str = "mean",
    avg_factor: float | None = None,
) -> Tensor:
    """Weight an element-wise loss and reduce it; see `mmlight.models.losses.reduce.reduce_loss`.

    From: mmcls 0.25 and mmpretrain 1.2 `weight_reduce_loss`.
    """
    return reduce_loss(loss, weight, reduction=reduction, avg_factor=avg_factor)


def weighted_loss(loss_func: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Give an element-wise loss `f(pred, target)` the arguments `weight, reduction, avg_factor`.

    Examples:
        >>> import torch
        >>> @weighted_loss
        ... def l1_loss(pred, target):
        ...     return (pred - target).abs()
        >>> pred, target = torch.tensor([0.0, 2.0, 3.0]), torch.tensor([1.0, 1.0, 1.0])
        >>> l1_loss(pred, target, torch.tensor([1.0, 0.0, 1.0]), avg_factor=2)
        tensor(1.5000)

    From: mmcls 0.25 and mmpretrain 1.2 `weighted_loss`.
    """

    @functools.wraps(loss_func)
    def loss(
        pred: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        reduction: str = "mean",
        avg_factor: float | None = None,
        **kwargs: Any,
    ) -> Tensor:
        elements = loss_func(pred, target, **kwargs)
        return weight_reduce_loss(elements, weight, reduction, avg_factor)

    return loss


def convert_to_one_hot(targets: Tensor, classes: int) -> Tensor:
    """Turn class indices `(B, 1)` into int64 `(B, K)`, 1 for the class and 0 for others.

    From: mmcls 0.25 and mmpretrain 1.2 `convert_to_one_hot`.
    """
    return functional.one_hot(targets.long().squeeze(-1), classes)  # (B, 1) -> (B, K)

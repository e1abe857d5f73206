"""Turns a loss per sample into the loss of a batch."""

from typing import Final

from torch import Tensor

REDUCTIONS: Final = ("none", "mean", "sum")


def reduce_loss(
    loss: Tensor,
    weight: Tensor | None = None,
    *,
    reduction: str = "mean",
    avg_factor: float | None = None,
) -> Tensor:
    """Weight a loss and reduce it.

    Args:
        loss: Loss per sample or per element, float, any shape.
        weight: Factors that broadcast to `loss`.
        reduction: 'none', 'mean' or 'sum'.
        avg_factor: Divisor of 'mean' in place of the number of elements.

    Returns:
        A scalar, or the shape of `loss` for 'none'.

    Raises:
        ValueError: If `avg_factor` comes with 'sum', or the reduction is not known.

    From: mmcls 0.25 and mmpretrain 1.2 `weight_reduce_loss`.
    """
    check_reduction(reduction)
    if avg_factor is not None and reduction == "sum":
        raise ValueError(f"avg_factor must be None for reduction='sum', got {avg_factor}")
    if weight is not None:
        loss = loss * weight
    if reduction == "none":
        return loss
    if reduction == "mean" and avg_factor is None:
        return loss.mean()
    total = loss.sum()
    return total if avg_factor is None else total / avg_factor


def check_reduction(reduction: str) -> None:
    """Raise ValueError unless the reduction is known."""
    if reduction not in REDUCTIONS:
        raise ValueError(f"reduction must be one of {', '.join(REDUCTIONS)}, got {reduction!r}")


def as_column(weight: Tensor | None, elements: Tensor) -> Tensor | None:
    """Shape a weight per sample `(B,)` so that it meets elements `(B, ...)`, as float."""
    if weight is None:
        return None
    weight = weight.float()
    return weight.reshape(-1, 1) if elements.dim() > 1 else weight  # (B,) -> (B, 1)

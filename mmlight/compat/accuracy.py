"""Accuracy as heads of 0.x compute it in training."""

from collections.abc import Sequence
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Numbers = Tensor | NDArray[Any]


def accuracy(
    pred: Numbers,
    target: Numbers,
    topk: int | Sequence[int] = 1,
    thrs: float | Sequence[float] = 0.0,
) -> Any:
    """Return the accuracy in percent, for each `topk` and in it for each of `thrs`.

    Args:
        pred: Scores of each class, float `(B, K)`.
        target: Class indices, int64 `(B,)`.
        topk: One `k`, each at most `K`, or several.
        thrs: Scores must be larger than this to count; one or several.

    Returns:
        A tensor `(1,)`; a list of such where `topk` or `thrs` are several, a list of lists where
        both are.

    Examples:
        >>> accuracy(torch.tensor([[0.2, 0.8], [0.6, 0.4]]), torch.tensor([1, 1]), topk=(1, 2))
        [tensor([50.]), tensor([100.])]

    From: mmcls 0.25 `accuracy`.
    """
    scores, labels = torch.as_tensor(pred).float(), torch.as_tensor(target)
    numbers = (topk,) if isinstance(topk, int) else tuple(topk)
    bounds = (thrs,) if isinstance(thrs, int | float) else tuple(thrs)
    best, chosen = scores.topk(max(numbers), dim=1)
    hit = chosen == labels.view(-1, 1)  # (B, max k)
    values: list[Any] = [
        [
            (hit & (best > bound))[:, :k].float().sum().view(1) * (100.0 / len(labels))
            for bound in bounds
        ]
        for k in numbers
    ]
    if isinstance(thrs, int | float):
        values = [value for (value,) in values]
    return values[0] if isinstance(topk, int) else values


class Accuracy(nn.Module):
    """`accuracy` as a module.

    Args:
        topk: See `accuracy`.

    From: mmcls 0.25 `Accuracy`.
    """

    def __init__(self, topk: int | Sequence[int] = (1,)) -> None:
        super().__init__()
        self.topk = topk

    def forward(self, pred: Tensor, target: Tensor) -> Any:
        """Compare scores `(B, K)` with class indices `(B,)`."""
        return accuracy(pred, target, self.topk)

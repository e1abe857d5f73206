"""Turns the scores of several views of the same images into one."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor


def has_views(inputs: Any) -> bool:
    """Tell whether the inputs of a model are several views of the images of a batch.

    Args:
        inputs: A batch `(B, C, H, W)`, a list of `B` images `(C, H, W)`, or a list of `V` such.

    Examples:
        >>> import torch
        >>> image = torch.zeros(3, 4, 4)
        >>> [has_views(x) for x in (image[None], [image], [image[None]] * 2, [[image], [image]])]
        [False, False, True, True]
    """
    if not isinstance(inputs, list):
        return False
    return not isinstance(inputs[0], Tensor) or inputs[0].ndim > 3


def average_scores(views: Sequence[Tensor]) -> Tensor:
    """Return the mean of the scores `(B, K)` of `V` views, summed in their order.

    From: mmpretrain 1.2 `AverageClsScoreTTA`.
    """
    total = views[0]
    for scores in views[1:]:
        total = total + scores
    return total / len(views)

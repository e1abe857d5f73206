"""What a model shall predict: class indices, several of them per image, or a score per class."""

from collections.abc import Sequence
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

Target: TypeAlias = Tensor | Sequence[Tensor]
"""Class indices int64 `(B,)`, a list of `B` such of any length, or a score per class `(B, K)`."""


def to_scores(target: Target, num_classes: int) -> Tensor:
    """Give each class of each image a score.

    Args:
        target: See `Target`.
        num_classes: Number of classes `K`.

    Returns:
        float32 `(B, K)`: 1 for each class of an image and 0 for others; scores stay as they are.

    Examples:
        >>> to_scores([torch.tensor([0, 2]), torch.tensor([1])], 3)
        tensor([[1., 0., 1.],
                [0., 1., 0.]])

    From: mmpretrain 1.2 `batch_label_to_onehot`, `label_to_onehot`.
    """
    if not isinstance(target, Tensor):
        scores = [functional.one_hot(labels.long(), num_classes).sum(0) for labels in target]
        return torch.stack(scores).float()
    if target.ndim == 1:
        target = functional.one_hot(target.long(), num_classes)  # (B,) -> (B, K)
    return target.float()


def class_scores(target: Tensor, num_classes: int) -> Tensor:
    """Return scores `(B, K)` of class indices `(B,)` or `(B, 1)`; scores stay as they are."""
    is_index = target.dim() == 1 or (target.dim() == 2 and target.shape[1] == 1)
    return to_scores(target.flatten(), num_classes) if is_index else target


def list_labels(target: Target) -> list[int | list[int]]:
    """Return the class of each image, or its classes: those with a score above 0.

    Examples:
        >>> list_labels(torch.tensor([3, 5])), list_labels(torch.tensor([[0, 1, 1], [1, 0, -1]]))
        ([3, 5], [[1, 2], [0]])
    """
    if not isinstance(target, Tensor):
        return [labels.tolist() for labels in target]
    if target.ndim == 1:
        return target.tolist()
    return [(scores > 0).nonzero().flatten().tolist() for scores in target]


def choose_targets(target: Target, chosen: Tensor) -> Target:
    """Return the targets of some images.

    Args:
        target: See `Target`.
        chosen: Which of them, bool `(B,)`.
    """
    if isinstance(target, Tensor):
        return target[chosen]
    return [labels for labels, keep in zip(target, chosen.tolist(), strict=True) if keep]

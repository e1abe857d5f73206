"""Turns counts of what was found and what is there into precision, recall and f1-score."""

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

import torch
from torch import Tensor

ITEMS: Final = ("precision", "recall", "f1-score", "support")
Average: TypeAlias = Literal["macro", "micro"] | None
AVERAGES: Final = ("macro", "micro", None)


def count_classes(found: Tensor, there: Tensor) -> Tensor:
    """Count the samples of each class.

    Args:
        found: Which classes a model finds in each sample, bool `(B, K)`.
        there: Which ones are there, bool `(B, K)`.

    Returns:
        int64 `(3, K)`: how often each class was found where it is there, was found, is there.
    """
    return torch.stack([(found & there).sum(0), found.sum(0), there.sum(0)])


def rate(
    counts: Tensor,
    average: Average,
    *,
    dtype: torch.dtype = torch.float32,
    f1_of_means: bool = False,
) -> dict[str, Tensor]:
    """Compute every one of `ITEMS`, in percent but for the support, which is a number of samples.

    Args:
        counts: What `count_classes` returns, summed over all batches.
        average: 'macro' for the mean over the classes, 'micro' for all classes as if they were one,
            None for each class.
        dtype: In which values are computed.
        f1_of_means: Make the f1-score of 'macro' of the mean precision and the mean recall, where
            it else is the mean of the classes' f1-scores.

    Returns:
        Tensors `()`, for each class `(K,)`. The precision of a class that was never found is 0, and
        so is the recall of one that is never there.

    Examples:
        >>> counts = torch.tensor([[1, 0], [2, 0], [1, 1]])
        >>> {name: round(value.item(), 2) for name, value in rate(counts, "macro").items()}
        {'precision': 25.0, 'recall': 50.0, 'f1-score': 33.33, 'support': 2.0}

    From: mmpretrain 1.2 `SingleLabelMetric`, `MultiLabelMetric`; in float64 mmcls 0.25
    `precision_recall_f1` and, with `f1_of_means`, `average_performance`.
    """
    hits, found, there = (counts.sum(1) if average == "micro" else counts).to(dtype)
    precision = hits / found.clamp(min=1) * 100
    recall = hits / there.clamp(min=1) * 100
    if average == "macro" and f1_of_means:
        precision, recall = precision.mean(), recall.mean()
    tiny = torch.finfo(torch.float32).eps
    score = 2 * precision * recall / (precision + recall).clamp(min=tiny)
    if average == "macro":
        precision, recall, score, there = precision.mean(), recall.mean(), score.mean(), there.sum()
    return dict(zip(ITEMS, (precision, recall, score, there), strict=True))


def check_items(items: Sequence[str], average: Average) -> tuple[str, ...]:
    """Return the chosen ones of `ITEMS` in their order there.

    Raises:
        ValueError: If one is unknown, or the average is.
    """
    for item in items:
        if item not in ITEMS:
            raise ValueError(f"items must be among {', '.join(ITEMS)}, got {item!r}")
    if average not in AVERAGES:
        raise ValueError(f"average must be 'macro', 'micro' or None, got {average!r}")
    return tuple(item for item in ITEMS if item in items)


def name_average(average: Average) -> str:
    """Return what mmpretrain puts behind the name of a value.

    Examples:
        >>> [name_average(average) for average in AVERAGES]
        ['', '_micro', '_classwise']
    """
    return {"macro": "", "micro": "_micro", None: "_classwise"}[average]

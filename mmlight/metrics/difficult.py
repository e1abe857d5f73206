"""Marks the classes of VOC that only difficult objects show."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from mmlight.models.targets import Target, to_scores

KEY = "gt_label_difficult"


class DifficultMixin:
    """Comes before a metric of several labels, for VOC, where objects may be difficult.

    Args:
        difficult_as_positive: A class with difficult objects only: True says that it is there,
            False that it is not, None that it is hard to tell.
        **kwargs: Arguments of the metric.

    From: mmpretrain 1.2 `VOCMetricMixin`.
    """

    def __init__(self, *, difficult_as_positive: bool | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.difficult_as_positive = difficult_as_positive

    def mark(self, target: Target, metas: Sequence[Mapping[str, Any]], num_classes: int) -> Tensor:
        """Tell for each class of each sample whether it is there; see `mark_difficult`."""
        return mark_difficult(target, metas, num_classes, self.difficult_as_positive)


def mark_difficult(
    target: Target,
    metas: Sequence[Mapping[str, Any]],
    num_classes: int,
    difficult_as_positive: bool | None,
) -> Tensor:
    """Tell for each class of each sample whether it is there.

    Args:
        target: Labels of clear objects, a list of `B` int64 tensors; what tells of each class,
            `(B, K)`, stays as it is: the dataset of 0.x has marked it.
        metas: Of each sample 'gt_label_difficult', the labels of difficult objects.
        num_classes: Number of classes `K`.
        difficult_as_positive: A class with difficult objects only: True says that it is there,
            False that it is not, None that it is hard to tell.

    Returns:
        float32 `(B, K)` of 1, 0 and -1.

    Raises:
        ValueError: If the difficult objects are not known.

    Examples:
        >>> labels, metas = [torch.tensor([0])], [{"gt_label_difficult": [0, 2]}]
        >>> mark_difficult(labels, metas, 4, None)
        tensor([[ 1.,  0., -1.,  0.]])

    From: mmpretrain 1.2 `VOCMetricMixin`.
    """
    marked = to_scores(target, num_classes)
    if isinstance(target, Tensor) and target.ndim == 2:
        return marked
    mark = {None: -1.0, True: 1.0, False: 0.0}[difficult_as_positive]
    for row, meta in zip(marked, metas, strict=True):
        if KEY not in meta:
            raise ValueError(
                f"metas must have {KEY!r}, got {', '.join(meta)}: name it in the meta_keys of "
                "PackInputs"
            )
        labels = list(meta[KEY] or ())
        row[labels] = torch.where(row[labels] == 0, mark, row[labels])
    return marked

"""Turns scores and labels into precision, recall, f1-score and support of classes."""

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor
from torchmetrics import Metric

from mmlight.data.transforms.contract import Generation, check_generation
from mmlight.metrics.counts import Average, check_items, count_classes, name_average, rate
from mmlight.metrics.thresholds import Threshold, check_one_label, mark_thresholds

OLD_NAMES: Final = {
    "support": "support",
    "precision": "precision",
    "recall": "recall",
    "f1-score": "f1_score",
}
"""The names of 0.x by those of 1.x, in the order in which it reports them."""


class SingleLabelMetric(Metric):
    """Precision, recall and f1-score in percent, and the number of samples (support).

    Each sample counts for the class with the highest score.

    Args:
        thrs: That score must be larger than this; None for no bound; one, or several.
        items: Which of 'precision', 'recall', 'f1-score' and 'support'.
        average: 'macro' for the mean over the classes, 'micro' for all classes as if they were one,
            None for each class.
        prefix: What stands before the slash in the names of '1.x'; None for `single-label`.
        generation: '1.x' for `single-label/precision`, with `_thr-0.10` or `_no-thr` for several
            thresholds, then `_micro` or `_classwise`; '0.x' for `precision`, with `_thr_0.10` for a
            sequence of thresholds, and no 'micro'.

    Raises:
        ValueError: If an item, the average or `generation` is none of these.

    Examples:
        >>> metric = SingleLabelMetric(items=["recall", "support"])
        >>> metric.update(torch.tensor([[0.1, 0.9], [0.8, 0.2]]), torch.tensor([1, 1]))
        >>> {name: value.item() for name, value in metric.compute().items()}
        {'single-label/recall': 25.0, 'single-label/support': 2.0}

    From: mmpretrain 1.2 `SingleLabelMetric` / mmcls 0.25 `precision_recall_f1`, `support`.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    counts: Tensor

    def __init__(
        self,
        thrs: Threshold | Sequence[Threshold] = 0.0,
        items: Sequence[str] = ("precision", "recall", "f1-score"),
        average: Average = "macro",
        prefix: str | None = None,
        generation: Generation = "1.x",
    ) -> None:
        super().__init__()
        check_generation(generation)
        items = check_items(items, average)
        if generation == "0.x" and average == "micro":
            raise ValueError("average must be 'macro' or None in 0.x, got 'micro'")
        self.thrs = tuple(thrs) if isinstance(thrs, Sequence) else (thrs,)
        self.average = average
        self.value_dtype = torch.float32 if generation == "1.x" else torch.float64
        marks = list(enumerate(mark_thresholds(thrs, generation)))
        self._places = (
            {
                f"{prefix or 'single-label'}/{item}{mark}{name_average(average)}": (place, item)
                for place, mark in marks
                for item in items
            }
            if generation == "1.x"
            else {
                f"{old}{mark if item != 'support' else ''}": (place, item)
                for item, old in OLD_NAMES.items()
                if item in items
                for place, mark in marks
            }
        )
        self.add_state("counts", torch.tensor(0), "sum")  # (T, 3, K) from the first batch on

    def update(self, scores: Tensor, target: Tensor) -> None:
        """Count a batch.

        Args:
            scores: Score of each class, float `(B, K)`.
            target: Labels, int64 `(B,)`.

        Raises:
            ValueError: If there are several labels per sample.
        """
        check_one_label(target)
        best, label = scores.topk(1, dim=1)
        classes = torch.arange(scores.shape[1], device=scores.device)
        found, there = label == classes, target[:, None] == classes  # (B, 1), (K,) -> (B, K)
        over = [found if thr is None else found & (best > thr) for thr in self.thrs]
        self.counts = self.counts + torch.stack([count_classes(kept, there) for kept in over])

    @property
    def names(self) -> list[str]:
        """The names of the values, in their order."""
        return list(self._places)

    def compute(self) -> dict[str, Tensor]:
        """Return each value by its name, on the CPU: `()`, or `(K,)` for each class."""
        values = [
            rate(counts, self.average, dtype=self.value_dtype) for counts in self.counts.cpu()
        ]
        return {name: values[place][item] for name, (place, item) in self._places.items()}

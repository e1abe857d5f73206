"""Turns scores and several labels per sample into precision, recall, f1-score and support."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor
from torchmetrics import Metric

from mmlight.data.transforms.contract import Generation, check_generation
from mmlight.metrics.counts import Average, check_items, count_classes, name_average, rate
from mmlight.metrics.difficult import DifficultMixin
from mmlight.models.targets import Target, to_scores

OLD_NAMES: Final = {
    "macro": {"precision": "CP", "recall": "CR", "f1-score": "CF1"},
    "micro": {"precision": "OP", "recall": "OR", "f1-score": "OF1"},
}
"""The names of 0.x by average and by the names of 1.x."""


class MultiLabelMetric(Metric):
    """Precision, recall and f1-score in percent, and the number of labels (support).

    Args:
        thr: A class is found in a sample if its score is not smaller than this; 0.5 if neither
            `thr` nor `topk` is given.
        topk: Without `thr`, the classes with so many highest scores are found in each sample.
        items: Which of 'precision', 'recall', 'f1-score' and 'support'.
        average: 'macro' for the mean over the classes, 'micro' for all classes as if they were one,
            None for each class.
        prefix: What stands before the slash in the names of '1.x'; None for `multi-label`.
        generation: '1.x' for `multi-label/precision`, with `_thr-0.40` or `_top3` unless the
            threshold is 0.5, then `_micro` or `_classwise`. A class that is hard to tell in a
            sample (-1) is left out there. '0.x' for `CP`, `CR` and `CF1`, with 'micro' `OP`, `OR`
            and `OF1`; -1 means that the class is not there; `CF1` is made of `CP` and `CR`, where
            '1.x' averages the classes' f1-scores.

    Raises:
        ValueError: If an item, the average or `generation` is none of these, or `topk` is smaller
            than 1.

    Examples:
        >>> metric = MultiLabelMetric(items=["precision"], average="micro")
        >>> metric.update(torch.tensor([[0.9, 0.6, 0.1]]), [torch.tensor([0, 2])])
        >>> metric.compute()
        {'multi-label/precision_micro': tensor(50.)}

    From: mmpretrain 1.2 `MultiLabelMetric` / mmcls 0.25 `average_performance`.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    counts: Tensor

    def __init__(
        self,
        thr: float | None = None,
        topk: int | None = None,
        items: Sequence[str] = ("precision", "recall", "f1-score"),
        average: Average = "macro",
        prefix: str | None = None,
        generation: Generation = "1.x",
    ) -> None:
        super().__init__()
        check_generation(generation)
        items = check_items(items, average)
        if topk is not None and topk < 1:
            raise ValueError(f"topk must be 1 or more, got {topk}")
        self.thr = 0.5 if thr is None and topk is None else thr
        self.topk = topk
        self.average = average
        self.generation = generation
        if generation == "1.x":
            # 0 is named as if there were no threshold
            mark = f"_thr-{self.thr:.2f}" if self.thr else f"_top{topk}"
            mark = "" if self.thr == 0.5 else mark
            begin, end = prefix or "multi-label", name_average(average)
            self._items = {f"{begin}/{item}{mark}{end}": item for item in items}
        else:
            self._items = {_name_old(item, average): item for item in items}
        self.add_state("counts", torch.tensor(0), "sum")  # (3, K) from the first batch on

    @property
    def names(self) -> list[str]:
        """The names of the values, in their order."""
        return list(self._items)

    def update(self, scores: Tensor, target: Target) -> None:
        """Count a batch.

        Args:
            scores: Score of each class, float `(B, K)`.
            target: Labels, a list of `B` int64 tensors; or for each class 1 if it is there, 0 if
                not, and -1 if that is hard to tell, `(B, K)`.

        Raises:
            ValueError: If there are fewer classes than `topk`; not in '0.x'.
        """
        labels = to_scores(target, scores.shape[1]).long()
        found = self._find(scores)
        if self.generation == "1.x":
            found &= labels != -1
        self.counts = self.counts + count_classes(found, labels == 1)

    def compute(self) -> dict[str, Tensor]:
        """Return each value by its name, on the CPU: `()`, or `(K,)` for each class."""
        is_old = self.generation == "0.x"
        dtype = torch.float64 if is_old else torch.float32
        values = rate(self.counts.cpu(), self.average, dtype=dtype, f1_of_means=is_old)
        return {name: values[item] for name, item in self._items.items()}

    def _find(self, scores: Tensor) -> Tensor:
        """Return which classes are found in each sample, bool `(B, K)`."""
        if self.thr is not None:
            return scores >= self.thr
        assert self.topk is not None
        if self.generation == "1.x":
            if scores.shape[1] < self.topk:
                raise ValueError(
                    f"topk must be at most the number of classes, {scores.shape[1]}, "
                    f"got {self.topk}"
                )
            best = scores.topk(self.topk).indices
        else:  # of equal scores numpy takes others
            order = np.argsort(-scores.cpu().numpy(), axis=1)[:, : self.topk]
            best = torch.from_numpy(order).to(scores.device)
        return torch.zeros_like(scores, dtype=torch.bool).scatter_(1, best, True)


class VOCMultiLabelMetric(DifficultMixin, MultiLabelMetric):
    """`MultiLabelMetric` for VOC, where objects may be marked as difficult.

    Arguments are those of both bases.

    From: mmpretrain 1.2 `VOCMultiLabelMetric`.
    """

    def update(
        self, scores: Tensor, target: Target, metas: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        """Count a batch; `metas` bring 'gt_label_difficult', see `mark_difficult`."""
        super().update(scores, self.mark(target, metas, scores.shape[1]))


def _name_old(item: str, average: Average) -> str:
    names = OLD_NAMES.get(average or "", {})
    if item not in names:
        raise ValueError(
            f"items must be precision, recall, f1-score, average macro or micro in 0.x, "
            f"got {item!r}, {average!r}"
        )
    return names[item]

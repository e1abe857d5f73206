"""Turns scores and labels into top-k accuracies, under the names of either generation."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torchmetrics import Metric

from mmlight.data.transforms.contract import Generation, check_generation
from mmlight.metrics.thresholds import Threshold, check_one_label, mark_thresholds


class Accuracy(Metric):
    """Share of samples whose label is among the `k` highest scores, in percent.

    Args:
        topk: One `k`, or several.
        thrs: Scores must be larger than this to count; None for no bound; one, or several.
        generation: '1.x' for `accuracy/top1` (with several thresholds `accuracy/top1_thr-0.10`,
            `accuracy/top1_no-thr`); '0.x' for `accuracy_top-1` (with a sequence of thresholds
            `accuracy_top-1_thr_0.10`), or `accuracy` when `topk` is an int.
        prefix: What stands before the slash in the names of '1.x'; None for `accuracy`.

    Raises:
        ValueError: If `topk` holds no positive integers, or `generation` is neither.

    Examples:
        >>> metric = Accuracy(topk=(1, 2))
        >>> metric.update(torch.tensor([[0.1, 0.9, 0.3], [0.8, 0.1, 0.2]]), torch.tensor([2, 0]))
        >>> {name: value.item() for name, value in metric.compute().items()}
        {'accuracy/top1': 50.0, 'accuracy/top2': 100.0}

    From: mmpretrain 1.2 `Accuracy` / mmcls 0.25 `BaseDataset.evaluate(metric='accuracy')`.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    correct: Tensor
    total: Tensor

    def __init__(
        self,
        topk: int | Sequence[int] = (1,),
        thrs: Threshold | Sequence[Threshold] = 0.0,
        generation: Generation = "1.x",
        prefix: str | None = None,
    ) -> None:
        super().__init__()
        self.topk = (topk,) if isinstance(topk, int) else tuple(topk)
        self.thrs = tuple(thrs) if isinstance(thrs, Sequence) else (thrs,)
        if not self.topk or min(self.topk) < 1:
            raise ValueError(f"topk must hold positive integers, got {topk}")
        check_generation(generation)
        marks = mark_thresholds(thrs, generation)
        if generation == "1.x":
            stems = [f"{prefix or 'accuracy'}/top{k}" for k in self.topk]
        else:
            stems = ["accuracy"] if isinstance(topk, int) else [f"accuracy_top-{k}" for k in topk]
        self.names = [stem + mark for stem in stems for mark in marks]
        self.add_state("correct", torch.zeros(len(self.names), dtype=torch.int64), "sum")
        self.add_state("total", torch.zeros((), dtype=torch.int64), "sum")

    def update(self, scores: Tensor, target: Tensor) -> None:
        """Count a batch.

        Args:
            scores: Score of each class, float `(B, K)`.
            target: Labels, int64 `(B,)`.

        Raises:
            ValueError: If there are fewer classes than the largest `k`, or several labels per
                sample.
        """
        check_one_label(target)
        largest = max(self.topk)
        if scores.shape[1] < largest:
            raise ValueError(
                f"scores must have at least max(topk) = {largest} classes, got {scores.shape[1]}"
            )
        best, label = scores.float().topk(largest, dim=1)
        hit = label == target[:, None]  # (B, k)
        over = [hit if thr is None else hit & (best > thr) for thr in self.thrs]
        counts = torch.stack([kept.sum(0) for kept in over]).cumsum(1)  # (thresholds, k)
        chosen = counts[:, [k - 1 for k in self.topk]]  # (thresholds, len(topk))
        self.correct += chosen.T.flatten()
        self.total += len(target)

    def compute(self) -> dict[str, Tensor]:
        """Return each accuracy in percent, float32, by its name; nan when nothing was counted."""
        total = int(self.total)
        # In this order of roundings, the originals' values come out to the last bit.
        values = self.correct.float() * (100.0 / total if total else float("nan"))
        return dict(zip(self.names, values, strict=True))

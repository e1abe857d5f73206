"""Turns scores and several labels per sample into average precisions."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from mmlight.data.transforms.contract import Generation, check_generation
from mmlight.metrics.counts import Average
from mmlight.metrics.difficult import DifficultMixin
from mmlight.models.targets import Target, to_scores


class AveragePrecision(Metric):
    """The mean over the classes of their average precisions (mAP), in percent.

    Scores and labels of all samples are kept until the values are computed.

    Args:
        average: 'macro' for the mean over the classes, None for each class.
        prefix: What stands before the slash in the names of '1.x'; None for `multi-label`.
        generation: '1.x' for `multi-label/mAP`, or `multi-label/AP_classwise`; '0.x' for `mAP`.
            Samples of equal scores come as torch sorts them in '1.x', as numpy does in '0.x'.

    Raises:
        ValueError: If the average or `generation` is neither.

    Examples:
        >>> metric = AveragePrecision()
        >>> labels = [torch.tensor([0]), torch.tensor([1])]
        >>> metric.update(torch.tensor([[0.9, 0.2], [0.8, 0.1]]), labels)
        >>> metric.compute()
        {'multi-label/mAP': tensor(75., dtype=torch.float64)}

    From: mmpretrain 1.2 `AveragePrecision`, which computes in float32 / mmcls 0.25 `mAP`. Other
    than torchmetrics, both count samples of equal scores one after the other.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    scores: list[Tensor]
    labels: list[Tensor]
    order: list[Tensor]

    def __init__(
        self,
        average: Average = "macro",
        prefix: str | None = None,
        generation: Generation = "1.x",
    ) -> None:
        super().__init__()
        check_generation(generation)
        if average not in ("macro", None):
            raise ValueError(f"average must be 'macro' or None, got {average!r}")
        self.average = average
        self.generation: Generation = generation
        name = "mAP" if average == "macro" else "AP_classwise"
        self.names = [f"{prefix or 'multi-label'}/{name}" if generation == "1.x" else name]
        for state in ("scores", "labels", "order"):
            self.add_state(state, [], "cat")

    def update(self, scores: Tensor, target: Target, places: Tensor | None = None) -> None:
        """Keep a batch.

        Args:
            scores: Score of each class, float `(B, K)`.
            target: Labels, a list of `B` int64 tensors; or for each class 1 if it is there, 0 if
                not, and -1 if that is hard to tell, `(B, K)`.
            places: Of each sample in the dataset, int64 `(B,)`; needed for ties if several
                processes share it.
        """
        given = to_scores(target, scores.shape[1])
        self.scores.append(scores)
        self.labels.append((given == 1).char() - (given <= -1).char())
        if places is None:
            places = torch.arange(len(scores), device=scores.device) + sum(map(len, self.order))
        self.order.append(places)

    def compute(self) -> dict[str, Tensor]:
        """Return the value, float64 `()`, or `(K,)` for each class, on the CPU."""
        order = dim_zero_cat(self.order).argsort(stable=True)
        scores, labels = (dim_zero_cat(s)[order].cpu() for s in (self.scores, self.labels))
        columns = zip(scores.float().T, labels.T, strict=True)  # (N, K) -> K of (N,)
        found = [average_precision(*column, self.generation) for column in columns]
        values = torch.tensor(found, dtype=torch.float64)
        return dict.fromkeys(
            self.names, values.mean() * 100 if self.average == "macro" else values * 100
        )


class VOCAveragePrecision(DifficultMixin, AveragePrecision):
    """`AveragePrecision` for VOC, where objects may be marked as difficult.

    Arguments are those of both bases.

    From: mmpretrain 1.2 `VOCAveragePrecision`.
    """

    def update(
        self,
        scores: Tensor,
        target: Target,
        places: Tensor | None = None,
        metas: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """Keep a batch; `metas` bring 'gt_label_difficult', see `mark_difficult`."""
        super().update(scores, self.mark(target, metas, scores.shape[1]), places)


def average_precision(scores: Tensor, labels: Tensor, generation: Generation = "1.x") -> float:
    """Average the precisions at each sample in which a class is there, best scores first.

    Args:
        scores: Score of the class, float32 `(N,)`.
        labels: 1 where the class is there, 0 where not, -1 where the sample does not count, `(N,)`.
        generation: Samples of equal scores come as torch sorts them in '1.x', as numpy in '0.x'.

    Returns:
        From 0 to 1; 0 for a class that is nowhere.

    Examples:
        >>> average_precision(torch.tensor([0.9, 0.8, 0.7]), torch.tensor([1, 0, 1]))
        0.8333333333333333

    From: mmpretrain 1.2 and mmcls 0.25 `average_precision`.
    """
    if generation == "1.x":
        is_counted = labels > -1
        scores, labels = scores[is_counted], labels[is_counted]
        ranked = labels[scores.argsort(descending=True)].numpy()
    else:
        ranked = labels.numpy()[np.argsort(-scores.numpy())]
    is_hit = ranked == 1
    precisions = is_hit.cumsum() / np.maximum((ranked != -1).cumsum(), 1)
    return float(precisions[is_hit].sum() / max(is_hit.sum(), 1))

"""Turns scores and labels into a confusion matrix."""

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.functional.classification import multiclass_confusion_matrix

from mmlight.metrics.thresholds import check_one_label


class ConfusionMatrix(Metric):
    """How often samples of each class were taken for each class.

    The value is no number: it is printed, and returned by `mmlight.validate` and `mmlight.test`,
    but no logger gets it and no checkpoint can be the best by it.

    Args:
        prefix: What stands before the slash in the name; None for `confusion_matrix`.

    Examples:
        >>> metric = ConfusionMatrix()
        >>> metric.update(torch.tensor([[0.1, 0.9], [0.8, 0.2]]), torch.tensor([1, 1]))
        >>> metric.compute()["confusion_matrix/result"].tolist()
        [[0, 0], [1, 1]]

    From: mmpretrain 1.2 `ConfusionMatrix`.
    """

    is_differentiable = False
    full_state_update = False
    counts: Tensor

    def __init__(self, prefix: str | None = None) -> None:
        super().__init__()
        self.names = [f"{prefix or 'confusion_matrix'}/result"]
        self.add_state("counts", torch.tensor(0), "sum")  # (K, K) from the first batch on

    def update(self, scores: Tensor, target: Tensor) -> None:
        """Count a batch.

        Args:
            scores: Score of each class, float `(B, K)`.
            target: Labels, int64 `(B,)`.

        Raises:
            ValueError: If there are several labels per sample.
        """
        check_one_label(target)
        self.counts = self.counts + multiclass_confusion_matrix(
            scores.argmax(1), target, num_classes=scores.shape[1], validate_args=False
        )

    def compute(self) -> dict[str, Tensor]:
        """Return the counts, int64 `(K, K)`: a row for each true class, a column for each found."""
        return dict.fromkeys(self.names, self.counts.cpu())

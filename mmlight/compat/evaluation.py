"""What users' datasets of 0.x call in an `evaluate` of their own."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmlight.compat.accuracy import Numbers
from mmlight.metrics import average_precision as ap
from mmlight.metrics.confusion_matrix import ConfusionMatrix
from mmlight.metrics.multi_label import MultiLabelMetric
from mmlight.metrics.single_label import SingleLabelMetric


def calculate_confusion_matrix(pred: Numbers, target: Numbers) -> Tensor:
    """Return how often samples of each class (rows) were taken for each class, int64 `(K, K)`.

    Args:
        pred: Scores of each class, float `(N, K)`.
        target: Class indices, `(N,)` or `(N, 1)`.

    From: mmcls 0.25 `calculate_confusion_matrix`.
    """
    (matrix,) = _compute(ConfusionMatrix(), pred, _to_labels(target))
    return matrix


def precision_recall_f1(
    pred: Numbers,
    target: Numbers,
    average_mode: str = "macro",
    thrs: float | tuple[float | None, ...] | None = 0.0,
) -> tuple[Any, Any, Any]:
    """Return precision, recall and f1-score in percent.

    Args:
        pred: Scores of each class, float `(N, K)`.
        target: Class indices, `(N,)` or `(N, 1)`.
        average_mode: 'macro' for the mean over the classes, 'none' for each class.
        thrs: The highest score must be larger than this; one, or several.

    Returns:
        Three numbers, arrays `(K,)` for each class; lists of such for several thresholds.

    Examples:
        >>> precision_recall_f1(np.array([[0.2, 0.8], [0.6, 0.4]]), np.array([1, 1]))[:2]
        (50.0, 25.0)

    From: mmcls 0.25 `precision_recall_f1`.
    """
    average = _to_average(average_mode)
    metric = SingleLabelMetric(thrs, average=average, generation="0.x")
    values = [_to_plain(v) for v in _compute(metric, pred, _to_labels(target))]
    if not isinstance(thrs, Sequence):
        return values[0], values[1], values[2]
    count = len(thrs)
    return values[:count], values[count : 2 * count], values[2 * count :]


def precision(pred: Numbers, target: Numbers, average_mode: str = "macro", thrs: Any = 0.0) -> Any:
    """Return the first of `precision_recall_f1`."""
    return precision_recall_f1(pred, target, average_mode, thrs)[0]


def recall(pred: Numbers, target: Numbers, average_mode: str = "macro", thrs: Any = 0.0) -> Any:
    """Return the second of `precision_recall_f1`."""
    return precision_recall_f1(pred, target, average_mode, thrs)[1]


def f1_score(pred: Numbers, target: Numbers, average_mode: str = "macro", thrs: Any = 0.0) -> Any:
    """Return the third of `precision_recall_f1`."""
    return precision_recall_f1(pred, target, average_mode, thrs)[2]


def support(pred: Numbers, target: Numbers, average_mode: str = "macro") -> Any:
    """Return the number of samples, or with 'none' that of each class, `(K,)`.

    From: mmcls 0.25 `support`.
    """
    found = calculate_confusion_matrix(pred, target).sum(1)
    return found.numpy() if _to_average(average_mode) is None else float(found.sum())


def average_precision(pred: Numbers, target: Numbers) -> float:
    """Return the average precision of one class, from 0 to 1.

    Args:
        pred: Scores, float `(N,)`.
        target: 1 where the class is there, 0 where not, -1 where the sample does not count, `(N,)`.

    From: mmcls 0.25 `average_precision`.
    """
    return ap.average_precision(torch.as_tensor(pred), torch.as_tensor(target), "0.x")


def mAP(pred: Numbers, target: Numbers) -> float:  # noqa: N802  (the original's name)
    """Return the mean of the average precisions of all classes, in percent.

    Args:
        pred: Scores, float `(N, K)`.
        target: 1, 0 or -1 as for `average_precision`, `(N, K)`.

    From: mmcls 0.25 `mAP`.
    """
    (value,) = _compute(ap.AveragePrecision(generation="0.x"), pred, torch.as_tensor(target))
    return float(value)


def average_performance(
    pred: Numbers, target: Numbers, thr: float | None = None, k: int | None = None
) -> tuple[float, ...]:
    """Return CP, CR, CF1, OP, OR and OF1, in percent.

    Args:
        pred: Scores, float `(N, K)`.
        target: 1 where a class is there; 0 and -1 where not, `(N, K)`.
        thr: A class is found if its score is not smaller; 0.5 if `k` is None too.
        k: Without `thr`, so many classes are found in each sample.

    From: mmcls 0.25 `average_performance`.
    """
    found = torch.as_tensor(target)
    metrics = [MultiLabelMetric(thr, k, average=a, generation="0.x") for a in ("macro", "micro")]
    return tuple(float(v) for metric in metrics for v in _compute(metric, pred, found))


def _compute(metric: Any, pred: Numbers, target: Tensor) -> list[Tensor]:
    metric.update(torch.as_tensor(pred), target)
    return list(metric.compute().values())


def _to_labels(target: Numbers) -> Tensor:
    return torch.as_tensor(target).flatten().long()


def _to_average(mode: str) -> Any:
    if mode not in ("macro", "none"):
        raise ValueError(f"average_mode must be 'macro' or 'none', got {mode!r}")
    return "macro" if mode == "macro" else None


def _to_plain(value: Tensor) -> Any:
    return np.asarray(value) if value.ndim else value.item()

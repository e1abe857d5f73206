"""Turns the labels of a dataset into how often its samples shall come."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class Labels:
    """The labels of all samples, in one array.

    Args:
        flat: Labels, those of a sample after those of the one before, int64 `(L,)`.
        owners: The sample of each label, int64 `(L,)`.
        size: Number of samples `N`.
    """

    def __init__(self, flat: NDArray[np.int64], owners: NDArray[np.int64], size: int) -> None:
        self.flat = flat
        self.owners = owners
        self.size = size


def read_labels(dataset: Any) -> Labels:
    """Ask a dataset, or what wraps one, for the labels of all samples.

    Args:
        dataset: Has `get_gt_labels()` with one label per sample, or else `get_cat_ids(index)`.

    Raises:
        ValueError: If it has neither.
    """
    size = len(dataset)
    if not (hasattr(dataset, "get_cat_ids") or hasattr(dataset, "get_gt_labels")):
        name = type(dataset).__name__
        raise ValueError(f"dataset must have get_gt_labels or get_cat_ids, got {name}")
    single = _read_single(dataset)
    if single is not None:
        return Labels(single, np.arange(size), size)
    lists = [np.unique(np.asarray(dataset.get_cat_ids(i), np.int64)) for i in range(size)]
    owners = np.repeat(np.arange(size), [len(labels) for labels in lists])
    return Labels(np.concatenate(lists), owners, size)


def _read_single(dataset: Any) -> NDArray[np.int64] | None:
    """Return one label per sample; None where there may be several."""
    try:
        labels = np.asarray(dataset.get_gt_labels())
    except (AttributeError, TypeError, ValueError):  # none of it, or lists of several lengths
        return None
    return labels.astype(np.int64) if labels.ndim == 1 and labels.dtype.kind in "iu" else None


def to_weights(labels: Labels) -> Tensor:
    """Return a weight per sample, float64 `(N,)`, by which every class is equally likely."""
    counts = np.bincount(labels.flat)
    weights = np.bincount(labels.owners, 1 / counts[labels.flat], labels.size)
    return torch.from_numpy(weights)


def to_repeats(labels: Labels, oversample_thr: float) -> NDArray[np.int64]:
    """Return how often each sample comes, int64 `(N,)`.

    From: mmcls 0.25 and mmpretrain 1.2 `ClassBalancedDataset`.
    """
    shares = np.bincount(labels.flat) / labels.size
    with np.errstate(divide="ignore"):
        wanted = np.maximum(1.0, np.sqrt(oversample_thr / shares))
    factors = np.ones(labels.size)
    np.maximum.at(factors, labels.owners, wanted[labels.flat])
    return np.ceil(factors).astype(np.int64)

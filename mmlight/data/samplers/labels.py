"""Turns the labels of a dataset into how often its samples shall come."""

from array import array
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True)
class Labels:
    """The labels of all samples, in one array.

    Args:
        flat: Labels, those of a sample after those of the one before, int64 `(L,)`.
        owners: The sample of each label, int64 `(L,)`.
        size: Number of samples `N`.
    """

    flat: NDArray[np.int64]
    owners: NDArray[np.int64]
    size: int


def read_labels(dataset: Any) -> Labels:
    """Ask a dataset, or what wraps one, for the labels of all samples.

    Args:
        dataset: Has `get_gt_labels()` with one label per sample, or else `get_cat_ids(index)`.

    Raises:
        ValueError: If it has neither, or a sample has no label entry.
    """
    if not (hasattr(dataset, "get_cat_ids") or hasattr(dataset, "get_gt_labels")):
        name = type(dataset).__name__
        raise ValueError(f"dataset must have get_gt_labels or get_cat_ids, got {name}")
    single = read_single_labels(dataset)
    if single is not None:
        return Labels(single, np.arange(len(single)), len(single))
    return read_cat_ids(dataset)


def read_single_labels(dataset: Any) -> NDArray[np.int64] | None:
    """Return the label of each sample, int64 `(N,)`; None where one may have several, or none."""
    try:
        labels = np.asarray(dataset.get_gt_labels())
    except (AttributeError, KeyError, TypeError, ValueError, NotImplementedError):
        return None  # no labels, or lists of several lengths
    is_single = labels.shape == (len(dataset),) and labels.dtype.kind in "iu"
    return labels.astype(np.int64) if is_single else None


def read_cat_ids(dataset: Any) -> Labels:
    """Ask a dataset by `get_cat_ids` for the labels of one sample after the other.

    Raises:
        ValueError: If a sample has no entry for them.
    """
    labels, owners = array("q"), array("q")
    place = 0
    try:
        for place in range(len(dataset)):
            own = set(dataset.get_cat_ids(place))
            labels.extend(own)
            owners.extend([place] * len(own))
    except KeyError as error:
        raise ValueError(f"dataset must have labels, got none for sample {place}") from error
    return Labels(np.array(labels, np.int64), np.array(owners, np.int64), len(dataset))


def to_weights(labels: Labels) -> Tensor:
    """Return a weight per sample, float64 `(N,)`, by which every class is equally likely."""
    counts = np.bincount(labels.flat)
    weights = np.bincount(labels.owners, 1 / counts[labels.flat], labels.size)
    return torch.from_numpy(weights)


def to_repeats(labels: Labels, oversample_thr: float) -> NDArray[np.int64]:
    """Return how often each sample comes, int64 `(N,)`.

    From: mmcls 0.25 and mmpretrain 1.2 `ClassBalancedDataset`.
    """
    _, which, counts = np.unique(labels.flat, return_inverse=True, return_counts=True)
    wanted = np.sqrt(oversample_thr / (counts / labels.size))  # a factor per class
    factors = np.ones(labels.size)
    np.maximum.at(factors, labels.owners, wanted[which])
    return np.ceil(factors).astype(np.int64)

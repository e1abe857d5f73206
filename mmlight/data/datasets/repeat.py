"""Turns a dataset into one that is several times as long."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlight.data.datasets.wrapper import DatasetWrapper, Source, build_if_dict, load


class RepeatDataset(DatasetWrapper):
    """A dataset several times over.

    Args:
        dataset: Any dataset of fixed length, or a dict that describes one.
        times: How many times.
        lazy_init: Load the samples at their first use.

    Raises:
        ValueError: If `times` is below 1.

    From: mmengine 0.10 `RepeatDataset` / mmcls 0.25 `RepeatDataset`. An index beyond the end is
    refused, where the originals begin again.
    """

    def __init__(self, dataset: Source, times: int, lazy_init: bool = False) -> None:
        if times < 1:
            raise ValueError(f"times must be at least 1, got {times}")
        self.dataset = build_if_dict(dataset)
        self.times = times
        if not lazy_init:
            self.full_init()

    def full_init(self) -> None:
        """Load the dataset inside, unless that has been done."""
        if not self._fully_initialized:
            load(self.dataset)
            self._length = len(self.dataset)
            self._fully_initialized = True

    def __len__(self) -> int:
        self._ensure_loaded()
        return self.times * self._length

    def locate(self, place: int) -> tuple[Any, int]:
        """Return the dataset inside and the place there."""
        return self.dataset, place % self._length

    def get_gt_labels(self) -> NDArray[Any]:
        """Labels of all samples, int64 `(N,)`."""
        self._ensure_loaded()
        labels = self.dataset.get_gt_labels()
        return np.concatenate([labels] * self.times)  # (n, ...) -> (times * n, ...)

"""Turns a dataset into its first samples, as many as some batches need."""

from collections.abc import Sized
from typing import Any, cast

from torch.utils.data import Dataset


class SlicedView(Dataset[Any]):
    """The first samples of a dataset.

    Args:
        dataset: A dataset of `N` samples.
        length: How many of them.

    Anything else that is asked of the view is that of the dataset.

    Raises:
        ValueError: If there are fewer.

    From: mmengine 0.10 `num_batch_per_epoch` of a loader, which fails later with an index error.
    """

    def __init__(self, dataset: Dataset[Any], length: int) -> None:
        size = len(cast(Sized, dataset))
        if not 0 < length <= size:
            raise ValueError(
                f"num_batch_per_epoch must need from 1 to {size} samples, got a need of {length}"
            )
        self.dataset = dataset
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> Any:
        return self.dataset[index]

    def __getattr__(self, name: str) -> Any:
        if name == "dataset":  # not there yet, while a pickle is read
            raise AttributeError(name)
        return getattr(self.dataset, name)

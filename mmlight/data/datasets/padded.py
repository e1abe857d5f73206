"""Turns a dataset into one that ranks can share evenly, with the repeated samples marked."""

import math
from collections.abc import Sized
from typing import Any, cast

from torch.utils.data import Dataset


class PaddedView(Dataset[Any]):
    """A dataset repeated up to a multiple of `world_size`, so that no sample is ever counted twice.

    Args:
        dataset: A dataset of `N` samples.
        world_size: How many ranks share it.

    Place `p` holds sample `p % N` of the originals' padded order, and whether it counts: those
    beyond the first `N` do not. `CountedCollate` makes batches of such pairs. Anything else that is
    asked of the view, such as labels, is that of the dataset.

    From: mmengine 0.10 `DefaultSampler(round_up=True)` repeats in the same order, and cuts the
    results after gathering.
    """

    def __init__(self, dataset: Dataset[Any], *, world_size: int) -> None:
        self.dataset = dataset
        self._count = len(cast(Sized, dataset))
        self._length = math.ceil(self._count / world_size) * world_size

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> tuple[Any, bool]:
        return self.dataset[index % self._count], index < self._count

    def __getattr__(self, name: str) -> Any:
        if name == "dataset":  # not there yet, while a pickle is read
            raise AttributeError(name)
        return getattr(self.dataset, name)

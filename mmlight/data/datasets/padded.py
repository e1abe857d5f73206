"""Turns a dataset into one that ranks can share evenly, with the repeated samples marked."""

import math
from collections.abc import Sized
from typing import Any, cast

from torch.utils.data import Dataset


class PaddedView(Dataset[Any]):
    """A dataset repeated up to a multiple of `world_size`, so that no sample is ever counted twice.

    Args:
        dataset: A dataset of `N` samples, each a dict.
        world_size: How many ranks share it.

    Each sample gains `'counted'`: False for those beyond the first `N`. Indices are the originals'
    padded order, so place `p` holds sample `p % N`.

    From: mmengine 0.10 `DefaultSampler(round_up=True)` repeats in the same order, and cuts the
    results after gathering.
    """

    def __init__(self, dataset: Dataset[Any], *, world_size: int) -> None:
        self.dataset = dataset
        self._count = len(cast(Sized, dataset))
        self._length = math.ceil(self._count / world_size) * world_size

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {**self.dataset[index % self._count], "counted": index < self._count}

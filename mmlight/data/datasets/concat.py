"""Turns several datasets into one."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import ConcatDataset as TorchConcatDataset

from mmlight.data.datasets.wrapper import DatasetWrapper, Source, build_if_dict, load, metainfo_of
from mmlight.data.transforms.contract import Generation, check_generation


class ConcatDataset(DatasetWrapper, TorchConcatDataset[Any]):
    """Several datasets, one after the other.

    Args:
        datasets: Datasets of fixed length, or dicts that describe them.
        lazy_init: Load the samples at their first use.
        ignore_keys: Facts in `metainfo` that may differ.
        generation: '1.x' wants all datasets to have the same `metainfo`; '0.x' takes that of the
            first.

    Raises:
        ValueError: If there is no dataset, or `metainfo` differs.

    From: mmengine 0.10 `ConcatDataset` / mmcls 0.25 `ConcatDataset`.
    """

    def __init__(
        self,
        datasets: Sequence[Source],
        lazy_init: bool = False,
        ignore_keys: str | Sequence[str] | None = None,
        *,
        generation: Generation = "1.x",
    ) -> None:
        if not datasets:
            raise ValueError(f"datasets must name at least one, got {datasets}")
        check_generation(generation)
        # torch's own __init__ would load all of them
        self.datasets: list[Any] = [build_if_dict(dataset) for dataset in datasets]
        self.ignore_keys = (
            [ignore_keys] if isinstance(ignore_keys, str) else list(ignore_keys or ())
        )
        self.generation = generation
        if not lazy_init:
            self.full_init()

    @property
    def dataset(self) -> Any:
        """The first dataset."""
        return self.datasets[0]

    def full_init(self) -> None:
        """Load all datasets, unless that has been done."""
        if self._fully_initialized:
            return
        for dataset in self.datasets:
            load(dataset)
        if self.generation == "1.x":
            self._compare_facts()
        self.cumulative_sizes = list(accumulate(map(len, self.datasets)))
        self._fully_initialized = True

    def __len__(self) -> int:
        self._ensure_loaded()
        return self.cumulative_sizes[-1]

    def locate(self, place: int) -> tuple[Any, int]:
        """Return the dataset that holds a sample, and its place there."""
        number = bisect_right(self.cumulative_sizes, place)
        before = self.cumulative_sizes[number - 1] if number else 0
        return self.datasets[number], place - before

    def get_gt_labels(self) -> NDArray[Any]:
        """Labels of all samples, int64 `(N,)`."""
        self._ensure_loaded()
        return np.concatenate([dataset.get_gt_labels() for dataset in self.datasets])

    def _compare_facts(self) -> None:
        """Refuse datasets whose facts differ; those without `metainfo` go with any."""
        known = [
            (number, metainfo_of(dataset))
            for number, dataset in enumerate(self.datasets)
            if hasattr(dataset, "metainfo")
        ]
        for number, facts in known[1:]:
            _, first = known[0]
            for key in (first | facts).keys() - set(self.ignore_keys):
                _compare(key, first.get(key), facts.get(key), number)


def _compare(key: str, ours: Any, theirs: Any, number: int) -> None:
    if type(ours) is not type(theirs) or not np.array_equal(ours, theirs):
        raise ValueError(
            f"datasets must have the same '{key}' in metainfo, or name it in ignore_keys,"
            f" got {_shorten(ours)} for the first and {_shorten(theirs)} for number {number}"
        )


def _shorten(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 100 else f"{text[:100]}..."

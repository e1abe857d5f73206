"""Turns a dataset into one that repeats the samples of rare classes."""

import numpy as np
from numpy.typing import NDArray

from mmlight.data.datasets.wrapper import ReorderedDataset, Source
from mmlight.data.samplers.labels import read_cat_ids, to_repeats


class ClassBalancedDataset(ReorderedDataset):
    """A dataset in which samples of rare classes come several times.

    With `f` the part of all samples that have a class, the class has the factor `max(1,
    sqrt(oversample_thr / f))`. A sample has the largest factor of its classes, and comes as often
    as that factor, rounded up, says.

    Args:
        dataset: A dataset with `get_cat_ids`, or a dict that describes one.
        oversample_thr: Part of all samples below which a class counts as rare, in [0, 1].
        lazy_init: Load the samples at their first use.

    From: mmengine 0.10 `ClassBalancedDataset` / mmcls 0.25 `ClassBalancedDataset`.
    """

    def __init__(
        self,
        dataset: Source,
        oversample_thr: float,
        lazy_init: bool = False,
    ) -> None:
        self.oversample_thr = oversample_thr
        super().__init__(dataset, lazy_init=lazy_init)

    def choose_places(self) -> NDArray[np.int64]:
        """Return the place of each sample as often as it comes."""
        repeats = to_repeats(read_cat_ids(self.dataset), self.oversample_thr)
        return np.repeat(np.arange(len(repeats)), repeats)

"""Turns a dataset into its training or its validation part in cross-validation."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mmlight.data.datasets.wrapper import ReorderedDataset, Source


class KFoldDataset(ReorderedDataset):
    """All folds but one for training, or that one for validation.

    Args:
        dataset: Any dataset of fixed length, or a dict that describes one.
        fold: The fold to validate on, from 0.
        num_splits: Into how many folds the dataset is divided.
        test_mode: Take the fold; else take all others.
        seed: Shuffle the samples before dividing them; None keeps their order.
        lazy_init: Load the samples at their first use.

    Raises:
        ValueError: If there is no such fold.

    From: mmpretrain 1.2 `KFoldDataset` / mmcls 0.25 `KFoldDataset`. The original 1.2 cannot take a
    live dataset.
    """

    def __init__(
        self,
        dataset: Source,
        fold: int = 0,
        num_splits: int = 5,
        test_mode: bool = False,
        seed: int | None = None,
        lazy_init: bool = False,
    ) -> None:
        if not 0 <= fold < num_splits:
            raise ValueError(f"fold must be from 0 to {num_splits - 1}, got {fold}")
        self.fold = fold
        self.num_splits = num_splits
        self.test_mode = test_mode
        self.seed = seed
        if isinstance(dataset, Mapping):
            lazy_init = lazy_init or bool(dataset.get("lazy_init"))
        super().__init__(dataset, lazy_init=lazy_init)

    def choose_places(self) -> NDArray[np.int64]:
        """Divide the dataset, and keep only its part where it can be cut.

        Another sample in place of a rejected one must not come from the other part.
        """
        places = self._choose_fold()
        cut = getattr(self.dataset, "get_subset", None)
        if cut is None:
            return places
        self.dataset = cut(places.tolist())
        return np.arange(len(places))

    def _choose_fold(self) -> NDArray[np.int64]:
        count = len(self.dataset)
        places = np.arange(count)
        if self.seed is not None:
            np.random.default_rng(self.seed).shuffle(places)
        start, stop = (count * fold // self.num_splits for fold in (self.fold, self.fold + 1))
        held_out = np.zeros(count, dtype=bool)
        held_out[start:stop] = True
        return places[held_out if self.test_mode else ~held_out]

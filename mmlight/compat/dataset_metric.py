"""Lets a user's dataset of 0.x evaluate itself."""

import logging
from collections.abc import Mapping
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from mmlight.compat.collective import broadcast_object_list, gather_object
from mmlight.data.datasets.concat import ConcatDataset
from mmlight.data.datasets.k_fold import KFoldDataset


class DatasetMetric(nn.Module):
    """Calls `evaluate(results, logger=..., **options)` of the dataset once all scores are there.

    Args:
        options: What `evaluation` of the config says besides when and what to save: `metric`,
            `metric_options` and whatever else the dataset takes.

    From: mmcv 1.7 `EvalHook.evaluate`; mmcls 0.25 `KFoldDataset.evaluate`,
    `ConcatDataset.evaluate`.
    """

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.options = dict(options or {})
        self.dataset: Any = None
        self._rows: list[tuple[int, NDArray[Any]]] = []

    def attach(self, dataset: Any, head: Any = None) -> None:
        """Take the dataset whose samples come next, and forget old ones."""
        self.dataset = dataset
        self.reset()

    def update(self, scores: Tensor, target: Any, places: Tensor) -> None:
        """Keep the scores of a batch.

        Args:
            scores: Score of each class, float `(B, K)`.
            target: Not read; the dataset knows its labels.
            places: Of each sample in the dataset, int64 `(B,)`.
        """
        self._rows.extend(zip(places.tolist(), scores.float().cpu().numpy(), strict=True))

    def compute(self) -> dict[str, Any]:
        """Return what the dataset makes of the scores of all samples, in its order.

        Only the first process asks it; all get its values.

        Raises:
            ValueError: If that is no dict.
        """
        parts = gather_object(self._rows)
        shared: list[Any] = [None]
        if parts is not None:
            rows = sorted(chain.from_iterable(parts), key=itemgetter(0))
            options = {"logger": logging.getLogger("mmlight"), **self.options}
            values = _evaluate(self.dataset, [scores for _, scores in rows], options)
            if not isinstance(values, Mapping):
                raise ValueError(f"evaluate() must return a dict of values by name, got {values!r}")
            shared = [dict(values)]
        broadcast_object_list(shared)
        found: dict[str, Any] = shared[0]
        return found

    def reset(self) -> None:
        """Forget the scores."""
        self._rows = []


def _evaluate(dataset: Any, results: list[Any], options: dict[str, Any]) -> Any:
    if isinstance(dataset, KFoldDataset):
        return _evaluate(dataset.dataset, results, {**options, "indices": np.array(dataset.places)})
    if not isinstance(dataset, ConcatDataset):
        return dataset.evaluate(results, **options)
    first, samples = dataset.datasets[0], [i for part in dataset.datasets for i in part.data_infos]
    own, first.data_infos = first.data_infos, samples
    try:
        return first.evaluate(results, **options)
    finally:
        first.data_infos = own

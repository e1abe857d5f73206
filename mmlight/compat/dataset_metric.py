"""Lets a user's dataset of 0.x evaluate itself."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mmlight.compat.base_metric import BaseMetric
from mmlight.data.datasets.concat import ConcatDataset
from mmlight.data.datasets.k_fold import KFoldDataset


class DatasetMetric(BaseMetric):
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

    def attach(self, dataset: Any) -> None:
        """Take the dataset whose samples come next."""
        self.dataset = dataset

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep the scores of a batch, an array float `(K,)` for each sample."""
        self.results.extend(sample["pred_score"].float().cpu().numpy() for sample in data_samples)

    def compute_metrics(self, results: list[Any]) -> dict[str, Any]:
        """Return what the dataset makes of the scores of all samples, in its order.

        Raises:
            ValueError: If that is no dict.
        """
        options = {"logger": logging.getLogger("mmlight"), **self.options}
        values = _evaluate(self.dataset, results, options)
        if not isinstance(values, Mapping):
            raise ValueError(f"evaluate() must return a dict of values by name, got {values!r}")
        return dict(values)


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

"""Lets users' datasets in the style of 0.x evaluate scores as their base does."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch


class SelfEvaluation:
    """A dataset that evaluates scores; for classes that know `get_gt_labels`.

    A run calls `evaluate` only where a user's class overrides it.
    """

    get_gt_labels: Any

    def evaluate(
        self,
        results: Sequence[Any],
        metric: str | Sequence[str] | None = None,
        metric_options: Mapping[str, Any] | None = None,
        indices: Any = None,
        logger: Any = None,
    ) -> dict[str, Any]:
        """Return the values of metrics by the names of 0.x.

        Args:
            results: Scores of the samples, arrays float `(K,)`.
            metric: Names of metrics; 'accuracy' when None, 'mAP' for several labels per sample.
            metric_options: Their options.
            indices: Which samples the scores belong to; None for all.
            logger: Kept for users' code.

        Raises:
            ValueError: If a metric is unknown.

        From: mmcls 0.25 `BaseDataset.evaluate`, `MultiLabelDataset.evaluate`.
        """
        from mmlight.metrics.evaluator import Evaluator
        from mmlight.metrics.old_metrics import build_metrics

        labels = np.asarray(self.get_gt_labels())
        labels = labels if indices is None else labels[indices]
        evaluator = Evaluator(build_metrics(metric, metric_options, several=labels.ndim == 2))
        evaluator.update(torch.from_numpy(np.vstack(results)), {"target": torch.from_numpy(labels)})
        values = evaluator.compute()
        return {name: v if isinstance(v, float) else v.numpy() for name, v in values.items()}

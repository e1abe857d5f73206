"""Lets a user's metric in the style of mmengine take part in a run."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from mmlight.compat.collective import all_reduce
from mmlight.compat.data_sample import DataSample
from mmlight.data.datasets.wrapper import metainfo_of


class UserMetric(nn.Module):
    """Hands batches to a metric's `process` and takes its values from `evaluate`.

    Args:
        metric: An object with `process(data_batch, data_samples)` and `evaluate(size)`, such as a
            subclass of mmengine's `BaseMetric`.

    From: mmengine 0.10 `Evaluator`. Samples that only fill up the last batch of a process are left
    out before `process`, where mmengine cuts them off the gathered results, which counts them where
    a metric keeps one result per batch.
    """

    def __init__(self, metric: Any) -> None:
        super().__init__()
        self.metric = metric
        self._choose_labels: Callable[[Tensor], Any] | None = None
        self._count = 0

    def attach(self, dataset: Any, head: Any = None) -> None:
        """Tell the metric the facts about its data as `dataset_meta`, and forget old results.

        Args:
            dataset: What the batches come from; a metric with an `attach` of its own gets it.
            head: Says by `choose_labels` which of several classes it finds.
        """
        self.metric.dataset_meta = metainfo_of(dataset)
        self._choose_labels = getattr(head, "choose_labels", None)
        if hasattr(self.metric, "attach"):
            self.metric.attach(dataset)
        self.reset()

    def update(self, scores: Tensor, target: Any, batch: Mapping[str, Any]) -> None:
        """Hand on a batch.

        Args:
            scores: Score of each class, float `(B, K)`.
            target: What is there; see `mmlight.models.targets.Target`.
            batch: 'metas' become facts of the samples, everything else the metric's `data_batch`.
        """
        if len(scores) == 0:
            return
        self._count += len(scores)
        samples = self._describe(scores, target, batch.get("metas") or [{}] * len(scores))
        others = {k: v for k, v in batch.items() if k not in ("target", "metas", "places")}
        self.metric.process({**others, "data_samples": samples}, [_to_dict(s) for s in samples])

    def compute(self) -> dict[str, Any]:
        """Return the metric's values, the same in every process."""
        count = torch.tensor(self._count)
        all_reduce(count)
        values: dict[str, Any] = self.metric.evaluate(int(count))
        return values

    def reset(self) -> None:
        """Forget what was counted."""
        self._count = 0
        if hasattr(self.metric, "results"):
            self.metric.results.clear()

    def _describe(self, scores: Tensor, target: Any, metas: Any) -> list[DataSample]:
        if self._choose_labels is None:
            found = scores.argmax(1, keepdim=True)  # (B, K) -> (B, 1)
        else:
            found = self._choose_labels(scores)
        is_score = isinstance(target, Tensor) and target.ndim == 2
        samples = []
        for row, labels, true, meta in zip(scores, found, target, metas, strict=True):
            sample = DataSample(metainfo=meta).set_pred_score(row).set_pred_label(labels)
            samples.append(sample.set_gt_score(true) if is_score else sample.set_gt_label(true))
        return samples


def _to_dict(sample: DataSample) -> dict[str, Any]:
    return {**sample.metainfo, **dict(sample.items())}

"""Evaluates the parts of joined datasets one by one."""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from torch import Tensor, nn

from mmlight.metrics.evaluator import Evaluator, choose_samples


class SeparateMetrics(nn.Module):
    """Metrics for each part of a `ConcatDataset`, whose names begin with the number of the part.

    Args:
        parts: For each part its metrics; see `Evaluator`.

    Raises:
        ValueError: If there is no part.

    Examples:
        >>> import torch
        >>> from mmlight.metrics.accuracy import Accuracy
        >>> metrics = SeparateMetrics([[Accuracy(1, generation="0.x")] for _ in range(2)])
        >>> metrics.names
        ['0_accuracy', '1_accuracy']

    From: mmcls 0.25 `ConcatDataset.evaluate`, with `separate_eval`.
    """

    def __init__(self, parts: Sequence[Sequence[Any]]) -> None:
        super().__init__()
        if not parts:
            raise ValueError(f"parts must be one or more, got {parts}")
        self.parts = nn.ModuleList(Evaluator(metrics) for metrics in parts)
        self._bounds: list[int] = []

    @property
    def names(self) -> list[str]:
        """The names of the values, as far as metrics know theirs."""
        return [
            f"{number}_{name}"
            for number, part in enumerate(self._evaluators)
            for metric in part
            for name in getattr(metric, "names", ())
        ]

    @property
    def _evaluators(self) -> list[Evaluator]:
        return list(self.parts)  # type: ignore[arg-type]

    def attach(self, dataset: Any, head: Any = None) -> None:
        """Find out where the parts begin.

        Args:
            dataset: Has `datasets`, as many as there are parts.
            head: The head of the model.

        Raises:
            ValueError: If they are more or fewer.
        """
        datasets = dataset.datasets
        if len(datasets) != len(self.parts):
            raise ValueError(
                f"parts must be {len(datasets)}, one for each dataset, got {len(self.parts)}"
            )
        self._bounds = [0]
        for part, inside in zip(self._evaluators, datasets, strict=True):
            self._bounds.append(self._bounds[-1] + len(inside))
            part.attach(SimpleNamespace(dataset=inside), head)

    def update(self, scores: Tensor, target: Any, batch: Mapping[str, Any], places: Tensor) -> None:
        """Give each part its samples of a batch.

        Args:
            scores: Score of each class, float `(B, K)`.
            target: What is there; see `mmlight.models.targets.Target`.
            batch: See `Evaluator.update`.
            places: Of each sample in the joined dataset, int64 `(B,)`.
        """
        for number, part in enumerate(self._evaluators):
            start, stop = self._bounds[number : number + 2]
            is_inside = (places >= start) & (places < stop)
            part.update(*choose_samples(scores, {**batch, "target": target}, is_inside))

    def compute(self) -> dict[str, Any]:
        """Return the values of all parts."""
        return {
            f"{number}_{name}": value
            for number, part in enumerate(self._evaluators)
            for name, value in part.compute().items()
        }

    def reset(self) -> None:
        """Do nothing: computing has started each part over."""

"""Feeds the batches of a stage to its metrics and collects their values."""

import inspect
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mmlight.compat.dist import get_rank, get_world_size
from mmlight.data.datasets.padded import PaddedView
from mmlight.metrics.user_metric import UserMetric
from mmlight.models.targets import choose_targets

_logger = logging.getLogger("mmlight")
Batch = Mapping[str, Any]
EXTRAS = ("metas", "places", "batch")
"""What a metric's `update` gets besides scores and target, if it has parameters of these names."""


class Evaluator(nn.ModuleList):
    """The metrics of a stage.

    Args:
        metrics: Metrics of torchmetrics, which get scores `(B, K)` and the target, and are named by
            their class where their value is no dict; or metrics in the style of mmengine.
        name: What the metrics are called in error texts.

    Raises:
        ValueError: If two metrics have a name in common, as far as names are known, or one is
            neither.

    Examples:
        >>> from mmlight.metrics.accuracy import Accuracy
        >>> evaluator = Evaluator([Accuracy()])
        >>> evaluator.update(torch.tensor([[0.1, 0.9]]), {"target": torch.tensor([1])})
        tensor([[0.1000, 0.9000]])
        >>> evaluator.compute()
        {'accuracy/top1': 100.0}

    From: mmengine 0.10 `Evaluator`.
    """

    def __init__(self, metrics: Sequence[Any] = (), name: str = "metrics") -> None:
        super().__init__(_to_module(metric, name) for metric in metrics)
        self.name = name
        self._check_names(name for metric in self for name in getattr(metric, "names", ()))
        self._wanted = [_list_extras(metric) for metric in self]
        self._seen = 0

    @property
    def _metrics(self) -> list[Any]:
        return list(self)

    def attach(self, loader: Any, head: Any = None) -> None:
        """Tell the metrics that ask for it what the data and the model are, and start over.

        Args:
            loader: Has the `dataset` that the batches come from.
            head: The head of the model.
        """
        dataset = getattr(loader, "dataset", None)
        dataset = dataset.dataset if isinstance(dataset, PaddedView) else dataset
        self._seen = 0
        for metric in self._metrics:
            if hasattr(metric, "attach"):
                metric.attach(dataset, head)

    def update(self, scores: Tensor, batch: Batch) -> Tensor:
        """Feed a batch, and return its scores as they are.

        Args:
            scores: Score of each class, float `(B, K)`.
            batch: Has 'target' and perhaps 'metas'; samples whose 'counted' is False are left out,
                and 'places', where samples lie in the dataset, is added: each process has every
                n-th sample of it.
        """
        if "places" not in batch:
            numbers = torch.arange(self._seen, self._seen + len(scores), device=scores.device)
            batch = {**batch, "places": numbers * get_world_size() + get_rank()}
            self._seen += len(scores)
        kept = scores
        if batch.get("counted") is not None:
            kept, batch = choose_samples(scores, batch, batch["counted"])
        for metric, wanted in zip(self._metrics, self._wanted, strict=True):
            extras = {"metas": batch.get("metas", ()), "places": batch["places"], "batch": batch}
            metric.update(kept, batch["target"], **{name: extras[name] for name in wanted})
        return scores

    def compute(self) -> dict[str, Any]:
        """Return the values of all metrics by name, exact over all processes, and start over.

        A value that is a number comes as a float, any other as the metric gives it.

        Raises:
            ValueError: If two metrics have a name in common.
        """
        values: dict[str, Any] = {}
        for metric in self._metrics:
            found = metric.compute()
            metric.reset()
            found = found if isinstance(found, Mapping) else {type(metric).__name__: found}
            self._check_names([*values, *found])
            values.update({n: float(v) if is_number(v) else v for n, v in found.items()})
        self._seen = 0
        return values

    def _check_names(self, names: Iterable[str]) -> None:
        seen: set[str] = set()
        for name in names:
            if name in seen:
                raise ValueError(
                    f"{self.name} must give different names, got {name!r} twice: set another "
                    "prefix for one of them"
                )
            seen.add(name)


def choose_samples(scores: Tensor, batch: Batch, chosen: Tensor) -> tuple[Tensor, dict[str, Any]]:
    """Return scores and batch of some samples.

    Args:
        scores: `(B, K)`.
        batch: Tensors and lists of `B` entries; anything else stays.
        chosen: Which of them, bool `(B,)`.
    """
    places = chosen.nonzero().flatten().tolist()

    def choose(value: Any) -> Any:
        if isinstance(value, Tensor) and value.ndim and len(value) == len(chosen):
            return value[chosen]
        if isinstance(value, list) and len(value) == len(chosen):
            return [value[place] for place in places]
        return value

    kept = {key: choose(value) for key, value in batch.items() if key != "counted"}
    return scores[chosen], kept | {"target": choose_targets(batch["target"], chosen)}


def take_numbers(values: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers among values, for loggers, and print the others.

    Args:
        values: By name.
    """
    for name, value in values.items():
        if not is_number(value):
            array = np.asarray(value)
            rounded = np.round(array, 4).tolist() if array.dtype.kind in "fiu" else value
            _logger.info("%s: %s", name, rounded)
    return {name: value for name, value in values.items() if is_number(value)}


def is_number(value: Any) -> bool:
    """Tell whether a value is a number, which loggers take, also as a tensor of one element.

    Examples:
        >>> [is_number(value) for value in (1, torch.tensor([0.5]), torch.zeros(2), [1], "a", None)]
        [True, True, False, False, False, False]
    """
    kinds = (int, float, np.number, np.ndarray, Tensor)
    size = value.numel() if isinstance(value, Tensor) else np.size(value)
    return isinstance(value, kinds) and size == 1


def _to_module(metric: Any, owner: str) -> Any:
    if isinstance(metric, nn.Module) and hasattr(metric, "compute"):
        return metric
    if hasattr(metric, "process") and hasattr(metric, "evaluate"):
        return UserMetric(metric)
    raise ValueError(
        f"{owner} must have update() and compute() as torchmetrics', or process() and evaluate() "
        f"as mmengine's, got {metric!r}"
    )


def _list_extras(metric: Any) -> tuple[str, ...]:
    parameters = inspect.signature(metric.update).parameters
    return tuple(name for name in EXTRAS if name in parameters)

"""Builds the metrics that a dataset of 0.x is asked for by name."""

from collections.abc import Mapping, Sequence
from typing import Any

from mmlight.read.node import to_nodes
from mmlight.registry import METRICS
from mmlight.upgrade.metrics import NAMES, Evaluation, to_built_in


def build_metrics(
    metric: str | Sequence[str] | None, options: Mapping[str, Any] | None, *, several: bool
) -> list[Any]:
    """Return metrics that report under the names of 0.x.

    Args:
        metric: Names; None for the default.
        options: `metric_options`.
        several: Whether samples have several labels.

    Raises:
        ValueError: If a name is unknown.
        MMLightError: If an option is.

    Examples:
        >>> [metric.names for metric in build_metrics(["recall", "accuracy"], None, several=False)]
        [['accuracy_top-1', 'accuracy_top-5'], ['recall']]
    """
    for name in [metric] if isinstance(metric, str) else metric or ():
        if name not in NAMES[several]:
            raise ValueError(f"metric must be among {', '.join(NAMES[several])}, got {name!r}")
    given = {"metric": metric, "metric_options": dict(options or {})}
    words = to_nodes({key: value for key, value in given.items() if value is not None})
    evaluators = to_built_in(None, several, Evaluation(words, None, []))
    build = METRICS.in_scope("mmcls").build
    return [build(dict(evaluator)) for evaluator in evaluators]

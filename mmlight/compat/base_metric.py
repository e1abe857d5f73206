"""The base of users' own metrics in the style of mmengine."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from torch import Tensor

from mmlight.compat.collective import broadcast_object_list, collect_results
from mmlight.compat.dist import is_main_process

_logger = logging.getLogger("mmlight")


class BaseMetric(ABC):
    """Collect something from every batch, then make values of it.

    Args:
        collect_device: 'cpu' or 'gpu', where processes exchange their results.
        prefix: What stands before the names of the values; the class's `default_prefix` when None.
        collect_dir: A folder to exchange results through; only with 'cpu'.

    Attributes:
        results: What `process` collected so far in this process.
        dataset_meta: Facts about the data, such as 'classes'.

    Raises:
        ValueError: If the device is neither, or a folder is given with 'gpu'.

    From: mmengine 0.10 `BaseMetric`.
    """

    default_prefix: ClassVar[str | None] = None

    def __init__(
        self,
        collect_device: str = "cpu",
        prefix: str | None = None,
        collect_dir: str | None = None,
    ) -> None:
        if collect_device not in ("cpu", "gpu"):
            raise ValueError(f"collect_device must be 'cpu' or 'gpu', got {collect_device!r}")
        if collect_dir is not None and collect_device != "cpu":
            raise ValueError(f"collect_dir must be None with device 'gpu', got {collect_dir!r}")
        self.collect_device = collect_device
        self.collect_dir = collect_dir
        self.prefix = prefix or self.default_prefix
        self.results: list[Any] = []
        self.dataset_meta: dict[str, Any] | None = None

    @abstractmethod
    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Add what a batch gives to `self.results`."""

    @abstractmethod
    def compute_metrics(self, results: list[Any]) -> dict[str, Any]:
        """Make values by name of the results of all processes."""

    def evaluate(self, size: int) -> dict[str, Any]:
        """Compute the values, the same in every process, and forget the results.

        Args:
            size: Number of samples; what processes repeat beyond it is dropped.
        """
        if not self.results:
            _logger.warning("%s has no results; process() must collect some", type(self).__name__)
        results = collect_results(
            _to_cpu(self.results), size, self.collect_device, self.collect_dir
        )
        shared: list[Any] = [None]
        if is_main_process():
            values = self.compute_metrics(results or [])
            head = f"{self.prefix}/" if self.prefix else ""
            shared = [{f"{head}{name}": value for name, value in values.items()}]
        broadcast_object_list(shared)
        self.results.clear()
        metrics: dict[str, Any] = shared[0]
        return metrics


def _to_cpu(value: Any) -> Any:
    """Move the tensors in lists, tuples and dicts to the CPU."""
    if isinstance(value, Tensor):
        return value.cpu()
    if type(value) in (list, tuple):
        return type(value)(_to_cpu(item) for item in value)
    if type(value) is dict:
        return {key: _to_cpu(item) for key, item in value.items()}
    return value

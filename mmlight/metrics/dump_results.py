"""Writes what a model predicts to a file."""

import pickle
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from mmlight.compat.base_metric import BaseMetric


class DumpResults(BaseMetric):
    """Write the samples of a stage, each a dict, to a pickle file; there are no values.

    Args:
        out_file_path: Ends with '.pkl' or '.pickle'.
        collect_device: See `BaseMetric`.
        collect_dir: See `BaseMetric`.

    Raises:
        ValueError: If the name of the file ends otherwise.

    From: mmengine 0.10 `DumpResults`.
    """

    def __init__(
        self, out_file_path: str, collect_device: str = "cpu", collect_dir: str | None = None
    ) -> None:
        super().__init__(collect_device=collect_device, collect_dir=collect_dir)
        if not out_file_path.endswith((".pkl", ".pickle")):
            raise ValueError(f"out_file_path must end with .pkl or .pickle, got {out_file_path!r}")
        self.out_file_path = out_file_path

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep the samples of a batch."""
        self.results.extend(
            {k: v.cpu().clone() if isinstance(v, Tensor) else v for k, v in sample.items()}
            for sample in data_samples
        )

    def compute_metrics(self, results: list[Any]) -> dict[str, Any]:
        """Write the file."""
        with open(self.out_file_path, "wb") as file:
            pickle.dump(results, file)
        return {}

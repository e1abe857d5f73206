"""Counts the samples that cannot be read and are replaced, over all workers of a process."""

import logging
from typing import Any, Final

import torch
from torch.utils.data import get_worker_info

from mmlight.errors import DataError

LOGGER: Final = logging.getLogger("mmlight")
UNREADABLE: Final = (DataError, OSError)
"""What reading a missing or damaged file raises."""
_PLACES: Final = 1024


class SkipCount:
    """How many samples were replaced; forked workers and the process that made it share it.

    Each worker counts at a place of its own, so that no count is lost between two of them.
    """

    def __init__(self) -> None:
        self._counts = torch.zeros(_PLACES, dtype=torch.int64)
        self._counts.share_memory_()  # type: ignore[no-untyped-call]

    @property
    def total(self) -> int:
        """The count over all workers."""
        return int(self._counts.sum())

    def add(self, sample: str, error: Exception) -> None:
        """Count one sample, and log which it is, what is wrong with it and the count so far."""
        worker = get_worker_info()
        self._counts[0 if worker is None else 1 + worker.id % (_PLACES - 1)] += 1
        reason = f"{error.path}: {error.problem}" if isinstance(error, DataError) else error
        LOGGER.warning("Skipped %s, %s (%d skipped so far).", sample, reason, self.total)


def mark_counted(data: Any, counted: bool) -> Any:
    """Say in a sample whether evaluation counts it; what is no dict stays."""
    return {**data, "counted": counted} if isinstance(data, dict) else data

"""Decides which of the newest checkpoints go when there are too many."""

import os
from itertools import takewhile
from typing import Literal

from mmlight.callbacks.checkpoint_names import CheckpointNames


class KeptFiles:
    """Counts the newest checkpoints.

    Args:
        names: What they are called.
        limit: Keep so many; -1 keeps all.
        interval: Epochs or iterations from one to the next.
        generation: In '0.x' old ones are found by counting back in intervals, so that a last one
            off the interval does not count.

    Attributes:
        paths: Those that are kept, the newest last; not used in '0.x'.

    From: mmengine 0.10 and mmcv 1.7 `CheckpointHook`.
    """

    def __init__(
        self,
        names: CheckpointNames,
        limit: int = -1,
        interval: int = 1,
        generation: Literal["0.x", "1.x"] = "1.x",
    ) -> None:
        self.names = names
        self.limit = limit
        self.interval = interval
        self.generation = generation
        self.paths: list[str] = []

    def add(self, count: int) -> list[str]:
        """Note the file of a number, and return those that are too many then."""
        if self.limit <= 0:
            return []
        if self.generation == "0.x":
            if self.interval <= 0:
                return []
            numbers = range(count - self.limit * self.interval, 0, -self.interval)
            return list(takewhile(os.path.exists, map(self.names.newest, numbers)))
        path = self.names.newest(count)
        kept = [*(old for old in self.paths if old != path), path]
        self.paths = kept[-self.limit :]
        return kept[: -self.limit]

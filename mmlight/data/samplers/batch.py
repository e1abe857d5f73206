"""Turns the indices of a sampler into batches that can begin inside an epoch."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, cast

from torch.utils.data import BatchSampler, Sampler

from mmlight.data.samplers.ranked import RankedSampler, can_jump


class ResumableBatchSampler(BatchSampler):
    """Batches of a sampler's indices, from batch `start` on.

    Args:
        sampler: Yields indices. Those of this package jump to the place; any other is run up to it.
        batch_size: Indices per batch.
        drop_last: Leave out a last batch that is not full.

    Attributes:
        start: How many batches to leave out; the length stays that of the whole epoch.

    Examples:
        >>> from mmlight.data.samplers import DefaultSampler
        >>> batches = ResumableBatchSampler(DefaultSampler(range(5), shuffle=False), 2, False)
        >>> batches.start = 1
        >>> list(batches), len(batches)
        ([[2, 3], [4]], 3)
    """

    start: int = 0

    def __iter__(self) -> Iterator[list[int]]:
        if not can_jump(self.sampler):
            return islice(super().__iter__(), self.start, None)
        cast(RankedSampler, self.sampler).start = self.start * self.batch_size
        return super().__iter__()


class ResumableBatches(Sampler[list[int]]):
    """The batches of a user's own sampler of batches, from batch `start` on.

    Args:
        batches: Yields lists of indices; it is run up to the place.
        sampler: Where it has its indices from, for `set_epoch`.

    Attributes:
        start: How many batches to leave out; the length stays that of the whole epoch.
    """

    start: int = 0

    def __init__(self, batches: Any, sampler: Any) -> None:
        self.batches = batches
        self.sampler = sampler

    def __iter__(self) -> Iterator[list[int]]:
        return islice(iter(self.batches), self.start, None)

    def __len__(self) -> int:
        return len(self.batches)

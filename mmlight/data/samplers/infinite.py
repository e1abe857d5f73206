"""Turns a dataset into passes without end."""

from collections.abc import Iterator

import torch

from mmlight.data.samplers.ranked import RankedSampler


class InfiniteSampler(RankedSampler):
    """Pass after pass over the data without end, dealt out to ranks; for training by iterations.

    It has no length, so a trainer sees one endless epoch, and `set_epoch` changes nothing.

    Args:
        dataset: Anything with a length `N`.
        shuffle: Draw a new order in each pass.
        seed: Start of the random orders; see `RankedSampler`.
        rank: Which share to yield.
        world_size: How many ranks there are.

    From: mmengine 0.10 `InfiniteSampler`, which counts `N` as its length.
    """

    def __iter__(self) -> Iterator[int]:
        size = len(self.dataset)
        generator = torch.Generator().manual_seed(self.seed or 0)
        passed, offset = divmod(self.rank + self.start * self.world_size, size)
        for _ in range(passed if self.shuffle else 0):
            torch.randperm(size, generator=generator)
        while True:
            order = (
                torch.randperm(size, generator=generator) if self.shuffle else torch.arange(size)
            )
            share = order[offset :: self.world_size]
            yield from share.tolist()
            offset += len(share) * self.world_size - size

"""Turns a length, a seed and an epoch into the order of indices of one rank."""

import math
from collections.abc import Iterator, Sized

import torch
from torch import Tensor
from torch.utils.data import BatchSampler, Sampler


class RankedSampler(Sampler[int]):
    """What all samplers here share; subclasses say how many indices a rank gets and in which order.

    Args:
        dataset: Anything with a length `N`.
        shuffle: Draw a new order in each epoch.
        seed: Start of the random orders, equal on all ranks; None takes the one given to `place`,
            else 0.
        rank: Which share of the order to yield, in [0, `world_size`).
        world_size: How many ranks share the order.

    Attributes:
        epoch: Which order to yield; set by `set_epoch`.
        start: How many indices of this rank's order to leave out, for resuming inside an epoch.
    """

    def __init__(
        self,
        dataset: Sized,
        shuffle: bool = True,
        seed: int | None = None,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        self.dataset = dataset
        self.shuffle = shuffle
        self.seed = seed
        self.epoch = 0
        self.start = 0
        self.place(rank=rank, world_size=world_size)

    def place(self, *, rank: int, world_size: int, seed: int | None = None) -> None:
        """Say which share is this process's, and the seed to use where none was given.

        Raises:
            ValueError: If `rank` is outside [0, `world_size`).
        """
        if not 0 <= rank < world_size:
            raise ValueError(f"rank must be in [0, {world_size}), got {rank}")
        self.rank = rank
        self.world_size = world_size
        if self.seed is None:
            self.seed = seed

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of this epoch, counted from 0."""
        self.epoch = epoch

    def _order(self) -> Tensor:
        """Return all indices in the epoch's order, int64 `(N,)`."""
        size = len(self.dataset)
        if not self.shuffle:
            return torch.arange(size)
        generator = torch.Generator().manual_seed((self.seed or 0) + self.epoch)
        return torch.randperm(size, generator=generator)

    def _share(self, order: Tensor) -> Iterator[int]:
        return iter(order[self.rank :: self.world_size][self.start :].tolist())


class DefaultSampler(RankedSampler):
    """Every sample once, dealt out to the ranks in turn.

    Args:
        dataset: Anything with a length `N`.
        shuffle: Draw a new order in each epoch.
        seed: Start of the random orders; see `RankedSampler`.
        round_up: Repeat the order's beginning until all ranks get equally many.
        rank: Which share to yield.
        world_size: How many ranks there are.

    Examples:
        >>> list(DefaultSampler(range(5), shuffle=False, rank=1, world_size=2))
        [1, 3, 0]

    From: mmengine 0.10 `DefaultSampler` / mmcls 0.25 `DistributedSampler`, which yield one order.
    In a run of a single process mmcls 0.25 shuffles with the global generator instead; here that,
    too, is the seeded order.
    """

    def __init__(
        self,
        dataset: Sized,
        shuffle: bool = True,
        seed: int | None = None,
        round_up: bool = True,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        super().__init__(dataset, shuffle, seed, rank, world_size)
        self.round_up = round_up

    def __len__(self) -> int:
        size = len(self.dataset)
        return math.ceil((size if self.round_up else size - self.rank) / self.world_size)

    def __iter__(self) -> Iterator[int]:
        order = self._order()
        if self.round_up:
            total = len(self) * self.world_size
            order = order.repeat(math.ceil(total / len(order)))[:total]  # (N,) -> (total,)
        return self._share(order)


class RepeatAugSampler(RankedSampler):
    """Every sample several times in a row, so that ranks see differently augmented copies of it.

    Args:
        dataset: Anything with a length `N`.
        shuffle: Draw a new order in each epoch; without it every epoch has the same part of the
            data.
        num_repeats: How often each sample is repeated.
        seed: Start of the random orders; see `RankedSampler`.
        selected_round: Round `N` down to a multiple of this before dividing it among ranks; 0 does
            not round.
        selected_ratio: Divide `N` by this to get the length of a rank's epoch; 0 divides by
            `world_size`.
        rank: Which share to yield.
        world_size: How many ranks there are.

    Raises:
        ValueError: If `num_repeats` is below 1.

    From: mmpretrain 1.2 `RepeatAugSampler`; mmcls 0.25's has `selected_round=256` by default, and
    in a run of a single process shuffles with the global generator.
    """

    def __init__(
        self,
        dataset: Sized,
        shuffle: bool = True,
        num_repeats: int = 3,
        seed: int | None = None,
        selected_round: int = 0,
        selected_ratio: float = 0,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        if num_repeats < 1:
            raise ValueError(f"num_repeats must be at least 1, got {num_repeats}")
        super().__init__(dataset, shuffle, seed, rank, world_size)
        self.num_repeats = num_repeats
        self.selected_round = selected_round
        self.selected_ratio = selected_ratio

    def __len__(self) -> int:
        size, ratio = len(self.dataset), self.selected_ratio or self.world_size
        if not self.selected_round:
            return math.ceil(size / ratio)
        return math.floor(size // self.selected_round * self.selected_round / ratio)

    def __iter__(self) -> Iterator[int]:
        order = self._order().repeat_interleave(self.num_repeats)  # (N,) -> (N * num_repeats,)
        total = math.ceil(len(order) / self.world_size) * self.world_size
        order = torch.cat([order, order[: total - len(order)]])
        return self._share(order[: len(self) * self.world_size])


class InfiniteSampler(RankedSampler):
    """Pass after pass over the data without end, dealt out to ranks; for training by iterations.

    It has no length, so a trainer sees one endless epoch, and `set_epoch` changes nothing.

    Args:
        dataset: Anything with a length `N`.
        shuffle: Draw a new order in each pass.
        seed: Start of the random orders; see `RankedSampler`.
        rank: Which share to yield.
        world_size: How many ranks there are.

    From: mmengine 0.10 `InfiniteSampler`, which goes on when it is iterated again, and counts `N`
    as its length.
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


class ResumableBatchSampler(BatchSampler):
    """Batches of a sampler's indices, from batch `start` on.

    Args:
        sampler: Yields indices. A `RankedSampler` jumps to the place; any other is run up to it.
        batch_size: Indices per batch.
        drop_last: Leave out a last batch that is not full.

    Attributes:
        start: How many batches to leave out; the length stays that of the whole epoch.

    Examples:
        >>> batches = ResumableBatchSampler(DefaultSampler(range(5), shuffle=False), 2, False)
        >>> batches.start = 1
        >>> list(batches), len(batches)
        ([[2, 3], [4]], 3)
    """

    start: int = 0

    def __iter__(self) -> Iterator[list[int]]:
        if isinstance(self.sampler, RankedSampler):
            self.sampler.start = self.start * self.batch_size
            skip = 0
        else:
            skip = self.start
        for number, batch in enumerate(super().__iter__()):
            if number >= skip:
                yield batch

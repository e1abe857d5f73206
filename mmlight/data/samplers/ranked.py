"""Turns a length, a seed and an epoch into the share of one rank: the base of all samplers."""

from collections.abc import Iterator, Sized
from typing import Any

import torch
from torch import Tensor, distributed
from torch.utils.data import Sampler


class RankedSampler(Sampler[int]):
    """What all samplers here share; subclasses say how many indices a rank gets and in which order.

    Args:
        dataset: Anything with a length `N`.
        shuffle: Draw a new order in each epoch.
        seed: Start of the random orders, equal on all ranks; None takes the one given to `place`,
            else 0.
        rank: Which share of the order to yield, in [0, `world_size`); None for this process's.
        world_size: How many ranks share the order; None for those of this run.

    Attributes:
        epoch: Which order to yield; set by `set_epoch`.
        start: How many indices of this rank's order to leave out, for resuming inside an epoch.
    """

    def __init__(
        self,
        dataset: Sized,
        shuffle: bool = True,
        seed: int | None = None,
        rank: int | None = None,
        world_size: int | None = None,
    ) -> None:
        self.dataset = dataset
        self.shuffle = shuffle
        self.seed = seed
        self.epoch = 0
        self.start = 0
        own_rank, own_size = find_place()
        self.place(
            rank=own_rank if rank is None else rank,
            world_size=own_size if world_size is None else world_size,
        )

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

    @property
    def num_replicas(self) -> int:
        """`world_size` by the name that samplers of torch and mmcls have for it."""
        return self.world_size

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of this epoch, counted from 0."""
        self.epoch = epoch

    def _generator(self) -> torch.Generator:
        return torch.Generator().manual_seed((self.seed or 0) + self.epoch)

    def _order(self) -> Tensor:
        """Return all indices in the epoch's order, int64 `(N,)`."""
        size = len(self.dataset)
        if not self.shuffle:
            return torch.arange(size)
        return torch.randperm(size, generator=self._generator())

    def _share(self, order: Tensor) -> Iterator[int]:
        return iter(order[self.rank :: self.world_size][self.start :].tolist())


def find_place() -> tuple[int, int]:
    """Return the rank of this process and how many there are."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return 0, 1
    return distributed.get_rank(), distributed.get_world_size()


def can_jump(sampler: Any) -> bool:
    """Tell whether a sampler starts its order at `start`, which a user's `__iter__` does not."""
    own = type(sampler).__iter__.__module__.startswith(f"{__package__}.")
    return isinstance(sampler, RankedSampler) and own

"""Turns a dataset into orders in which every sample comes once."""

import math
from collections.abc import Iterator, Sized

from torch import Tensor

from mmlight.data.samplers.ranked import RankedSampler


class DefaultSampler(RankedSampler):
    """Every sample once, dealt out to the ranks in turn.

    Args:
        dataset: Anything with a length `N`.
        shuffle: Draw a new order in each epoch.
        seed: Start of the random orders; see `RankedSampler`.
        round_up: Repeat the order's beginning until all ranks get equally many.
        rank: Which share to yield; see `RankedSampler`.
        world_size: How many ranks there are.

    Attributes:
        num_samples: How many indices this rank yields.
        total_size: How many indices all ranks yield.

    Examples:
        >>> list(DefaultSampler(range(5), shuffle=False, rank=1, world_size=2))
        [1, 3, 0]

    From: mmengine 0.10 `DefaultSampler` / mmcls 0.25 `DistributedSampler`, which yield one order.
    In a run of a single process mmcls 0.25 shuffles with the global generator instead, so that the
    order hangs on how many numbers the network's start values took; here it is the seeded order.
    """

    def __init__(
        self,
        dataset: Sized,
        shuffle: bool = True,
        seed: int | None = None,
        round_up: bool = True,
        rank: int | None = None,
        world_size: int | None = None,
    ) -> None:
        super().__init__(dataset, shuffle, seed, rank, world_size)
        self.round_up = round_up

    @property
    def num_samples(self) -> int:  # noqa: D102 - see the class
        size = self._count()
        return math.ceil((size if self.round_up else size - self.rank) / self.world_size)

    @property
    def total_size(self) -> int:  # noqa: D102 - see the class
        return self.num_samples * self.world_size if self.round_up else self._count()

    def __len__(self) -> int:
        return self.num_samples

    def __iter__(self) -> Iterator[int]:
        return self._share(self._padded_order())

    def _count(self) -> int:
        """Return the length of an order before it is rounded up."""
        return len(self.dataset)

    def _padded_order(self) -> Tensor:
        order = self._order()
        return order.repeat(math.ceil(self.total_size / len(order)))[: self.total_size]


class SequentialSampler(DefaultSampler):
    """Every sample once, in order.

    Args:
        subsample_type: 'default' deals out to the ranks in turn, 'sequential' gives each of them a
            run of neighbours.
        dataset: Anything with a length `N`.
        seed: Without effect.
        round_up: Repeat the order's beginning until all ranks get equally many.
        rank: Which share to yield; see `RankedSampler`.
        world_size: How many ranks there are.

    Raises:
        ValueError: If `subsample_type` is neither.

    Examples:
        >>> list(SequentialSampler("sequential", dataset=range(5), rank=1, world_size=2))
        [3, 4, 0]

    From: mmpretrain 1.2 `SequentialSampler`. There, 'sequential' without `round_up` loses the last
    samples of a number that does not divide, and so it is here.
    """

    def __init__(
        self,
        subsample_type: str = "default",
        *,
        dataset: Sized,
        seed: int | None = None,
        round_up: bool = True,
        rank: int | None = None,
        world_size: int | None = None,
    ) -> None:
        if subsample_type not in ("default", "sequential"):
            raise ValueError(
                f"subsample_type must be 'default' or 'sequential', got {subsample_type!r}"
            )
        super().__init__(dataset, False, seed, round_up, rank, world_size)
        self.subsample_type = subsample_type

    def __iter__(self) -> Iterator[int]:
        if self.subsample_type == "default":
            return super().__iter__()
        size = self.total_size // self.world_size
        share = self._padded_order()[self.rank * size : (self.rank + 1) * size]
        return iter(share[self.start :].tolist())

"""Turns a dataset into orders in which every sample comes several times in a row."""

import math
from collections.abc import Iterator, Sized

import torch

from mmlight.data.samplers.ranked import RankedSampler


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
        rank: Which share to yield; see `RankedSampler`.
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
        rank: int | None = None,
        world_size: int | None = None,
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

"""The samplers of mmcls 0.x under their own arguments, for users' subclasses and calls."""

from collections.abc import Sized

from mmlight.data.samplers import DefaultSampler, RepeatAugSampler


class DistributedSampler(DefaultSampler):
    """Every sample once, dealt out to the ranks in turn.

    Args:
        dataset: Anything with a length `N`.
        num_replicas: How many ranks there are; None for those of this run.
        rank: Which share to yield; None for this process's.
        shuffle: Draw a new order in each epoch.
        round_up: Repeat the order's beginning until all ranks get equally many.
        seed: Start of the random orders; None takes the run's.

    From: mmcls 0.25 `DistributedSampler`.
    """

    def __init__(
        self,
        dataset: Sized,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        round_up: bool = True,
        seed: int | None = 0,
    ) -> None:
        super().__init__(dataset, shuffle, seed, round_up, rank, num_replicas)


class OldRepeatAugSampler(RepeatAugSampler):
    """Every sample several times in a row.

    Args:
        dataset: Anything with a length `N`.
        num_replicas: How many ranks there are; None for those of this run.
        rank: Which share to yield; None for this process's.
        shuffle: Draw a new order in each epoch.
        num_repeats: How often each sample is repeated.
        selected_round: See `RepeatAugSampler`.
        selected_ratio: See `RepeatAugSampler`.
        seed: Start of the random orders; None takes the run's.

    From: mmcls 0.25 `RepeatAugSampler`.
    """

    def __init__(
        self,
        dataset: Sized,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        num_repeats: int = 3,
        selected_round: int = 256,
        selected_ratio: float = 0,
        seed: int | None = 0,
    ) -> None:
        super().__init__(
            *(dataset, shuffle, num_repeats, seed, selected_round, selected_ratio),
            rank=rank,
            world_size=num_replicas,
        )

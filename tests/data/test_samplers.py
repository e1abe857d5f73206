import itertools

import pytest
from torch.utils.data import SequentialSampler

from mmlight.data.samplers import (
    DefaultSampler,
    InfiniteSampler,
    RepeatAugSampler,
    ResumableBatchSampler,
)


def test_default_sampler_covers_all_when_ranks_are_joined():
    ranks = [list(DefaultSampler(range(10), seed=1, rank=r, world_size=4)) for r in range(4)]
    assert {len(rank) for rank in ranks} == {3}
    assert set(itertools.chain(*ranks)) == set(range(10))


def test_default_sampler_changes_order_when_epoch_changes():
    sampler = DefaultSampler(range(100), seed=1)
    first = list(sampler)
    assert list(sampler) == first
    sampler.set_epoch(1)
    assert sorted(sampler) == list(range(100))
    assert list(sampler) != first


@pytest.mark.parametrize("cls", [DefaultSampler, RepeatAugSampler])
def test_sampler_goes_on_when_started_later(cls):
    sampler = cls(range(50), seed=3, rank=1, world_size=2)
    whole = list(sampler)
    sampler.start = 7
    assert list(sampler) == whole[7:]
    assert len(sampler) == len(whole)


def test_infinite_sampler_has_no_length_when_asked():
    with pytest.raises(TypeError, match="InfiniteSampler"):
        len(InfiniteSampler(range(3)))


def test_place_keeps_seed_when_sampler_has_one():
    sampler = DefaultSampler(range(9), seed=5)
    sampler.place(rank=0, world_size=1, seed=6)
    assert sampler.seed == 5


def test_place_raises_when_rank_is_outside():
    with pytest.raises(ValueError, match=r"rank must be in \[0, 2\), got 2"):
        DefaultSampler(range(9), rank=2, world_size=2)


def test_repeat_aug_sampler_raises_when_nothing_is_repeated():
    with pytest.raises(ValueError, match="num_repeats must be at least 1, got 0"):
        RepeatAugSampler(range(9), num_repeats=0)


@pytest.mark.parametrize("make", [SequentialSampler, DefaultSampler])
@pytest.mark.parametrize("drop_last", [True, False])
def test_batch_sampler_goes_on_when_started_later(make, drop_last):
    batches = ResumableBatchSampler(make(range(11)), 2, drop_last)
    whole = list(batches)
    batches.start = 3
    assert list(batches) == whole[3:]
    assert len(batches) == len(whole)
    batches.start = 0
    assert list(batches) == whole

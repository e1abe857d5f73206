import pytest

from mmlight.data.samplers import RepeatAugSampler


def test_repeat_aug_sampler_goes_on_when_started_later():
    sampler = RepeatAugSampler(range(50), seed=3, rank=1, world_size=2)
    whole = list(sampler)
    sampler.start = 7
    assert list(sampler) == whole[7:]
    assert len(sampler) == len(whole)


def test_ranks_see_the_same_samples_when_repeated():
    ranks = [RepeatAugSampler(range(12), rank=rank, world_size=3) for rank in range(3)]
    assert len({tuple(sampler) for sampler in ranks}) == 1


def test_repeat_aug_sampler_raises_when_nothing_is_repeated():
    with pytest.raises(ValueError, match="num_repeats must be at least 1, got 0"):
        RepeatAugSampler(range(9), num_repeats=0)

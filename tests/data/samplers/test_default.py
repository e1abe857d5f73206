import itertools

import pytest

from mmlight.data.samplers import DefaultSampler, SequentialSampler


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


@pytest.mark.parametrize("cls", [DefaultSampler, SequentialSampler])
@pytest.mark.parametrize("round_up", [True, False])
def test_sampler_goes_on_when_started_later(cls, round_up):
    sampler = cls(dataset=range(51), seed=3, round_up=round_up, rank=1, world_size=2)
    whole = list(sampler)
    sampler.start = 7
    assert list(sampler) == whole[7:]
    assert len(sampler) == len(whole) == sampler.num_samples
    assert sampler.total_size == (52 if round_up else 51)


def test_sequential_sampler_goes_on_when_ranks_have_neighbours():
    sampler = SequentialSampler("sequential", dataset=range(11), rank=1, world_size=2)
    assert list(sampler) == [6, 7, 8, 9, 10, 0]
    sampler.start = 4
    assert list(sampler) == [10, 0]


def test_sequential_sampler_raises_when_type_is_unknown():
    with pytest.raises(ValueError, match="'default' or 'sequential', got 'blocks'"):
        SequentialSampler("blocks", dataset=range(3))

import pytest
import torch
from torch.utils.data import SequentialSampler

from mmlight.data.samplers import DefaultSampler
from mmlight.data.samplers.ranked import can_jump, find_place


class Backwards(DefaultSampler):
    """A user's own order."""

    def __iter__(self):
        return reversed(list(super().__iter__()))


class Larger(DefaultSampler):
    """A user's class that keeps our order."""


def test_place_keeps_seed_when_sampler_has_one():
    sampler = DefaultSampler(range(9), seed=5)
    sampler.place(rank=0, world_size=1, seed=6)
    assert sampler.seed == 5


def test_place_raises_when_rank_is_outside():
    with pytest.raises(ValueError, match=r"rank must be in \[0, 2\), got 2"):
        DefaultSampler(range(9), rank=2, world_size=2)


def test_place_is_that_of_the_process_when_none_is_given(monkeypatch):
    assert find_place() == (0, 1)
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: 2)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 3)
    assert list(DefaultSampler(range(6), shuffle=False)) == [2, 5]


def test_only_our_orders_jump_when_asked():
    found = [can_jump(kind(range(3))) for kind in (Larger, DefaultSampler, Backwards)]
    assert found == [True, True, False]
    assert not can_jump(SequentialSampler(range(3)))

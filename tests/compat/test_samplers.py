from mmlight.compat.samplers import DistributedSampler, OldRepeatAugSampler
from mmlight.data.samplers import DefaultSampler, RepeatAugSampler


class Theirs(DistributedSampler):
    """A user's subclass, which reads what the original has."""

    def __iter__(self):
        order = list(range(len(self.dataset))) * 2
        return iter(order[self.rank : self.total_size : self.num_replicas])


def test_distributed_sampler_takes_its_old_words():
    sampler = DistributedSampler(range(9), num_replicas=2, rank=1, round_up=False, seed=3)
    ours = DefaultSampler(range(9), seed=3, round_up=False, rank=1, world_size=2)
    assert list(sampler) == list(ours)
    assert list(Theirs(range(5), 2, 1)) == [1, 3, 0]


def test_repeat_aug_sampler_takes_its_old_words():
    sampler = OldRepeatAugSampler(range(600), num_replicas=2, rank=1, seed=3)
    ours = RepeatAugSampler(range(600), seed=3, selected_round=256, rank=1, world_size=2)
    assert list(sampler) == list(ours)
    assert len(sampler) == 256
    assert sampler.num_replicas == 2

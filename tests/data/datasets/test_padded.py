import pickle

import pytest

from mmlight.data.datasets.padded import PaddedView
from mmlight.data.samplers import DefaultSampler


class Numbers:
    """Samples of any kind, here tuples."""

    def __init__(self, size):
        self.size = size

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        return (index,)


@pytest.mark.parametrize("size", [1, 5, 8])
@pytest.mark.parametrize("world_size", [2, 4])
def test_view_counts_each_sample_once_when_shared(size, world_size):
    view = PaddedView(Numbers(size), world_size=world_size)
    plain, counted, lengths = [], [], set()
    for rank in range(world_size):
        share = [
            view[i] for i in DefaultSampler(view, shuffle=False, rank=rank, world_size=world_size)
        ]
        lengths.add(len(share))
        counted += [sample[0] for sample, counts in share if counts]
        order = DefaultSampler(range(size), shuffle=False, rank=rank, world_size=world_size)
        plain.append([sample[0] for sample, _ in share] == list(order))
    assert sorted(counted) == list(range(size))
    assert len(lengths) == 1
    assert all(plain)  # padded by the same samples as without the view


def test_view_answers_for_its_dataset_when_asked():
    view = PaddedView(Numbers(3), world_size=2)
    assert view.size == 3
    assert pickle.loads(pickle.dumps(view)).size == 3

import pytest
from torch.utils.data import SequentialSampler

from mmlight.data.samplers import DefaultSampler, ResumableBatchSampler
from mmlight.data.samplers.batch import ResumableBatches
from tests.data.samplers.test_ranked import Backwards


@pytest.mark.parametrize("make", [SequentialSampler, DefaultSampler, Backwards])
@pytest.mark.parametrize("drop_last", [True, False])
def test_batch_sampler_goes_on_when_started_later(make, drop_last):
    batches = ResumableBatchSampler(make(range(11)), 2, drop_last)
    whole = list(batches)
    batches.start = 3
    assert list(batches) == whole[3:]
    assert len(batches) == len(whole)
    batches.start = 0
    assert list(batches) == whole


def test_users_batches_go_on_when_started_later():
    batches = ResumableBatches([[0, 5], [1], [2, 3, 4]], None)
    batches.start = 1
    assert list(batches) == [[1], [2, 3, 4]]
    assert len(batches) == 3

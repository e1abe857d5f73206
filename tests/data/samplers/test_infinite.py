from itertools import islice

import pytest

from mmlight.data.samplers import InfiniteSampler


def test_infinite_sampler_has_no_length_when_asked():
    with pytest.raises(TypeError, match="InfiniteSampler"):
        len(InfiniteSampler(range(3)))


@pytest.mark.parametrize("shuffle", [True, False])
def test_infinite_sampler_goes_on_when_started_later(shuffle):
    sampler = InfiniteSampler(range(7), shuffle, seed=2, rank=1, world_size=2)
    whole = list(islice(sampler, 40))
    sampler.start = 17
    assert list(islice(sampler, 23)) == whole[17:]

import pytest
from torch.utils import data

from mmlight.data.datasets.mnist import FashionMNIST
from mmlight.data.loader_config import LoaderConfig
from mmlight.data.samplers import DefaultSampler
from tests.runs import FASHION

WRONG = [
    ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
    ({"num_workers": -1}, "num_workers must not be negative, got -1"),
    ({"timeout": -2}, "timeout must not be negative, got -2"),
]


@pytest.mark.parametrize(("words", "text"), WRONG)
def test_config_raises_when_numbers_are_wrong(words, text):
    with pytest.raises(ValueError, match=text):
        LoaderConfig(range(3), **words)


def test_options_are_those_given_when_there_are_workers():
    words = dict(prefetch_factor=3, timeout=9, multiprocessing_context="spawn")
    options = LoaderConfig(range(3), 1, 2, persistent_workers=True, **words).options
    assert {key: options[key] for key in words} == words
    assert (options["num_workers"], options["persistent_workers"]) == (2, True)


def test_options_for_workers_are_left_out_when_there_are_none():
    words = dict(prefetch_factor=3, timeout=9, multiprocessing_context="spawn")
    options = LoaderConfig(range(3), persistent_workers=True, **words).options
    assert [options[key] for key in words] == [None, 0, None]
    assert not options["persistent_workers"]


def test_default_sampler_shuffles_when_asked():
    sampler = LoaderConfig(range(9), shuffle=True).build_sampler(
        "abc", rank=1, world_size=2, seed=4
    )
    assert isinstance(sampler, DefaultSampler)
    found = (sampler.shuffle, sampler.rank, sampler.world_size, sampler.seed, sampler.dataset)
    assert found == (True, 1, 2, 4, "abc")


def test_samplers_of_torch_get_what_they_take_when_built():
    config = LoaderConfig(range(4), sampler=data.DistributedSampler)
    sampler = config.build_sampler(range(4), rank=1, world_size=2, seed=4)
    assert (sampler.rank, sampler.num_replicas, sampler.seed) == (1, 2, 4)
    config = LoaderConfig(range(4), sampler=data.SequentialSampler)
    assert list(config.build_sampler("ab", rank=0, world_size=1, seed=0)) == [0, 1]


def test_dataset_is_loaded_before_workers_start_when_lazy():
    dataset = FashionMNIST(str(FASHION), "test", lazy_init=True)
    assert LoaderConfig(dataset).choose_data(world_size=1) is dataset
    assert dataset._fully_initialized

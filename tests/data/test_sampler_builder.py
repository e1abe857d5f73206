import pytest

from mmlight.data.sampler_builder import SamplerBuilder
from mmlight.data.samplers import DefaultSampler, RepeatAugSampler


def test_builds_a_sampler_of_any_dataset_by_its_import_path() -> None:
    build = SamplerBuilder("mmlight.data.samplers.DefaultSampler", {"shuffle": False})
    assert list(build("abc")) == [0, 1, 2]
    assert list(build("abcd")) == [0, 1, 2, 3]


def test_builds_a_sampler_of_a_class() -> None:
    sampler = SamplerBuilder(RepeatAugSampler)(range(300))
    assert isinstance(sampler, RepeatAugSampler)
    assert isinstance(SamplerBuilder(DefaultSampler)("ab"), DefaultSampler)


def test_keeps_its_options_when_the_given_ones_change() -> None:
    options = {"shuffle": False}
    build = SamplerBuilder(DefaultSampler, options)
    options["shuffle"] = True
    assert list(build("abc")) == [0, 1, 2]


def test_refuses_a_path_that_leads_nowhere() -> None:
    with pytest.raises(AttributeError, match="NoSampler"):
        SamplerBuilder("mmlight.data.samplers.NoSampler")


def test_gives_what_the_sampler_takes() -> None:
    def make(data_source: str, seed: int = 0, num_replicas: int = 1) -> tuple[str, int, int]:
        return data_source, seed, num_replicas

    assert SamplerBuilder(make)("abc", world_size=3) == ("abc", 0, 3)
    assert SamplerBuilder(make, {"seed": 7})("abc", seed=8) == ("abc", 7, 1)
    assert SamplerBuilder(lambda data: data)("abc", seed=8) == "abc"
    assert SamplerBuilder(lambda **given: given)("abc", seed=8) == {"dataset": "abc", "seed": 8}


def test_gives_no_dataset_when_the_sampler_has_what_it_needs() -> None:
    indices = SamplerBuilder("torch.utils.data.SubsetRandomSampler", {"indices": [4]})
    assert list(indices("abc")) == [4]


def test_builds_batches_of_a_sampler() -> None:
    build = SamplerBuilder("torch.utils.data.BatchSampler", {"drop_last": True})
    assert list(build.build_batches([5, 6, 7], batch_size=2)) == [[5, 6]]

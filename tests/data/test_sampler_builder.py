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

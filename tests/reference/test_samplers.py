import pytest

from mmlight.data.samplers import DefaultSampler, InfiniteSampler, RepeatAugSampler

SIZES = [1, 3, 7, 16, 600]
WORLDS = [1, 2, 4]
SEED = 37


def theirs_1x(name, size, worlds, seed, epochs, options):
    from unittest import mock

    from mmengine.dataset import sampler as mmengine_sampler
    from mmpretrain.datasets.samplers import repeat_aug

    place = mmengine_sampler if name == "DefaultSampler" else repeat_aug
    orders, lengths = {}, {}
    for world in worlds:
        for rank in range(world):
            with mock.patch.object(place, "get_dist_info", return_value=(rank, world)):
                sampler = getattr(place, name)(range(size), seed=seed, **options)
            lengths[world, rank] = len(sampler)
            for epoch in range(epochs):
                sampler.set_epoch(epoch)
                orders[world, rank, epoch] = list(sampler)
    return orders, lengths


def theirs_0x(name, size, worlds, seed, epochs, options):
    import torch
    from mmcls.datasets import samplers

    orders, lengths = {}, {}
    for world in worlds:
        for rank in range(world):
            sampler = getattr(samplers, name)(
                range(size), num_replicas=world, rank=rank, seed=seed, **options
            )
            lengths[world, rank] = len(sampler)
            for epoch in range(epochs):
                sampler.set_epoch(epoch)
                # RepeatAugSampler of one process draws from the global generator.
                torch.manual_seed(seed + epoch)
                orders[world, rank, epoch] = list(sampler)
    return orders, lengths


def ours(cls, size, options):
    orders, lengths = {}, {}
    for world in WORLDS:
        for rank in range(world):
            sampler = cls(range(size), **options)
            sampler.place(rank=rank, world_size=world, seed=SEED)
            lengths[world, rank] = len(sampler)
            for epoch in range(3):
                sampler.set_epoch(epoch)
                orders[world, rank, epoch] = list(sampler)
    return orders, lengths


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("round_up", [True, False])
def test_default_sampler_equals_mmengine(mmpretrain, size, shuffle, round_up):
    options = {"shuffle": shuffle, "round_up": round_up}
    theirs = mmpretrain(theirs_1x, "DefaultSampler", size, WORLDS, SEED, 3, options)
    assert ours(DefaultSampler, size, options) == theirs


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("round_up", [True, False])
def test_default_sampler_equals_mmcls(mmcls, size, shuffle, round_up):
    options = {"shuffle": shuffle, "round_up": round_up}
    theirs, lengths = mmcls(theirs_0x, "DistributedSampler", size, WORLDS, SEED, 3, options)
    orders, own_lengths = ours(DefaultSampler, size, options)
    assert orders == theirs
    if round_up:  # without, mmcls states a wrong length on the last ranks
        assert own_lengths == lengths


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("options", [{}, {"shuffle": False}, {"num_repeats": 2}])
def test_repeat_aug_sampler_equals_mmpretrain(mmpretrain, size, options):
    theirs = mmpretrain(theirs_1x, "RepeatAugSampler", size, WORLDS, SEED, 3, options)
    assert ours(RepeatAugSampler, size, options) == theirs


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "options",
    [
        {"selected_round": 256},
        {"selected_round": 0, "selected_ratio": 2},
        {"selected_round": 5, "shuffle": False, "num_repeats": 4},
    ],
)
def test_repeat_aug_sampler_equals_mmcls(mmcls, size, options):
    theirs = mmcls(theirs_0x, "RepeatAugSampler", size, WORLDS, SEED, 3, options)
    assert ours(RepeatAugSampler, size, options) == theirs


def theirs_infinite(size, world, rank, seed, shuffle, count):
    from itertools import islice
    from unittest import mock

    from mmengine.dataset import sampler as place

    with mock.patch.object(place, "get_dist_info", return_value=(rank, world)):
        sampler = place.InfiniteSampler(range(size), shuffle=shuffle, seed=seed)
    return list(islice(sampler, count))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize(("world", "rank"), [(1, 0), (2, 0), (2, 1), (4, 3)])
def test_infinite_sampler_equals_mmengine(mmpretrain, size, shuffle, world, rank):
    theirs = mmpretrain(theirs_infinite, size, world, rank, SEED, shuffle, 1500)
    sampler = InfiniteSampler(range(size), shuffle, SEED, rank, world)
    for start in (0, 1, 5, 700):
        sampler.start = start
        assert [i for i, _ in zip(sampler, range(800), strict=False)] == theirs[start : start + 800]

import json

import pytest

from mmlight.data.datasets.multi_label import MultiLabelDataset
from mmlight.data.samplers import (
    ClassBalancedSampler,
    DefaultSampler,
    InfiniteSampler,
    RepeatAugSampler,
    SequentialSampler,
)

SIZES = [1, 3, 7, 16, 600]
WORLDS = [1, 2, 4]
SEED = 37


def theirs_1x(name, size, worlds, seed, epochs, options):
    from unittest import mock

    from mmengine.dataset import sampler as mmengine_sampler
    from mmpretrain.datasets.samplers import repeat_aug, sequential

    home = {"RepeatAugSampler": repeat_aug, "SequentialSampler": sequential}
    home = home.get(name, mmengine_sampler)
    place = repeat_aug if home is repeat_aug else mmengine_sampler
    orders, lengths = {}, {}
    for world in worlds:
        for rank in range(world):
            with mock.patch.object(place, "get_dist_info", return_value=(rank, world)):
                sampler = getattr(home, name)(dataset=range(size), seed=seed, **options)
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
            sampler = cls(dataset=range(size), **options)
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
@pytest.mark.parametrize("kind", ["default", "sequential"])
@pytest.mark.parametrize("round_up", [True, False])
def test_sequential_sampler_equals_mmpretrain(mmpretrain, size, kind, round_up):
    options = {"subsample_type": kind, "round_up": round_up}
    theirs = mmpretrain(theirs_1x, "SequentialSampler", size, WORLDS, SEED, 3, options)
    orders, lengths = ours(SequentialSampler, size, options)
    assert (orders, lengths) == theirs


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


# -------------------------------------------------------------------- weights of rare classes


def theirs_balanced(ann_file, threshold, worlds, seed, epochs):
    """Return the samples that each rank gets from the wrapper for rare classes."""
    from unittest import mock

    from mmengine.dataset import ClassBalancedDataset
    from mmengine.dataset import sampler as place
    from mmpretrain.datasets import MultiLabelDataset

    dataset = MultiLabelDataset(ann_file=ann_file)
    wrapped = ClassBalancedDataset(dataset, threshold)
    orders = {}
    for world in worlds:
        for rank in range(world):
            with mock.patch.object(place, "get_dist_info", return_value=(rank, world)):
                sampler = place.DefaultSampler(wrapped, seed=seed)
            for epoch in range(epochs):
                sampler.set_epoch(epoch)
                orders[world, rank, epoch] = [wrapped.repeat_indices[i] for i in sampler]
    return orders


@pytest.mark.parametrize("threshold", [0.05, 0.3, 1.0])
def test_class_balanced_sampler_equals_the_wrapper_of_mmengine(mmpretrain, tmp_path, threshold):
    labels = [[i % 3] if i % 7 else [i % 3, 3 + i % 5] for i in range(90)]
    samples = [{"img_path": f"{i}.png", "gt_label": many} for i, many in enumerate(labels)]
    path = tmp_path / "labels.json"
    classes = [str(label) for label in range(8)]
    path.write_text(json.dumps({"metainfo": {"classes": classes}, "data_list": samples}))
    theirs = mmpretrain(theirs_balanced, str(path), threshold, WORLDS, SEED, 3)
    dataset = MultiLabelDataset(ann_file=str(path))
    orders = {}
    for world, rank, epoch in theirs:
        sampler = ClassBalancedSampler(dataset, threshold, seed=SEED, rank=rank, world_size=world)
        sampler.set_epoch(epoch)
        orders[world, rank, epoch] = list(sampler)
    assert orders == theirs

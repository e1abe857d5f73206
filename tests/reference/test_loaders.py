"""The images in every batch of every rank, through the loaders that configs describe."""

import struct
from functools import partial
from zlib import crc32

import pytest

from mmlight.build import instantiate
from mmlight.datamodule import PipelineDataModule
from mmlight.read.config import Config
from mmlight.translate.translate import translate_config
from mmlight.upgrade.upgrade import upgrade_config
from tests.runs import write_fashion_files

WORLDS = [1, 2, 4]
SEED = 37
COUNT = 101  # does not divide
LIMIT = 40  # batches of a loader without end


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Fashion-MNIST files of 101 real images."""
    path = write_fashion_files(tmp_path_factory.mktemp("loaders"))
    for file in path.iterdir():
        raw = file.read_bytes()
        head = 16 if "images" in file.name else 8
        size = COUNT * (784 if head == 16 else 1)
        header = raw[:4] + struct.pack(">I", COUNT) + raw[8:head]
        file.write_bytes(header + raw[head : head + size])
    return str(path)


# -------------------------------------------------------------------- theirs


def theirs_1x(loader, worlds, seed, epochs, limit):
    from itertools import islice
    from unittest import mock
    from zlib import crc32

    import mmpretrain.datasets  # noqa: F401  fills the registries
    from mmengine.dataset import sampler as place
    from mmengine.runner import Runner, runner
    from mmpretrain.datasets.samplers import repeat_aug
    from mmpretrain.utils import register_all_modules

    register_all_modules()
    found = {}
    for world in worlds:
        for rank in range(world):
            with (
                mock.patch.object(place, "get_dist_info", return_value=(rank, world)),
                mock.patch.object(repeat_aug, "get_dist_info", return_value=(rank, world)),
                mock.patch.object(runner, "get_world_size", return_value=world),
                mock.patch.object(runner, "get_rank", return_value=rank),
            ):
                batches = Runner.build_dataloader(loader, seed=seed)
            for epoch in range(epochs):
                batches.sampler.set_epoch(epoch)
                found[world, rank, epoch] = [
                    [crc32(image.numpy().tobytes()) for image in batch["inputs"]]
                    for batch in islice(batches, limit)
                ]
    return found


def theirs_0x(dataset, loader, worlds, seed, epochs):
    from unittest import mock
    from zlib import crc32

    from mmcls.datasets import build_dataset, builder

    built = build_dataset(dataset)
    found = {}
    for world in worlds:
        for rank in range(world):
            with mock.patch.object(builder, "get_dist_info", return_value=(rank, world)):
                batches = builder.build_dataloader(
                    built, num_gpus=world, dist=True, seed=seed, persistent_workers=False, **loader
                )
            for epoch in range(epochs):
                batches.sampler.set_epoch(epoch)
                found[world, rank, epoch] = [
                    [crc32(image.numpy().tobytes()) for image in batch["img"]] for batch in batches
                ]
    return found


# -------------------------------------------------------------------- ours


def ours(config, stage, monkeypatch):
    found = {}
    words = {"model": {"type": "ImageClassifier", "backbone": {"type": "LeNet5"}}, **config}
    spec = translate_config(upgrade_config(Config(words)))
    for world in WORLDS:
        for rank in range(world):
            monkeypatch.setattr(PipelineDataModule, "_place", lambda _, at=(rank, world): at)
            data = PipelineDataModule(**instantiate(dict(spec.data)), seed=SEED)
            batches = getattr(data, f"{stage}_dataloader")()
            for epoch in range(3):
                batches.batch_sampler.sampler.set_epoch(epoch)
                found[world, rank, epoch] = [
                    [crc32(image.numpy().tobytes()) for image in batch["inputs"]]
                    for batch, _ in zip(batches, range(LIMIT), strict=False)
                ]
    return found


# -------------------------------------------------------------------- mmengine

SHUFFLED = {"type": "DefaultSampler", "shuffle": True}
IN_ORDER = {"type": "DefaultSampler", "shuffle": False}
NEW = {
    "shuffled": dict(batch_size=16, sampler=SHUFFLED),
    "drop_last": dict(batch_size=7, drop_last=True, sampler=SHUFFLED),
    "round_up=False": dict(batch_size=10, sampler={**SHUFFLED, "round_up": False}),
    "in order": dict(batch_size=16, sampler=IN_ORDER),
    "a seed of its own": dict(batch_size=16, sampler={**SHUFFLED, "seed": 5}),
    "RepeatAug": dict(batch_size=16, drop_last=True, sampler=dict(type="RepeatAugSampler")),
    "RepeatAug in order": dict(
        batch_size=9, sampler=dict(type="RepeatAugSampler", shuffle=False, num_repeats=2)
    ),
    "Sequential": dict(
        batch_size=16, sampler=dict(type="SequentialSampler", subsample_type="sequential")
    ),
    "Infinite": dict(batch_size=9, sampler=dict(type="InfiniteSampler")),
    "num_batch_per_epoch": dict(batch_size=8, num_batch_per_epoch=3, sampler=SHUFFLED),
}


def new_dataset(folder):
    pipeline = [dict(type="PackInputs", meta_keys=())]
    words = dict(split="test", test_mode=True)  # the original heeds the second alone
    return dict(type="FashionMNIST", data_root=folder, pipeline=pipeline, **words)


@pytest.mark.parametrize("case", NEW)
def test_batches_equal_those_of_mmengine(mmpretrain, folder, monkeypatch, case):
    loader = dict(num_workers=0, dataset=new_dataset(folder), **NEW[case])
    endless = case == "Infinite"
    theirs = mmpretrain(theirs_1x, loader, WORLDS, SEED, 1 if endless else 3, LIMIT)
    found = ours({"train_dataloader": loader}, "train", monkeypatch)
    assert {key: found[key] for key in theirs} == theirs
    assert sum(len(batch) for batch in theirs[2, 1, 0]) > 20


@pytest.mark.parametrize("case", ["in order", "shuffled", "Sequential", "num_batch_per_epoch"])
def test_evaluation_batches_equal_those_of_mmengine(mmpretrain, folder, monkeypatch, case):
    loader = dict(num_workers=0, dataset=new_dataset(folder), **NEW[case])
    theirs = mmpretrain(theirs_1x, loader, WORLDS, SEED, 3, LIMIT)
    found = ours({"val_dataloader": loader}, "val", monkeypatch)
    if case == "shuffled":  # ours shuffles the padded data, so that it knows what was padded
        theirs = {key: value for key, value in theirs.items() if key[0] == 1}
    assert {key: found[key] for key in theirs} == theirs


# -------------------------------------------------------------------- mmcls

OLD = {
    "shuffled": (dict(samples_per_gpu=16), None),
    "drop_last": (dict(samples_per_gpu=7, drop_last=True), None),
    "round_up=False": (dict(samples_per_gpu=10, round_up=False), None),
    "in order": (dict(samples_per_gpu=16, shuffle=False), None),
    "RepeatAug": (dict(samples_per_gpu=8), dict(type="RepeatAugSampler", selected_round=10)),
    "RepeatAug in order": (
        dict(samples_per_gpu=9, shuffle=False),
        dict(type="RepeatAugSampler", selected_round=0, num_repeats=2),
    ),
    "round_up beside a sampler": (
        dict(samples_per_gpu=16, round_up=False),
        dict(type="RepeatAugSampler", selected_round=0),
    ),
}


def old_dataset(folder):
    steps = [dict(type="ImageToTensor", keys=["img"]), dict(type="Collect", keys=["img"])]
    return dict(type="FashionMNIST", data_prefix=folder, test_mode=True, pipeline=steps)


def old_words(folder, loader, sampler):
    data = dict(workers_per_gpu=0, train=old_dataset(folder), val=old_dataset(folder), **loader)
    return {"data": data, "sampler": sampler} if sampler else {"data": data}


@pytest.mark.parametrize("case", OLD)
def test_batches_equal_those_of_mmcls(mmcls, folder, monkeypatch, case):
    loader, sampler = OLD[case]
    words = dict(workers_per_gpu=0, sampler_cfg=sampler, **loader)
    # RepeatAugSampler of one process draws from the global generator there
    worlds = WORLDS[1:] if sampler and loader.get("shuffle", True) else WORLDS
    theirs = mmcls(theirs_0x, old_dataset(folder), words, worlds, SEED, 3)
    found = ours(old_words(folder, loader, sampler), "train", monkeypatch)
    assert {key: found[key] for key in theirs} == theirs


def test_evaluation_batches_equal_those_of_mmcls(mmcls, folder, monkeypatch):
    words = dict(workers_per_gpu=0, samples_per_gpu=16, shuffle=False)
    theirs = mmcls(theirs_0x, old_dataset(folder), words, WORLDS, SEED, 3)
    loader = dict(samples_per_gpu=16, drop_last=True, shuffle=True)
    assert ours(old_words(folder, loader, None), "val", monkeypatch) == theirs


# ------------------------------------------------ one process of mmcls, without a launcher


def theirs_alone(seed, drawn, epochs):
    """Return the orders of a run that has drawn some numbers before it began to load."""
    import torch
    from mmcls.apis import set_random_seed
    from mmcls.datasets import builder

    set_random_seed(seed)
    torch.randn(drawn)  # start values of a network
    state = torch.get_rng_state()
    loader = builder.build_dataloader(
        range(101), 16, 0, dist=False, seed=seed, persistent_workers=False
    )
    loader.collate_fn = list
    orders = [[index for batch in loader for index in batch] for _ in range(epochs)]
    return orders, state


def test_order_of_mmcls_hangs_on_the_networks_start_values_when_not_distributed(mmcls):
    """Why ours is the order of a distributed run of one process, and not that one."""
    import torch

    orders, state = mmcls(theirs_alone, SEED, 1000, 3)
    generator = torch.Generator()
    generator.set_state(state)
    draw = partial(torch.empty((), dtype=torch.int64).random_, generator=generator)
    for order in orders:  # per epoch one number for workers and one for the order
        draw()
        epoch = torch.Generator().manual_seed(int(draw()))
        assert order == torch.randperm(101, generator=epoch).tolist()
    assert mmcls(theirs_alone, SEED, 1000, 3)[0] == orders
    assert mmcls(theirs_alone, SEED, 1016, 3)[0] != orders

import inspect
from pkgutil import resolve_name

import pytest

from mmlight.read.node import ConfigDict, Origin, to_nodes, to_plain
from mmlight.translate.data import TRANSFORM_TABLE
from mmlight.upgrade.transforms import TRANSFORMS, upgrade_transform

OLD = {"generation": "0.x"}
PAIRS = [
    (dict(type="LoadImageFromFile"), dict(type="LoadImageFromFile", **OLD)),
    (dict(type="Resize", size=32), dict(type="Resize", scale=32, **OLD)),
    (
        dict(type="Resize", size=(30, 40), adaptive_side="short", backend="pillow"),
        dict(type="Resize", scale=(40, 30), backend="pillow", **OLD),
    ),
    (dict(type="Resize", size=(256, -1)), dict(type="ResizeEdge", scale=256, edge="short", **OLD)),
    (
        dict(type="Resize", size=[256, -1], adaptive_side="long", interpolation="bicubic"),
        dict(type="ResizeEdge", scale=256, edge="long", interpolation="bicubic", **OLD),
    ),
    (dict(type="CenterCrop", crop_size=224), dict(type="CenterCrop", crop_size=224, **OLD)),
    (
        dict(
            type="CenterCrop", crop_size=(3, 4), efficientnet_style=False, interpolation="bicubic"
        ),
        dict(type="CenterCrop", crop_size=(4, 3), **OLD),
    ),
    (
        dict(type="CenterCrop", crop_size=224, efficientnet_style=True),
        dict(type="EfficientNetCenterCrop", crop_size=224, interpolation="bilinear"),
    ),
    (dict(type="mmcls.RandomCrop", size=(3, 4)), dict(type="RandomCrop", crop_size=(3, 4), **OLD)),
    (
        dict(type="RandomResizedCrop", size=(3, 4), scale=(0.1, 1.0), ratio=(1.0, 2.0)),
        dict(
            type="RandomResizedCrop",
            scale=(3, 4),
            crop_ratio_range=(0.1, 1.0),
            aspect_ratio_range=(1.0, 2.0),
            **OLD,
        ),
    ),
    (
        dict(type="RandomResizedCrop", size=3, efficientnet_style=True, min_covered=0.2),
        dict(
            type="EfficientNetRandomCrop", scale=3, min_covered=0.2, interpolation="bilinear", **OLD
        ),
    ),
    (dict(type="RandomFlip"), dict(type="RandomFlip", prob=0.5, **OLD)),
    (
        dict(type="RandomFlip", flip_prob=0.1, direction="vertical"),
        dict(type="RandomFlip", prob=0.1, direction="vertical", **OLD),
    ),
    (dict(type="RandomErasing", mode="rand"), dict(type="RandomErasing", mode="rand")),
    (
        dict(type="RandomGrayscale", gray_prob=0.2),
        dict(type="RandomGrayscale", prob=0.2, keep_channels=True, **OLD),
    ),
    (dict(type="Pad", size=(3, 4), pad_val=5), dict(type="Pad", size=(4, 3), pad_val=5, **OLD)),
    (
        dict(type="ColorJitter", brightness=0.4, contrast=0.4, saturation=0.4),
        dict(type="ColorJitter", brightness=0.4, contrast=0.4, saturation=0.4, **OLD),
    ),
    (
        dict(type="Lighting", eigval=[1.0], eigvec=[[1.0]] * 3),
        dict(type="Lighting", eigval=[1.0], eigvec=[[1.0]] * 3, to_rgb=True, **OLD),
    ),
    (dict(type="AutoAugment", policies=[[]]), dict(type="AutoAugment", policies=[[]], **OLD)),
    (
        dict(type="RandAugment", policies=[], num_policies=2, magnitude_level=9),
        dict(
            type="RandAugment",
            policies=[],
            num_policies=2,
            magnitude_level=9,
            total_level=30,
            **OLD,
        ),
    ),
    (
        dict(
            type="AutoAugment",
            policies=[[dict(type="Rotate", angle=3.0), dict(type="RandomFlip", flip_prob=1.0)]],
        ),
        dict(
            type="AutoAugment",
            policies=[[dict(type="Rotate", angle=3.0), dict(type="RandomFlip", prob=1.0, **OLD)]],
            **OLD,
        ),
    ),
    (
        dict(type="Albu", transforms=[], update_pad_shape=True),
        dict(type="Albu", transforms=[], update_pad_shape=True, **OLD),
    ),
    (dict(type="ToNumpy"), dict(type="ToNumpy", dtype="float32")),
    (dict(type="Rotate", angle=3.0), dict(type="Rotate", angle=3.0, pad_val=(128,) * 3)),
    (
        dict(type="Compose", transforms=[dict(type="RandomFlip")]),
        dict(type="Compose", transforms=[dict(type="RandomFlip", prob=0.5, **OLD)]),
    ),
]


@pytest.mark.parametrize(("old", "new"), PAIRS, ids=lambda step: step["type"])
def test_upgrade_gives_new_words_when_type_is_known(old, new):
    before = to_nodes(old)
    assert to_plain(upgrade_transform(before)) == new
    assert to_plain(before) == old


@pytest.mark.parametrize("old", [old for old, _ in PAIRS], ids=lambda step: step["type"])
def test_upgrade_gives_arguments_of_the_class_when_done(old):
    step = to_plain(upgrade_transform(to_nodes(old)))
    target = TRANSFORM_TABLE.rows[step.pop("type")].target
    assert set(step) <= set(inspect.signature(resolve_name(target)).parameters)


def test_every_row_is_tried_when_listed():
    assert {row.old for row in TRANSFORMS} <= {
        old["type"].removeprefix("mmcls.") for old, _ in PAIRS
    }


@pytest.mark.parametrize("step", [dict(type="Mine", size=3), dict(type=dict, size=3), dict(size=3)])
def test_upgrade_leaves_step_when_type_is_the_users(step):
    assert to_plain(upgrade_transform(to_nodes(step))) == step


def test_inner_steps_are_upgraded_when_composed():
    inner = (dict(type="Resize", size=8), len)
    step = to_nodes(dict(type="Compose", transforms=inner))
    assert upgrade_transform(step)["transforms"] == [dict(type="Resize", scale=8, **OLD), len]


def test_upgrade_keeps_unknown_arguments_when_type_is_known():
    assert upgrade_transform(ConfigDict(type="RandomFlip", flip_probe=1))["flip_probe"] == 1


def test_upgrade_keeps_origins_when_renamed():
    step = to_nodes(dict(type="Resize", size=(256, -1)), Origin("a.py", 7))
    assert str(upgrade_transform(step).origin_of("scale")) == "a.py:7"

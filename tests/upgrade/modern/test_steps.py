import pytest

from mmlight.data.presets import AUTO_AUGMENT_PRESETS, RAND_AUGMENT_PRESETS
from mmlight.read.config import Config
from mmlight.read.node import to_plain
from mmlight.upgrade.modern.modernize import modernize

NORM = dict(type="Normalize", mean=[1.0, 2.0, 3.0], std=[4.0] * 3, to_rgb=True)
PACK = dict(type="Collect", keys=["img", "gt_label"])
IMAGES = dict(type="ImageNet", data_prefix="data/imagenet/train")


def upgrade(train=IMAGES, steps=(NORM,), val=None, val_steps=None, **words):
    def dataset(given, transforms):
        return dict(**given, pipeline=[*transforms, PACK])

    data = dict(samples_per_gpu=8, workers_per_gpu=2, train=dataset(train, steps))
    if val is not None:
        data["val"] = data["test"] = dataset(val, val_steps or steps)
    data.update(words.pop("data", {}))
    config = modernize(Config({"data": data, "runner": {"max_epochs": 1}, **words}))
    notes = [note.text for note in config.notes if note.path.startswith("train_")]
    return to_plain(config.values), notes


def test_notes_tell_of_draws_once_when_generations_differ():
    flip = dict(type="RandomFlip", flip_prob=0.5)
    crop = dict(type="RandomResizedCrop", size=8)
    new, notes = upgrade(steps=[crop, flip, dict(type="ColorJitter"), NORM], val=IMAGES)
    assert [step["type"] for step in new["train_pipeline"]] == [
        *("RandomResizedCrop", "RandomFlip", "ColorJitter", "PackInputs")
    ]
    assert not any("generation" in step for step in new["train_pipeline"])
    assert notes[1:] == [
        "the amounts are drawn from one range around 1, and with Pillow by default.",
        (
            "Another generator draws for RandomResizedCrop, RandomFlip: the same distributions, "
            "other numbers."
        ),
    ]


@pytest.mark.parametrize(
    ("name", "policies"),
    [
        ("AutoAugment", AUTO_AUGMENT_PRESETS["imagenet"]),
        ("RandAugment", RAND_AUGMENT_PRESETS["timm_increasing"]),
    ],
)
def test_policies_have_a_name_when_published(name, policies):
    new, _ = upgrade(steps=[dict(type=name, policies=policies), NORM])
    assert new["train_pipeline"][0]["policies"] in ("imagenet", "timm_increasing")
    new, _ = upgrade(steps=[dict(type=name, policies=policies[1:]), NORM])
    assert new["train_pipeline"][0]["policies"] == policies[1:]


def test_lighting_keeps_the_channels_when_it_turned_them():
    light = dict(type="Lighting", eigval=[1, 2, 3], eigvec=[[1], [2], [3]], to_rgb=True)
    bgr = {**NORM, "to_rgb": False}
    new, _ = upgrade(steps=[light, NORM], val=IMAGES, val_steps=[bgr])
    assert new["train_pipeline"][0]["eigvec"] == [[3], [2], [1]]
    assert "to_rgb" not in new["train_pipeline"][0]
    assert new["data_preprocessor"]["to_rgb"] is False
    assert [step["type"] for step in new["test_pipeline"]] == ["PackInputs"]

"""A batch is shown as the network sees it, in its right colors, with mixed labels."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmlight.errors import ConfigError
from mmlight.run import try_read_spec
from mmlight.stage_data import build_stage
from mmlight.visualize.batch import build_batch_parts, make_blocks
from mmlight.visualize.sample import read_samples
from mmlight.visualize.sheet import Block
from mmlight.visualize.trace import Trace
from tests.runs import write_config

TEXT = """
model = dict(type='ImageClassifier', backbone=dict(type='Unknown'))
data_preprocessor = dict(
    num_classes=2, mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)
steps = [
    dict(type='LoadImageFromFile'),
    dict(type='CenterCrop', crop_size=96),
    dict(type='PackInputs')]
data = dict(type='CustomDataset', data_prefix={folder!r}, pipeline=steps)
train_dataloader = dict(batch_size=4, dataset=data)
val_dataloader = dict(batch_size=4, dataset=data)
"""
SWAP = 1  # with it torch.randperm(2) is [1, 0]
MIXUP = "data_preprocessor['batch_augments'] = dict(augments=dict(type='Mixup', alpha=50.))\n"
CUTMIX = "data_preprocessor['batch_augments'] = dict(augments=dict(type='CutMix', alpha=50.))\n"
IN_PIPELINE = """
data_preprocessor.update(mean=None, std=None, to_rgb=False)
steps.insert(2, dict(
    type='Normalize', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]))
"""


def show(
    photos: Path, text: str = "", stage: str = "train", indices: tuple[int, ...] = (0, 2)
) -> list[Block]:
    file = write_config(photos.parent, TEXT.format(folder=str(photos)) + text)
    translation = try_read_spec(file)
    data = build_stage(translation, stage)
    samples = list(read_samples(data, Trace(data.dataset), indices, seed=3))
    return make_blocks(data, samples, build_batch_parts(translation), seed=SWAP)


def images(block: Block) -> list[np.ndarray]:
    return [cell.images[0].astype(int) for cell in block.cells]


@pytest.mark.parametrize("text", ["", IN_PIPELINE])
def test_shows_the_crop_of_the_photo(text: str, photos: Path, hopper: np.ndarray) -> None:
    (block,) = show(photos, text)
    assert block.title == "as the network sees it"
    assert [list(cell.texts) for cell in block.cells] == [["cat"], ["dog"]]
    assert abs(images(block)[0] - hopper[252:348, 208:304]).max() <= 1


def test_mixes_images_and_labels_alike(photos: Path) -> None:
    before, after = show(photos, MIXUP)
    assert (before.title, after.title) == ("before batch augments", "after Mixup")
    texts = [dict(text.split(" ") for text in cell.texts) for cell in after.cells]
    share = float(texts[0]["cat"])
    assert 0.3 < share < 0.7
    assert texts[1]["cat"] == texts[0]["dog"]
    cat, dog = images(before)
    assert abs(images(after)[0] - (share * cat + (1 - share) * dog)).max() <= 3


def test_pastes_boxes(photos: Path) -> None:
    before, after = show(photos, CUTMIX)
    cat, dog = images(before)
    pasted = (abs(images(after)[0] - dog) <= 1).all(axis=2) & (abs(cat - dog) > 1).any(axis=2)
    kept = (abs(images(after)[0] - cat) <= 1).all(axis=2)
    assert (pasted | kept).all()
    share = float(dict(text.split(" ") for text in after.cells[0].texts)["dog"])
    assert abs(pasted.mean() - share) < 0.05


def test_augments_only_training(photos: Path) -> None:
    assert len(show(photos, MIXUP, "val")) == 1


def test_pads_images_of_different_size(photos: Path) -> None:
    (block,) = show(photos, "del steps[1]\n")
    assert [image.shape for image in images(block)] == [(600, 512, 3)] * 2


def test_problems_of_its_parts_are_told(photos: Path) -> None:
    with pytest.raises(ConfigError, match="'Mixupp'"):
        show(photos, MIXUP.replace("Mixup", "Mixupp"))
    with pytest.raises(ConfigError, match="'men'"):
        show(photos, "data_preprocessor['men'] = 1\n")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ("steps.pop()\n", "the samples of train have no 'inputs'"),
        (
            "steps.insert(2, dict(type='MultiView', transforms=[[]], num_views=[2]))\n",
            "the samples of train have several views",
        ),
    ],
)
def test_tells_what_is_no_batch(change: str, text: str, photos: Path) -> None:
    with pytest.raises(ConfigError, match=text):
        show(photos, change)


def test_a_model_may_have_neither(photos: Path) -> None:
    parts: Any = build_batch_parts(
        try_read_spec(write_config(photos.parent, "model = dict(type='ImageClassifier')"))
    )
    assert parts == {"preprocessor": None, "batch_augments": None}

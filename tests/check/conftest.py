from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmlight.check.check import check_config
from mmlight.check.findings import Findings
from mmlight.errors import MMLightError
from tests.runs import FASHION, write_config, write_image_folder

TEXT = f"""
model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='ResNet',
        depth=18,
        in_channels=1,
        out_indices=(3, )),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        num_classes=10,
        in_channels=512,
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0),
        cal_acc=False,
        topk=(1, 5)))
data_preprocessor = dict(
    mean=[72.94],
    std=[90.02],
    num_classes=10,
    batch_augments=None)
train_pipeline = [
    dict(type='Resize', scale=32),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackInputs')]
test_pipeline = [dict(type='Resize', scale=32), dict(type='PackInputs')]
train_dataloader = dict(
    batch_size=64,
    num_workers=0,
    drop_last=False,
    dataset=dict(
        type='FashionMNIST',
        data_root={str(FASHION)!r},  # train
        split='train',
        pipeline=train_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=True))
val_dataloader = dict(
    batch_size=64,
    num_workers=0,
    dataset=dict(
        type='FashionMNIST',
        data_root={str(FASHION)!r},  # val
        split='test',
        pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False))
val_evaluator = dict(
    type='Accuracy',
    topk=(1, 5))
test_dataloader = val_dataloader
test_evaluator = val_evaluator
optim_wrapper = dict(
    optimizer=dict(
        type='SGD',
        lr=0.02,
        momentum=0.9))
param_scheduler = dict(
    type='MultiStepLR',
    by_epoch=True,
    begin=0,
    end=9,
    milestones=[2, 5],
    gamma=0.1)
train_cfg = dict(
    by_epoch=True,
    max_epochs=9,
    val_interval=1)
val_cfg = dict()
test_cfg = dict()
default_hooks = dict(
    logger=dict(type='LoggerHook', interval=1),
    checkpoint=dict(
        type='CheckpointHook',
        interval=1,
        save_best='auto'))
custom_hooks = []
load_from = None
randomness = dict(seed=7)
"""
"""A sound config on the real Fashion-MNIST subset."""

Changes = dict[str, str]


def write_changed(folder: Path, changes: Changes, text: str = TEXT) -> tuple[Path, list[str]]:
    """Write the config with texts replaced; each must occur once."""
    for old, new in changes.items():
        assert text.count(old) == 1, (text.count(old), old)
        text = text.replace(old, new)
    return write_config(folder, text), text.splitlines()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Write folders `train` and `val` with two images of each of ten classes."""
    for split in ("train", "val"):
        write_image_folder(tmp_path / split, per_class=2, size_px=40, split=split)
    return tmp_path


def photos_text(folder: Path) -> str:
    """Return the config on image files, of three channels."""
    text = TEXT
    for stage, split in (("train", "train"), ("val", "test")):
        text = text.replace(
            f"type='FashionMNIST',\n        data_root={str(FASHION)!r},  # {stage}\n"
            f"        split={split!r},",
            f"type='CustomDataset',\n        data_root={str(folder)!r},  # {stage}\n"
            f"        data_prefix={stage!r},",
        )
    text = text.replace("pipeline = [", "pipeline = [\n    dict(type='LoadImageFromFile'),\n    ")
    text = text.replace("scale=32", "scale=(32, 32)").replace("in_channels=1,", "in_channels=3,")
    return text.replace("[72.94]", "[72.94] * 3").replace("[90.02]", "[90.02] * 3")


def _no_probe(url: str) -> None:
    raise AssertionError(f"{url} was asked for")


@pytest.fixture
def examine(tmp_path: Path) -> Callable[..., Findings]:
    """Check the config with some texts replaced by others."""

    def run(changes: Changes, text: str = TEXT, **options: Any) -> Findings:
        path, _ = write_changed(tmp_path, changes, text)
        return check_config(path, **{"probe": _no_probe, **options})

    return run


@pytest.fixture
def only(tmp_path: Path, examine: Callable[..., Findings]) -> Callable[..., MMLightError]:
    """Check a config with exactly one problem; return it, with its origin as the text of a line."""

    def run(changes: Changes, text: str = TEXT, **options: Any) -> MMLightError:
        found = examine(changes, text, **options)
        assert len(found.errors) == 1, str(found)
        (error,) = found.errors
        _, lines = write_changed(tmp_path, changes, text)
        file, _, number = error.origin.rpartition(":")
        if file == str(tmp_path / "config.py"):
            error.origin = lines[int(number) - 1].strip()
        return error

    return run

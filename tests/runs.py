"""Small configs and commands that several tests run."""

import gzip
import json
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback

from mmlight.spec import Spec

ROOT = Path(__file__).parents[1]
FASHION = ROOT / "datasets" / "fashion-mnist-mini"

LENET_OLD = f"""
model = dict(
    type='ImageClassifier',
    backbone=dict(type='LeNet5', num_classes=10),
    neck=None,
    head=dict(type='ClsHead', loss=dict(type='CrossEntropyLoss', loss_weight=1.0)))
img_norm_cfg = dict(mean=[72.94], std=[90.02], to_rgb=False)
train_pipeline = [
    dict(type='Resize', size=32),
    dict(type='RandomCrop', size=32, padding=4),
    dict(type='RandomFlip', flip_prob=0.5, direction='horizontal'),
    dict(type='Normalize', **img_norm_cfg),
    dict(type='ImageToTensor', keys=['img']),
    dict(type='ToTensor', keys=['gt_label']),
    dict(type='Collect', keys=['img', 'gt_label']),
]
test_pipeline = [
    dict(type='Resize', size=32),
    dict(type='Normalize', **img_norm_cfg),
    dict(type='ImageToTensor', keys=['img']),
    dict(type='Collect', keys=['img']),
]
data = dict(
    samples_per_gpu=64,
    workers_per_gpu=0,
    train=dict(type='FashionMNIST', data_prefix={str(FASHION)!r}, pipeline=train_pipeline),
    val=dict(type='FashionMNIST', data_prefix={str(FASHION)!r}, pipeline=test_pipeline),
    test=dict(type='FashionMNIST', data_prefix={str(FASHION)!r}, pipeline=test_pipeline))
evaluation = dict(interval=1, metric='accuracy', metric_options=dict(topk=(1, )))
optimizer = dict(type='SGD', lr=0.02, momentum=0.9, weight_decay=0.0001)
optimizer_config = dict(grad_clip=None)
lr_config = dict(policy='step', step=[2], warmup='linear', warmup_iters=20, warmup_ratio=0.1)
runner = dict(type='EpochBasedRunner', max_epochs=3)
checkpoint_config = dict(interval=1)
log_config = dict(interval=1, hooks=[dict(type='TextLoggerHook')])
dist_params = dict(backend='nccl')
log_level = 'INFO'
load_from = None
resume_from = None
workflow = [('train', 1)]
seed = 7
"""

LENET_NEW = f"""
default_scope = 'mmpretrain'
model = dict(
    type='ImageClassifier',
    backbone=dict(type='LeNet5', num_classes=10),
    neck=None,
    head=dict(type='ClsHead', loss=dict(type='CrossEntropyLoss', loss_weight=1.0)))
data_preprocessor = dict(mean=[72.94], std=[90.02], num_classes=10)
pipeline = [dict(type='Resize', scale=32), dict(type='PackInputs')]
train_dataloader = dict(
    batch_size=64,
    num_workers=0,
    dataset=dict(
        type='FashionMNIST', data_root={str(FASHION)!r}, split='train', pipeline=pipeline),
    sampler=dict(type='DefaultSampler', shuffle=True))
val_dataloader = dict(
    batch_size=64,
    num_workers=0,
    dataset=dict(type='FashionMNIST', data_root={str(FASHION)!r}, split='test', pipeline=pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False))
val_evaluator = dict(type='Accuracy', topk=(1, ))
test_dataloader = val_dataloader
test_evaluator = val_evaluator
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.02, momentum=0.9, weight_decay=0.0001))
param_scheduler = dict(type='MultiStepLR', by_epoch=True, milestones=[2], gamma=0.1)
train_cfg = dict(by_epoch=True, max_epochs=3, val_interval=1)
val_cfg = dict()
test_cfg = dict()
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=1),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='CheckpointHook', interval=1),
    sampler_seed=dict(type='DistSamplerSeedHook'))
randomness = dict(seed=7)
"""


def write_config(folder: Path, text: str, name: str = "config.py") -> Path:
    """Write a config file."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def command(*words: object) -> list[str]:
    """Return the command line of `mmlight WORDS...`, on the CPU."""
    return [sys.executable, "-m", "mmlight", *map(str, words)]


def environment() -> dict[str, str]:
    """Return an environment in which a tiny net trains quickly."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}


def run(*words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run `mmlight WORDS...` to its end."""
    return subprocess.run(
        command(*words),
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def write_image_folder(folder: Path, *, per_class: int, size_px: int, split: str = "train") -> Path:
    """Write Fashion-MNIST images as PNG files, one sub-folder per class (`0` to `9`)."""
    prefix = "train" if split == "train" else "t10k"
    images = np.frombuffer(_unzip(f"{prefix}-images-idx3-ubyte.gz"), np.uint8, offset=16)
    labels = np.frombuffer(_unzip(f"{prefix}-labels-idx1-ubyte.gz"), np.uint8, offset=8)
    images = images.reshape(-1, 28, 28)
    for label in range(10):
        (folder / str(label)).mkdir(parents=True, exist_ok=True)
        for number, image in enumerate(images[labels == label][:per_class]):
            large = cv2.resize(image, (size_px, size_px), interpolation=cv2.INTER_CUBIC)
            cv2.imwrite(str(folder / str(label) / f"{number:04}.png"), large)
    return folder


def write_fashion_files(folder: Path) -> Path:
    """Write the Fashion-MNIST files without compression, as the originals want them."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in FASHION.glob("*.gz"):
        (folder / path.stem).write_bytes(_unzip(path.name))
    return folder


def _unzip(name: str) -> bytes:
    with gzip.open(FASHION / name) as file:
        return file.read()


class LossRecorder(Callback):
    """Seeds everything when training starts and writes the loss of each batch to a JSON file."""

    def __init__(self, file: str, seed: int) -> None:
        self.file = file
        self.seed = seed
        self.losses: list[float] = []

    def on_train_start(self, *_: Any) -> None:
        random.seed(self.seed)
        np.random.seed(self.seed)
        torch.manual_seed(self.seed)

    def on_train_batch_end(self, trainer: Any, module: Any, outputs: Any, *_: Any) -> None:
        self.losses.append(outputs["loss"].item())

    def on_train_end(self, *_: Any) -> None:
        Path(self.file).write_text(json.dumps(self.losses))


SHORT = (
    *("--trainer.limit_train_batches", "2", "--trainer.limit_val_batches", "2"),
    *("--trainer.max_epochs", "1", "--trainer.accelerator", "cpu"),
)
"""Flags that make a run a matter of a second."""


def shorten(spec: Spec, **trainer: Any) -> Spec:
    """Return the Spec of a run of two batches, more or less."""
    limits = {"limit_train_batches": 2, "limit_val_batches": 2, "max_epochs": 1}
    return replace(spec, trainer={**spec.trainer, **limits, "accelerator": "cpu", **trainer})


def weights_of(path: Path) -> dict[str, torch.Tensor]:
    """Return the state dict of a checkpoint of ours."""
    state: dict[str, torch.Tensor] = torch.load(path, weights_only=True)["state_dict"]
    return state


def assert_same_weights(ours: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor]) -> None:
    """Compare two state dicts bit for bit."""
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        assert torch.equal(ours[name], value), name


class Trajectory(Callback):
    """Seeds everything when training starts, and keeps each loss and each validation's metrics."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.losses: list[float] = []
        self.metrics: list[dict[str, float]] = []

    def _seed_all(self) -> None:
        random.seed(self.seed)
        np.random.seed(self.seed)
        torch.manual_seed(self.seed)

    def on_train_start(self, *_: Any) -> None:
        self._seed_all()

    def on_train_batch_start(self, trainer: Any, *_: Any) -> None:
        if trainer.fit_loop.total_batch_idx == 0:
            self._seed_all()

    def on_train_batch_end(self, trainer: Any, module: Any, outputs: Any, *_: Any) -> None:
        self.losses.append(outputs["loss"].item())

    def after_val_epoch(self, trainer: Any, *_: Any) -> None:
        values = trainer.callback_metrics.items()
        self.metrics.append({name: float(value) for name, value in values})


class LossByBatch(Callback):
    """Keeps the loss of each batch by its number in the run, from 1."""

    def __init__(self) -> None:
        self.losses: dict[int, float] = {}

    def on_train_batch_end(self, trainer: Any, module: Any, outputs: Any, *_: Any) -> None:
        self.losses[trainer.fit_loop.total_batch_idx + 1] = outputs["loss"].item()

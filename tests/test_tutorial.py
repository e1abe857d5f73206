"""The fine-tuning tutorial of MMClassification 0.x, as a user has it, on this project's bases."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

import mmlight
from mmlight.cli import main
from tests.runs import ROOT, SHORT, weights_of

TUTORIAL = """
_base_ = [
    '../_base_/models/resnet50.py',
    '../_base_/datasets/cifar10_bs16.py', '../_base_/default_runtime.py'
]
model = dict(
    backbone=dict(
        frozen_stages=2,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='resnet50.pth',
            prefix='backbone',
        )),
    head=dict(num_classes=10),
)
img_norm_cfg = dict(
    mean=[125.307, 122.961, 113.8575],
    std=[51.5865, 50.847, 51.255],
    to_rgb=False,
)
train_pipeline = [
    dict(type='RandomCrop', size=32, padding=4),
    dict(type='RandomFlip', flip_prob=0.5, direction='horizontal'),
    dict(type='Resize', size=224),
    dict(type='Normalize', **img_norm_cfg),
    dict(type='ImageToTensor', keys=['img']),
    dict(type='ToTensor', keys=['gt_label']),
    dict(type='Collect', keys=['img', 'gt_label']),
]
test_pipeline = [
    dict(type='Resize', size=224),
    dict(type='Normalize', **img_norm_cfg),
    dict(type='ImageToTensor', keys=['img']),
    dict(type='Collect', keys=['img']),
]
data = dict(
    train=dict(pipeline=train_pipeline),
    val=dict(pipeline=test_pipeline),
    test=dict(pipeline=test_pipeline),
)
# lr is set for a batch size of 128
optimizer = dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=0.0001)
optimizer_config = dict(grad_clip=None)
# learning policy
lr_config = dict(policy='step', step=[15])
runner = dict(type='EpochBasedRunner', max_epochs=200)
log_config = dict(interval=100)
"""
IMAGES = 40


def _write_cifar(folder: Path) -> None:
    """Write small CIFAR-10 files: five training batches and one test batch."""
    folder.mkdir(parents=True)
    draw = np.random.default_rng(0)
    for name in [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]:
        content = {
            "data": draw.integers(0, 256, (IMAGES // 5, 3072), dtype=np.uint8),
            "labels": draw.integers(0, 10, IMAGES // 5).tolist(),
        }
        (folder / name).write_bytes(pickle.dumps(content))


def _write_checkpoint(path: Path) -> dict[str, torch.Tensor]:
    """Write random weights of an ImageNet ResNet-50 under the names of mm."""
    parts = mmlight.build_parts(
        mmlight.Config(
            {
                "model": {
                    "type": "ImageClassifier",
                    "backbone": {"type": "ResNet", "depth": 50},
                    "neck": {"type": "GlobalAveragePooling"},
                    "head": {"type": "LinearClsHead", "num_classes": 1000, "in_channels": 2048},
                }
            }
        )
    )
    draw = torch.Generator().manual_seed(1)
    for name, value in parts.model.state_dict().items():
        if name.endswith(("running_var", "bn1.weight")):
            value.copy_(torch.rand(value.shape, generator=draw) + 0.5)
        elif name.endswith(("running_mean", "bias")):
            value.copy_(torch.randn(value.shape, generator=draw) / 10)
    state = parts.model.name_map().state_dict_to_mm(parts.model.state_dict()).state
    torch.save({"meta": {"epoch": 100}, "state_dict": state}, path)
    return state


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, dict]:
    """The weights of the file under mm names, and those after two iterations of the tutorial."""
    folder = tmp_path_factory.mktemp("tutorial")
    configs = folder / "configs"
    (configs / "resnet").mkdir(parents=True)
    (configs / "_base_").symlink_to(ROOT / "configs" / "_base_")
    _write_cifar(folder / "data" / "cifar10" / "cifar-10-batches-py")
    given = _write_checkpoint(folder / "resnet50.pth")
    config = configs / "resnet" / "resnet50_8xb32_cifar10.py"
    config.write_text(TUTORIAL)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        workers = ("--cfg-options", "data.workers_per_gpu=0", "data.samples_per_gpu=4")
        words = ["--config", str(config), *workers, "--work-dir", "work", *SHORT]
        assert main(["fit", *words, "--trainer.limit_val_batches", "1"]) == 0
    model = mmlight.init_model(checkpoint=folder / "work" / "epoch_1.ckpt")
    assert_layout(model)
    found = weights_of(folder / "work" / "epoch_1.ckpt")
    return given, model.name_map().state_dict_to_mm(found).state


def assert_layout(model: mmlight.ImageClassifier) -> None:
    assert model.num_classes == 10
    assert model.classes[:2] == ("airplane", "automobile")


FROZEN = ("backbone.conv1.", "backbone.bn1.", "backbone.layer1.", "backbone.layer2.")


@pytest.mark.slow
def test_keeps_frozen_stages_bit_for_bit(tuned: tuple[dict, dict]) -> None:
    given, found = tuned
    names = [name for name in given if name.startswith(FROZEN)]
    assert len(names) == 144  # 6 of the stem, 60 and 78 of the stages
    for name in names:
        assert torch.equal(found[name], given[name]), name


@pytest.mark.slow
def test_trains_what_is_not_frozen_from_the_weights_of_the_file(tuned: tuple[dict, dict]) -> None:
    given, found = tuned
    names = [n for n in given if n.startswith(("backbone.layer3.", "backbone.layer4."))]
    assert names
    for name in names:
        change = (found[name].float() - given[name].float()).abs().mean()
        size = given[name].float().abs().mean()
        assert change > 0, name
        if "running" not in name and "num_batches" not in name and size > 0.01:
            assert change < 0.5 * size, name  # two small steps away, not drawn anew


@pytest.mark.slow
def test_makes_a_new_head_for_ten_classes(tuned: tuple[dict, dict]) -> None:
    given, found = tuned
    assert given["head.fc.weight"].shape == (1000, 2048)
    assert found["head.fc.weight"].shape == (10, 2048)


@pytest.mark.slow
def test_says_what_the_file_filled(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    state = _write_checkpoint(tmp_path / "resnet50.pth")
    model = {
        "type": "ImageClassifier",
        "backbone": {
            "type": "ResNet",
            "depth": 50,
            "init_cfg": {
                "type": "Pretrained",
                "checkpoint": str(tmp_path / "resnet50.pth"),
                "prefix": "backbone",
            },
        },
        "head": {"type": "LinearClsHead", "num_classes": 10, "in_channels": 2048},
    }
    caplog.set_level("INFO", logger="mmlight")
    parts = mmlight.build_parts(mmlight.Config({"model": model}))
    parts.model.init_weights()
    backbone = [name for name in state if name.startswith("backbone.")]
    assert f"resnet50.pth: {len(backbone)} tensors loaded" in caplog.text
    assert "missing" not in caplog.text
    assert "unexpected" not in caplog.text

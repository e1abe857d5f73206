from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from mmlight.check import batches
from mmlight.check.findings import Findings
from mmlight.errors import MMLightError
from tests.check.conftest import photos_text
from tests.runs import FASHION

Only = Callable[..., MMLightError]
Examine = Callable[..., Findings]
LOADER = "batch_size=64,\n    num_workers=0,\n    drop_last=False"


def test_finds_nothing_when_the_data_are_sound(examine: Examine, photos: Path) -> None:
    found = examine({}, photos_text(photos), data=True)
    assert found.errors == [], str(found)


def test_reads_no_data_unless_asked(examine: Examine, photos: Path) -> None:
    (photos / "train" / "0" / "0000.png").write_bytes(b"no image")
    assert examine({}, photos_text(photos)).errors == []


def test_names_an_image_that_cannot_be_read(only: Only, photos: Path) -> None:
    file = photos / "train" / "0" / "0000.png"
    file.write_bytes(b"no image")
    error = only({}, photos_text(photos), data=True)
    assert error.path == str(file)
    assert error.problem == "the file holds no image that can be decoded"
    assert error.origin == "type='CustomDataset',"


def test_tells_when_no_batch_can_be_filled(only: Only, photos: Path) -> None:
    changes = {LOADER: LOADER.replace("False", "True")}
    error = only(changes, photos_text(photos), data=True)
    assert error.path == "train_dataloader.batch_size"
    assert error.problem.startswith("20 samples do not fill a batch of 64, and drop_last")
    assert error.expected == "a batch_size of at most 20"


def test_tells_a_label_beyond_the_classes(only: Only, photos: Path) -> None:
    (photos / "list.txt").write_text("0/0000.png 0\n1/0000.png 12\n")
    changes = {"data_prefix='train',": "data_prefix='train', ann_file='list.txt',"}
    error = only(changes, photos_text(photos), data=True)
    assert error.problem == (
        f"{photos}/train/1/0000.png has label 12, the model tells 10 classes apart"
    )


def test_tells_when_the_dataset_is_empty(only: Only, photos: Path) -> None:
    (photos / "list.txt").write_text("\n")
    changes = {"data_prefix='train',": "data_prefix='train', ann_file='list.txt',"}
    error = only(changes, photos_text(photos), data=True)
    assert (error.path, error.problem) == (f"{photos}/list.txt", "the dataset is empty")


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("list", "the dataset is empty"),
        ("object", "the dataset has no length, it is <object object at"),
    ],
)
def test_tells_when_a_dataset_of_the_user_has_no_samples(
    examine: Examine, kind: str, problem: str
) -> None:
    data = "type='FashionMNIST',\n        data_root={!r},  # train\n        split='train',"
    changes = {data.format(str(FASHION)): f"type='builtins.{kind}',"}
    found = examine({**changes, "pipeline=train_pipeline": ""}, data=True)
    (error,) = found.errors
    assert error.path == "train_dataloader.dataset"
    assert error.problem.startswith(problem)


def test_notes_class_folders_without_images(examine: Examine, photos: Path) -> None:
    for file in (photos / "train" / "4").iterdir():
        file.unlink()
    found = examine({}, photos_text(photos), data=True)
    assert found.errors == []
    assert "1 of 10 classes have no sample: 4." in str(found)


def test_tells_values_that_are_not_finite(examine: Examine) -> None:
    found = examine({"std=[90.02]": "std=[0.0]"}, data=True)
    problems = {error.path: error.problem for error in found.errors}
    values = "the model makes values that are not finite of the first batch"
    assert problems == {"train_dataloader": values, "val_dataloader": values}


def test_tells_when_the_model_cannot_compute_a_batch(only: Only, photos: Path) -> None:
    """Images that stay as small as they are, which a blank image is not."""
    for file in (photos / "val").rglob("*.png"):
        cv2.imwrite(str(file), np.zeros((4, 4, 3), np.uint8))
    backbone = (
        "type='ResNet',\n        depth=18,\n        in_channels=3,\n        out_indices=(3, )"
    )
    convs = f"type='{__name__}.Small'"
    text = photos_text(photos)
    test_pipeline = "dict(type='Resize', scale=(32, 32)), dict(type='PackInputs')]"
    error = only({backbone: convs, test_pipeline: "dict(type='PackInputs')]"}, text, data=True)
    assert error.path == "model"
    assert error.problem.startswith("ImageClassifier cannot compute a batch of val: RuntimeError: ")
    assert "Kernel size: (7 x 7)" in error.problem


class Small(nn.Module):
    """A backbone that wants 7 pixels at least."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 512, 7)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor]:
        return (self.conv(x),)


@pytest.mark.parametrize("limit", [batches.SMALL, 0])
def test_runs_a_batch_of_each_stage_once(
    examine: Examine, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    """The data of test are those of val; a large network stays without values."""
    seen = []
    real = batches._run

    def run(model: Any, stage: str, batch: Any, metrics: Any, *rest: Any) -> None:
        device = next(model.parameters()).device.type
        seen.append((stage, device, tuple(batch["inputs"].shape), len(metrics)))
        real(model, stage, batch, metrics, *rest)

    monkeypatch.setattr(batches, "_run", run)
    monkeypatch.setattr(batches, "SMALL", limit)
    assert examine({}, data=True).errors == []
    device = "cpu" if limit else "meta"
    assert seen == [("train", device, (2, 1, 32, 32), 0), ("val", device, (2, 1, 32, 32), 1)]

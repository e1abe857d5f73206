"""The picture of a test shows the first images, in the right colours, with their classes."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from mmlight.callbacks.prediction_grid import PredictionGrid
from mmlight.models.heads.multi_label_head import MultiLabelClsHead
from mmlight.models.preprocessor import ImagePreprocessor
from mmlight.module import ImageClassifier
from mmlight.visualize import predictions
from mmlight.visualize.sheet import MARGIN_PX, RIGHT, WRONG, Cell

SCORES = torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]])


def run(folder: Path, monkeypatch: pytest.MonkeyPatch, inputs: Any, **options: Any) -> list[Any]:
    """Let the callback see a batch; return the lines and colours that it draws."""
    preprocessor = ImagePreprocessor(to_rgb=options.pop("to_rgb", True))
    module = ImageClassifier(nn.Identity(), options.pop("head", None), preprocessor=preprocessor)
    module.classes = ("cat", "dog")
    drawn: list[Any] = []

    def note(images: Any, texts: Any, color: Any) -> Cell:
        drawn.append((images[0], tuple(texts), color))
        return Cell(images, texts, color)

    monkeypatch.setattr(predictions, "Cell", note)
    batch = {"inputs": inputs, "target": options.pop("target", torch.tensor([0, 0, 5]))}
    callback = PredictionGrid(str(folder / "new"), **options)
    trainer: Any = None
    callback.on_test_batch_end(trainer, module, {"scores": SCORES}, batch, 0)
    callback.on_test_batch_end(trainer, module, {"scores": SCORES}, batch, 1)
    return drawn


def test_draws_classes_and_colours_when_tested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = torch.arange(3 * 3 * 4 * 4).reshape(3, 3, 4, 4).to(torch.uint8)
    drawn = run(tmp_path, monkeypatch, inputs)
    assert [(lines, color) for _, lines, color in drawn] == [
        (("cat 0.90",), RIGHT),
        (("dog 0.80", "(cat)"), WRONG),
        (("cat 0.70", "(5)"), WRONG),
    ]
    expected = inputs.permute(0, 2, 3, 1).numpy()[..., ::-1]  # (B, C, H, W) -> (B, H, W, C) RGB
    assert all((image == e).all() for (image, *_), e in zip(drawn, expected, strict=True))
    picture = cv2.imread(str(tmp_path / "new" / "predictions.png"))
    first = picture[MARGIN_PX:][:112:28, MARGIN_PX:][:, :112:28]  # each pixel is a square
    assert (first[..., ::-1] == expected[0]).all()


def test_keeps_rgb_when_the_inputs_are_rgb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = torch.arange(48).reshape(1, 3, 4, 4).to(torch.uint8).expand(3, 3, 4, 4)
    drawn = run(tmp_path, monkeypatch, inputs, to_rgb=False, count=1)
    assert len(drawn) == 1
    assert (drawn[0][0] == inputs[0].permute(1, 2, 0).numpy()).all()


def test_stretches_floats_when_inputs_are_normalized(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = [torch.tensor([[[-1.0, 0.0], [0.5, 1.0]]])] * 3
    drawn = run(tmp_path, monkeypatch, inputs, count=2)
    assert drawn[0][0].dtype == np.uint8
    assert drawn[0][0][..., 0].tolist() == [[0, 127], [191, 255]]


def test_names_every_class_when_images_have_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = torch.zeros(3, 3, 4, 4, dtype=torch.uint8)
    target = torch.tensor([[1, 0], [0, 1], [1, 1]])
    head = MultiLabelClsHead(thr=0.5)
    drawn = run(tmp_path, monkeypatch, inputs, target=target, head=head)
    assert [lines for _, lines, _ in drawn] == [
        ("cat 0.90",),
        ("dog 0.80",),
        ("cat 0.70", "(cat, dog)"),
    ]


def test_draws_every_class_of_a_head_for_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = torch.zeros(3, 3, 4, 4, dtype=torch.uint8)
    drawn = run(tmp_path, monkeypatch, inputs, head=MultiLabelClsHead(thr=0.05))
    assert [lines[0].count(",") for _, lines, _ in drawn] == [1, 1, 1]

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from mmlight.callbacks.set_adaptive_margins import SetAdaptiveMargins
from mmlight.models.heads.margin_head import ArcFaceClsHead


def run(labels: list[int], head: Any, **options: Any) -> Any:
    dataset = SimpleNamespace(get_gt_labels=lambda: np.array(labels))
    trainer: Any = SimpleNamespace(train_dataloader=SimpleNamespace(dataset=dataset))
    SetAdaptiveMargins(**options).before_train(trainer, SimpleNamespace(head=head))
    return head.margins


def test_rare_classes_get_larger_margins() -> None:
    labels = [0] * 16 + [1] + [2] * 4
    margins = run(labels, ArcFaceClsHead(3, 8), margin_min=0.1, margin_max=0.4, power=-0.5)
    torch.testing.assert_close(margins, torch.tensor([0.1, 0.4, 0.1 + 0.3 / 3]))


def test_classes_without_images_count_as_one_image() -> None:
    margins = run([0] * 16 + [2], ArcFaceClsHead(4, 8))
    torch.testing.assert_close(margins, torch.tensor([0.05, 0.5, 0.5, 0.5]))


def test_margin_is_the_smallest_when_classes_are_as_frequent() -> None:
    margins = run([0, 1, 0, 1], ArcFaceClsHead(2, 8))
    torch.testing.assert_close(margins, torch.tensor([0.05, 0.05]))


def test_raises_when_the_head_does_not_fit() -> None:
    with pytest.raises(ValueError, match="head must be an ArcFaceClsHead, got Linear"):
        run([0], nn.Linear(1, 1))
    with pytest.raises(ValueError, match="num_classes must be at least 6, got 3"):
        run([0, 5], ArcFaceClsHead(3, 8))

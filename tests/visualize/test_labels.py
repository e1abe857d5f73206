"""Labels of every form are named."""

from typing import Any

import numpy as np
import pytest
import torch

from mmlight.visualize.labels import describe_label, list_classes, to_label_scores

CLASSES = ("cat", "dog", "cow", "hen", "owl", "bee")


@pytest.mark.parametrize(
    ("label", "text"),
    [
        (1, "dog"),
        (np.int64(2), "cow"),
        (np.array(0), "cat"),
        (torch.tensor(3), "hen"),
        ([0, 2], "cat, cow"),
        (torch.tensor([5, 1]), "bee, dog"),
        (np.array([1, 0, 0, -1, 1, 0]), "cat, owl"),  # -1 is difficult, in 0.x VOC
        (torch.tensor([0, 0.3, 0, 0.7, 0, 0]), "hen 0.7, dog 0.3"),
        (torch.tensor([0.66, 0, 0, 0, 0, 0]) + torch.tensor([0.34, 0, 0, 0, 0, 0]), "cat"),
        (np.full(6, 1 / 6), "cat 0.17, dog 0.17, cow 0.17, hen 0.17, ..."),
        (9, "9"),
        ([], ""),
        (None, ""),
    ],
)
def test_names_the_classes(label: Any, text: str) -> None:
    assert describe_label(label, CLASSES) == text


def test_numbers_stand_for_unknown_names() -> None:
    assert list_classes([4, 2]) == ["4", "2"]
    assert to_label_scores(np.array([0, 1, 1])) == [(0, 1.0), (1, 1.0), (1, 1.0)]

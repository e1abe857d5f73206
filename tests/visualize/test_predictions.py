"""Drawn pictures hold the image unchanged and the text below it."""

import numpy as np
import pytest
import torch

from mmlight.visualize.predictions import describe_prediction, draw_prediction, make_cell
from mmlight.visualize.sheet import MIN_CELL_PX, RIGHT, WRONG

BLUE_IF_BGR = torch.tensor([200, 0, 0], dtype=torch.uint8).view(3, 1, 1)


@pytest.mark.parametrize("shape", [(150, 200, 3), (112, 112, 3)])
def test_keeps_the_pixels_when_the_image_is_large(shape: tuple[int, ...]) -> None:
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    drawn = draw_prediction(image, ["cat"], color=RIGHT)
    assert drawn.shape == (shape[0] + 18, shape[1], 3)
    assert drawn.dtype == np.uint8
    assert (drawn[: shape[0]] == image).all()
    assert (drawn[shape[0] :] != 255).any()


@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 1), (28, 28, 3)])
def test_enlarges_without_smoothing_when_the_image_is_small(shape: tuple[int, ...]) -> None:
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    drawn = draw_prediction(image, [])
    assert drawn.shape == (MIN_CELL_PX + 4, MIN_CELL_PX, 3)
    expected = np.broadcast_to(np.atleast_3d(image), (28, 28, 3)).repeat(4, 0).repeat(4, 1)
    assert (drawn[:MIN_CELL_PX] == expected).all()


@pytest.mark.parametrize(("color", "channel"), [(RIGHT, 1), (WRONG, 2)])
def test_writes_in_the_colour_when_given(color: tuple[int, int, int], channel: int) -> None:
    text = draw_prediction(np.zeros((112, 112, 3), np.uint8), ["some words"], color=color)[112:]
    ink = text[(text < 250).any(axis=-1)]
    assert len(ink) > 20
    darkest = ink[ink.sum(axis=-1).argmin()]
    assert darkest.argmax() == channel  # BGR


def test_names_each_class_when_there_are_several() -> None:
    assert describe_prediction({"pred_class": [], "pred_score": []}) == ""
    found = {"pred_class": ["cat", "dog"], "pred_score": [0.9, 0.6]}
    assert describe_prediction(found) == "cat 0.90, dog 0.60"


def test_names_the_true_class_only_when_the_prediction_is_wrong() -> None:
    found = {"pred_label": 1, "pred_class": "dog", "pred_score": 0.8}
    right = make_cell(BLUE_IF_BGR, found, 1, ["cat", "dog"], is_bgr=True)
    assert (right.texts, right.color) == (["dog 0.80"], RIGHT)
    wrong = make_cell(BLUE_IF_BGR, found, 0, ["cat", "dog"], is_bgr=True)
    assert (wrong.texts, wrong.color) == (["dog 0.80", "(cat)"], WRONG)


def test_says_none_when_no_class_is_predicted_or_true() -> None:
    found = {"pred_label": [], "pred_class": [], "pred_score": []}
    cell = make_cell(BLUE_IF_BGR, found, [], ["cat"], is_bgr=True)
    assert (cell.texts, cell.color) == (["none"], RIGHT)
    assert make_cell(BLUE_IF_BGR, found, [0], ["cat"], is_bgr=True).texts == ["none", "(cat)"]


def test_draws_rgb_whatever_the_order_of_channels() -> None:
    found = {"pred_label": 0, "pred_class": "cat", "pred_score": 1.0}
    for is_bgr, pixel in ((True, [0, 0, 200]), (False, [200, 0, 0])):
        cell = make_cell(BLUE_IF_BGR, found, 0, ["cat"], is_bgr=is_bgr)
        assert cell.images[0][0, 0].tolist() == pixel

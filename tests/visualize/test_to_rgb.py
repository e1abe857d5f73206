"""Whatever holds a photo, the same pixels are shown."""

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from mmlight.data.image import normalize_image
from mmlight.visualize.to_rgb import Meaning, list_images, size_of, to_rgb

MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


def as_forms(photo: np.ndarray) -> dict[str, tuple[Any, Meaning]]:
    bgr = np.ascontiguousarray(photo[..., ::-1])
    chw = np.ascontiguousarray(photo.transpose(2, 0, 1))
    alpha = np.dstack([bgr, np.full(bgr.shape[:2], 9, np.uint8)])
    normalized = normalize_image(bgr, np.array(MEAN), np.array(STD), to_rgb=True)
    small = (photo / 255).astype(np.float32)
    unit = ((small - 0.5) / 0.25).astype(np.float32)
    rgb = Meaning("RGB")
    return {
        "bgr": (bgr, Meaning()),
        "rgb": (photo, rgb),
        "alpha": (alpha, Meaning()),
        "planes": (chw, rgb),
        "tensor": (torch.from_numpy(chw), rgb),
        "float": (bgr.astype(np.float32), Meaning()),
        "unit": (small, rgb),
        "unit tensor": (torch.from_numpy(chw) / 255, rgb),
        "pillow": (Image.fromarray(photo), rgb),
        "pillow bgr": (Image.fromarray(bgr), Meaning()),
        "uint16": (photo.astype(np.uint16) << 8, rgb),
        "normalized": (normalized, Meaning("RGB", MEAN, STD)),
        "normalized unit": (unit, Meaning("RGB", (0.5,) * 3, (0.25,) * 3)),
    }


@pytest.mark.parametrize("form", list(as_forms(np.zeros((4, 5, 3), np.uint8))))
def test_shows_the_photo(form: str, hopper: np.ndarray) -> None:
    image, meaning = as_forms(hopper)[form]
    shown = to_rgb(image, meaning)
    assert (shown.shape, shown.dtype) == ((600, 512, 3), np.uint8)
    assert (shown == hopper).all()
    assert size_of(image) == (512, 600)


@pytest.mark.parametrize(
    "form", [lambda x: x, lambda x: x[..., None], lambda x: torch.from_numpy(x), Image.fromarray]
)
def test_grey_becomes_three_equal_channels(form: Any, hopper: np.ndarray) -> None:
    grey = np.ascontiguousarray(hopper[..., 0])
    assert (to_rgb(form(grey)) == grey[..., None]).all()


def test_dark_normalized_image_stays_dark() -> None:
    image = np.full((2, 2, 3), 0.5, np.float32)
    meaning = Meaning("RGB", (0.0, 0.0, 100.0), (1.0, 1.0, 1.0))
    assert to_rgb((image - meaning.mean).astype(np.float32), meaning).max() <= 1


def test_values_beyond_the_range_are_cut() -> None:
    image = np.array([[-5.0, 300.0, np.nan]], np.float32)
    assert to_rgb(image)[0, :, 0].tolist() == [0, 255, 0]


def test_flip_reverses_channels_and_statistics() -> None:
    meaning = Meaning("BGR", (1.0, 2.0, 3.0), (4.0, 5.0, 6.0)).flip()
    assert meaning == Meaning("RGB", (3.0, 2.0, 1.0), (6.0, 5.0, 4.0))


def test_nested_views_are_listed() -> None:
    assert list(list_images([1, [2, [3]]])) == [1, 2, 3]


def test_what_is_no_image_is_refused() -> None:
    with pytest.raises(ValueError, match="image must have 2 or 3 dimensions, got 1"):
        to_rgb(np.zeros(3))

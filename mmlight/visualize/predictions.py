"""Draws images with what is predicted for them: one, or as cells of a sheet, beside the truth."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from torch import Tensor

from mmlight.visualize.labels import list_classes
from mmlight.visualize.sheet import MIN_CELL_PX, RIGHT, WRONG, Cell
from mmlight.visualize.to_rgb import Meaning, to_rgb

Array = NDArray[np.uint8]

BLACK = (0, 0, 0)
TEXT_PX = 14


def describe_prediction(found: Mapping[str, Any]) -> str:
    """Return class and score of a prediction, or of each class where there are several.

    Args:
        found: `pred_class` and `pred_score`, each one value or a list.

    Examples:
        >>> describe_prediction({"pred_class": "bag", "pred_score": 0.981})
        'bag 0.98'
        >>> describe_prediction({"pred_class": ["cat", "dog"], "pred_score": [0.9, 0.6]})
        'cat 0.90, dog 0.60'
    """
    classes, scores = found["pred_class"], found["pred_score"]
    if isinstance(classes, str):
        classes, scores = [classes], [scores]
    return ", ".join(f"{name} {score:.2f}" for name, score in zip(classes, scores, strict=True))


def draw_prediction(
    image: Array, lines: Sequence[str], *, color: tuple[int, int, int] = BLACK
) -> Array:
    """Write lines of text under an image.

    Args:
        image: uint8 `(H, W, 3)` BGR, or `(H, W)` grey.
        lines: One text per line.
        color: RGB colour of the text.

    Returns:
        uint8 `(H', W', 3)` BGR, at least 112 px wide.

    Examples:
        >>> draw_prediction(np.zeros((28, 28), np.uint8), ["bag 0.98"]).shape
        (130, 112, 3)
    """
    picture = _to_picture(image)
    sheet = Image.new("RGB", (picture.width, picture.height + TEXT_PX * len(lines) + 4), "white")
    sheet.paste(picture, (0, 0))
    pen = ImageDraw.Draw(sheet)
    for index, line in enumerate(lines):
        pen.text((3, picture.height + 1 + index * TEXT_PX), line, fill=color)
    drawn: Array = np.asarray(sheet)[..., ::-1].copy()  # RGB -> BGR
    return drawn


def _to_picture(image: Array) -> Image.Image:
    """Turn an array into an RGB picture that is at least as wide as a cell."""
    picture = Image.fromarray(to_rgb(image, Meaning("BGR")))
    if picture.width >= MIN_CELL_PX:
        return picture
    height = round(picture.height * MIN_CELL_PX / picture.width)
    return picture.resize((MIN_CELL_PX, height), Image.Resampling.NEAREST)


# -------------------------------------------------------------------------- beside the truth


def make_cell(
    image: Tensor,
    found: Mapping[str, Any],
    label: int | Sequence[int],
    classes: Sequence[str],
    *,
    is_bgr: bool,
) -> Cell:
    """Write a right prediction in green; under a wrong one, in red, stand the true classes.

    Args:
        image: Input of a network, `(C, H, W)`; floats of any range.
        found: `pred_label`, `pred_class` and `pred_score`, each one value or a list.
        label: The true class, or several.
        classes: Class names.
        is_bgr: The order of the channels.
    """
    right = is_right(found["pred_label"], label)
    true = ", ".join(list_classes(label, classes)) or "none"
    lines = [describe_prediction(found) or "none", *([] if right else [f"({true})"])]
    return Cell([to_pixels(image, is_bgr=is_bgr)], lines, RIGHT if right else WRONG)


def is_right(found: int | Sequence[int], label: int | Sequence[int]) -> bool:
    """Tell whether all classes of an image are predicted, and no others.

    Examples:
        >>> is_right(3, 3), is_right([1, 2], [2, 1]), is_right([1], [1, 2])
        (True, True, False)
    """
    return _to_set(found) == _to_set(label)


def _to_set(labels: int | Sequence[int]) -> set[int]:
    return {labels} if isinstance(labels, int) else set(labels)


def to_pixels(image: Tensor, *, is_bgr: bool) -> Array:
    """Turn an input `(C, H, W)` of any range into uint8 `(H, W, 3)` RGB."""
    if image.is_floating_point():
        low, high = image.min(), image.max()
        image = ((image - low) * (255 / (high - low).clamp(min=1e-6))).to(torch.uint8)
    return to_rgb(image, Meaning("BGR" if is_bgr else "RGB"))

"""Draws images with their predicted and true classes: one image, or a grid of many."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Array = NDArray[np.uint8]

RIGHT, WRONG, NEUTRAL = (0, 110, 0), (190, 0, 0), (0, 0, 0)
CELL_PX = 112
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
    image: Array, lines: Sequence[str], *, color: tuple[int, int, int] = NEUTRAL
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


def draw_grid(cells: Sequence[Array], columns: int = 8) -> Array:
    """Put pictures of one size side by side.

    Args:
        cells: uint8 `(H, W, 3)` each.
        columns: Pictures in a row.

    Returns:
        uint8 `(rows * H, columns * W, 3)`; places without a picture are white.
    """
    height, width, channels = cells[0].shape
    rows = -(-len(cells) // columns)
    grid = np.full((rows * height, columns * width, channels), 255, np.uint8)
    for index, cell in enumerate(cells):
        top, left = index // columns * height, index % columns * width
        grid[top : top + height, left : left + width] = cell
    return grid


def _to_picture(image: Array) -> Image.Image:
    """Turn an array into an RGB picture that is at least as wide as a cell."""
    grey = image.ndim == 2 or image.shape[2] == 1
    array = np.atleast_3d(image)
    rgb = np.repeat(array[..., :1], 3, axis=2) if grey else array[..., ::-1]
    picture = Image.fromarray(np.ascontiguousarray(rgb, np.uint8))
    if picture.width >= CELL_PX:
        return picture
    height = round(picture.height * CELL_PX / picture.width)
    return picture.resize((CELL_PX, height), Image.Resampling.NEAREST)

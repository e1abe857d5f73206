"""Draws an image with its predicted classes; `sheet.py` draws many."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mmlight.visualize.sheet import MIN_CELL_PX
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

"""Flips, rotates and warps images, under the names and defaults of the originals.

The work is done by `mmlight/data/image.py`, where the functions agree.
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from mmlight.data.image import CV2_FILTERS, Array, shear_image, translate_image

_AXES: dict[str, Any] = {"horizontal": 1, "vertical": 0, "diagonal": (0, 1)}
BORDERS = {
    "constant": cv2.BORDER_CONSTANT,
    "replicate": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT,
    "wrap": cv2.BORDER_WRAP,
    "reflect_101": cv2.BORDER_REFLECT_101,
    "transparent": cv2.BORDER_TRANSPARENT,
    "isolated": cv2.BORDER_ISOLATED,
}


def imflip(img: Array, direction: str = "horizontal") -> Array:
    """Return a mirrored view: 'horizontal', 'vertical' or 'diagonal'.

    From: mmcv 1.7 and 2.2 `imflip`.
    """
    return np.flip(img, axis=_AXES[_check_direction(direction, _AXES)])


def imflip_(img: Array, direction: str = "horizontal") -> Array:
    """Mirror an image in place; see `imflip`.

    From: mmcv 1.7 and 2.2 `imflip_`.
    """
    code = {"horizontal": 1, "vertical": 0, "diagonal": -1}[_check_direction(direction, _AXES)]
    return cv2.flip(img, code, img)


def _check_direction(direction: str, allowed: Sequence[str] | dict[str, Any]) -> str:
    if direction not in allowed:
        names = ", ".join(map(repr, allowed))
        raise ValueError(f"direction must be one of {names}, got {direction!r}")
    return direction


def imrotate(
    img: Array,
    angle: float,
    center: tuple[float, float] | None = None,
    scale: float = 1.0,
    border_value: Any = 0,
    interpolation: str = "bilinear",
    auto_bound: bool = False,
    border_mode: str = "constant",
) -> Array:
    """Rotate clockwise by `angle` [degrees].

    Args:
        img: `(H, W)` or `(H, W, C)`.
        angle: Degrees.
        center: `(x, y)` [px]; None for the middle.
        scale: Factor of size.
        border_value: Color of what comes in; **a single number fills the first channel only**.
        interpolation: see `imresize`, backend cv2.
        auto_bound: Make the result so large that nothing is cut off.
        border_mode: A key of `BORDERS`.

    From: mmcv 1.7 and 2.2 `imrotate`.
    """
    if center is not None and auto_bound:
        raise ValueError(f"center must not be given with auto_bound, got {center!r}")
    height, width = img.shape[:2]
    center = center or ((width - 1) * 0.5, (height - 1) * 0.5)
    matrix = cv2.getRotationMatrix2D(center, -angle, scale)
    if auto_bound:
        cos, sin = np.abs(matrix[0, 0]), np.abs(matrix[0, 1])
        new_width, new_height = height * sin + width * cos, height * cos + width * sin
        matrix[0, 2] += (new_width - width) * 0.5
        matrix[1, 2] += (new_height - height) * 0.5
        width, height = int(np.round(new_width)), int(np.round(new_height))
    return cv2.warpAffine(
        img,
        matrix,
        (width, height),
        flags=CV2_FILTERS[interpolation],
        borderMode=BORDERS[border_mode],
        borderValue=border_value,
    )


def imshear(
    img: Array,
    magnitude: float,
    direction: str = "horizontal",
    border_value: int | tuple[int, ...] = 0,
    interpolation: str = "bilinear",
) -> Array:
    """Move each row ('horizontal') or column by `magnitude` times its index.

    From: mmcv 1.7 and 2.2 `imshear`.
    """
    _check_direction(direction, ("horizontal", "vertical"))
    border = _to_border(img, border_value)
    return shear_image(
        img, magnitude, direction=direction, border=border, interpolation=interpolation
    )


def imtranslate(
    img: Array,
    offset: float,
    direction: str = "horizontal",
    border_value: int | tuple[int, ...] = 0,
    interpolation: str = "bilinear",
) -> Array:
    """Move the image by `offset` [px] to the right ('horizontal') or down.

    From: mmcv 1.7 and 2.2 `imtranslate`.
    """
    _check_direction(direction, ("horizontal", "vertical"))
    border = _to_border(img, border_value)
    return translate_image(
        img, offset, direction=direction, border=border, interpolation=interpolation
    )


def _to_border(img: Array, value: int | tuple[int, ...]) -> tuple[int, ...]:
    channels = 1 if img.ndim == 2 else img.shape[2]
    border = (value,) * channels if isinstance(value, int) else tuple(value)
    if len(border) != channels:
        raise ValueError(f"border_value must have {channels} values, got {value!r}")
    return border

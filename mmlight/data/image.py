"""Pure functions on images: resize, crop, pad, flip, warp, normalize.

An image is a numpy array, uint8 `(H, W, C)` in BGR order or grey `(H, W)`, as cv2 makes it. Sizes
are `(width, height)`, the order that cv2 and Pillow take. No function writes into its input; crops
are views. Colour operations stand in `mmlight/data/transforms/color.py`.
"""

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

Array: TypeAlias = npt.NDArray[Any]

CV2_FILTERS: Final = {
    "nearest": cv2.INTER_NEAREST,
    "bilinear": cv2.INTER_LINEAR,
    "bicubic": cv2.INTER_CUBIC,
    "area": cv2.INTER_AREA,
    "lanczos": cv2.INTER_LANCZOS4,
}
PILLOW_FILTERS: Final = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "box": Image.Resampling.BOX,
    "lanczos": Image.Resampling.LANCZOS,
    "hamming": Image.Resampling.HAMMING,
}
PAD_MODES: Final = {
    "constant": cv2.BORDER_CONSTANT,
    "edge": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT_101,
    "symmetric": cv2.BORDER_REFLECT,
}
FLIP_CODES: Final = {"horizontal": 1, "vertical": 0, "diagonal": -1}


def resize_image(
    image: Array, size: tuple[int, int], *, interpolation: str = "bilinear", backend: str = "cv2"
) -> Array:
    """Resize to `(width, height)` [px].

    Args:
        image: `(H, W)` or `(H, W, C)`; uint8 for Pillow.
        size: New `(width, height)`.
        interpolation: A key of `CV2_FILTERS` or of `PILLOW_FILTERS`.
        backend: 'cv2' does not low-pass filter when it shrinks, 'pillow' does.

    Examples:
        >>> resize_image(np.zeros((4, 6, 3), np.uint8), (3, 2)).shape
        (2, 3, 3)

    From: mmcv 1.7 and 2.x `imresize`.
    """
    if backend == "cv2":
        return cv2.resize(image, size, interpolation=CV2_FILTERS[interpolation])
    return np.array(Image.fromarray(image).resize(size, PILLOW_FILTERS[interpolation]))


def fit_size(size: tuple[int, int], scale: tuple[int, int]) -> tuple[int, int]:
    """Return the largest `(width, height)` of the same aspect that fits into `scale`.

    Examples:
        >>> fit_size((500, 375), (256, 200))
        (256, 192)

    From: mmcv 1.7 and 2.x `rescale_size`.
    """
    factor = min(max(scale) / max(size), min(scale) / min(size))
    return scale_size(size, (factor, factor))


def scale_size(size: tuple[int, int], factor: tuple[float, float]) -> tuple[int, int]:
    """Multiply `(width, height)` with the two factors and round half up.

    Examples:
        >>> scale_size((5, 3), (0.5, 0.5))
        (3, 2)
    """
    return int(size[0] * factor[0] + 0.5), int(size[1] * factor[1] + 0.5)


def crop_image(image: Array, *, top: int, left: int, height: int, width: int) -> Array:
    """Return a view of the box; what lies beyond the lower or right border is left away."""
    return image[top : top + height, left : left + width]


def pad_image(
    image: Array,
    *,
    left: int,
    top: int,
    right: int,
    bottom: int,
    value: float | Sequence[float] = 0,
    mode: str = "constant",
) -> Array:
    """Add borders [px].

    Args:
        image: `(H, W)` or `(H, W, C)`.
        left: Columns to add on the left.
        top: Rows to add above.
        right: Columns to add on the right.
        bottom: Rows to add below.
        value: One value per channel for mode 'constant'. **A single number fills the first channel
            only** and leaves 0 in the others; that is how cv2, and so both originals, take it.
        mode: 'constant', 'edge', 'reflect' (border pixel not repeated) or 'symmetric' (repeated).

    Examples:
        >>> img = np.zeros((1, 1, 3), np.uint8)
        >>> pad_image(img, left=0, top=0, right=1, bottom=0, value=7)[0, 1].tolist()
        [7, 0, 0]

    From: mmcv 1.7 and 2.x `impad`.
    """
    color = (value,) if isinstance(value, int | float) else tuple(value)
    return cv2.copyMakeBorder(image, top, bottom, left, right, PAD_MODES[mode], value=color)


def flip_image(image: Array, direction: str) -> Array:
    """Mirror 'horizontal'ly, 'vertical'ly or both ('diagonal'); the result is contiguous."""
    return cv2.flip(image, FLIP_CODES[direction]).reshape(image.shape)  # cv2 drops one channel


def rotate_image(
    image: Array,
    angle: float,
    *,
    center: tuple[float, float] | None,
    scale: float,
    border: float | Sequence[float],
    interpolation: str,
) -> Array:
    """Rotate clockwise by `angle` [degrees] around `center` `(x, y)`, by default the middle.

    A single number as `border` fills the first channel only, see `pad_image`.

    From: mmcv 1.7 and 2.x `imrotate`.
    """
    height, width = image.shape[:2]
    center = center or ((width - 1) * 0.5, (height - 1) * 0.5)
    matrix = cv2.getRotationMatrix2D(center, -angle, scale)
    color = (border,) if isinstance(border, int | float) else tuple(border)
    flags = CV2_FILTERS[interpolation]
    return cv2.warpAffine(image, matrix, (width, height), flags=flags, borderValue=color)


def shear_image(
    image: Array,
    magnitude: float,
    *,
    direction: str,
    border: float | Sequence[float],
    interpolation: str,
) -> Array:
    """Move each row ('horizontal') or column by `magnitude` times its index.

    From: mmcv 1.7 and 2.x `imshear`.
    """
    x, y = (magnitude, 0.0) if direction == "horizontal" else (0.0, magnitude)
    return _warp(image, [[1, x, 0], [y, 1, 0]], border, interpolation)


def translate_image(
    image: Array,
    offset: float,
    *,
    direction: str,
    border: float | Sequence[float],
    interpolation: str,
) -> Array:
    """Move the image by `offset` [px] to the right ('horizontal') or down.

    From: mmcv 1.7 and 2.x `imtranslate`.
    """
    row: list[list[float]] = (
        [[1, 0, offset], [0, 1, 0]] if direction == "horizontal" else [[1, 0, 0], [0, 1, offset]]
    )
    return _warp(image, row, border, interpolation)


def _warp(
    image: Array,
    matrix: list[list[float]],
    border: float | Sequence[float],
    interpolation: str,
) -> Array:
    height, width = image.shape[:2]
    color = (border,) * 3 if isinstance(border, int | float) else tuple(border)[:3]
    return cv2.warpAffine(
        image,
        np.array(matrix, np.float32),  # the originals' precision: it decides where pixels fall
        (width, height),
        flags=CV2_FILTERS[interpolation],
        borderValue=color,
    )


def normalize_image(image: Array, mean: Array, std: Array, *, to_rgb: bool) -> Array:
    """Return `(image - mean) / std` as float32.

    Args:
        image: `(H, W)` or `(H, W, C)`.
        mean: float `(C,)`, in the order of the output channels.
        std: float `(C,)`.
        to_rgb: Reverse the three channels first. A grey image has none to reverse.

    From: mmcv 1.7 and 2.x `imnormalize`.
    """
    out: Array = image.astype(np.float32, order="C")  # cv2 writes into no other order
    if to_rgb and out.ndim == 3 and out.shape[2] == 3:
        cv2.cvtColor(out, cv2.COLOR_BGR2RGB, out)
    cv2.subtract(out, np.float64(mean).reshape(1, -1), out)
    cv2.multiply(out, 1 / np.float64(std).reshape(1, -1), out)
    return out

"""Changes the colors of images, under the names and defaults of the originals.

The work is done by `mmlight/data/transforms/color.py`, where the functions agree.
"""

import warnings
from typing import Any

import cv2
import numpy as np

from mmlight.data.image import Array
from mmlight.data.transforms import color


def iminvert(img: Array) -> Array:
    """Return 255 minus the image.

    From: mmcv 1.7 and 2.2 `iminvert`.
    """
    return color.invert(img)


def solarize(img: Array, thr: float = 128) -> Array:
    """Invert the values at and above `thr`.

    From: mmcv 1.7 and 2.2 `solarize`.
    """
    return color.solarize(img, thr)


def posterize(img: Array, bits: int) -> Array:
    """Keep the `bits` highest bits of a uint8 image.

    From: mmcv 1.7 and 2.2 `posterize`.
    """
    return color.posterize(img, bits)


def adjust_color(
    img: Array,
    alpha: float = 1,
    beta: float | None = None,
    gamma: float = 0,
    backend: str | None = None,
) -> Array:
    """Blend with the grey image: 0 is grey, 1 leaves the image, more is more colorful.

    Args:
        img: BGR `(H, W, 3)`.
        alpha: Weight of the image.
        beta: Weight of the grey image; None means `1 - alpha`. Not used by Pillow.
        gamma: Added to every value. Not used by Pillow.
        backend: 'cv2', which is the default, or 'pillow', for uint8.

    From: mmcv 1.7 and 2.2 `adjust_color`.
    """
    if _by_pillow(backend):
        if beta is not None or gamma:
            warnings.warn("Pillow uses alpha only", stacklevel=2)
        return _adjust_by_pillow(img, "saturation", alpha)
    return color.adjust_color(img, alpha, grey_factor=beta, offset=gamma)


def adjust_brightness(img: Array, factor: float = 1.0, backend: str | None = None) -> Array:
    """Blend with black: 0 is black, 1 leaves the image; `backend` as in `adjust_color`.

    From: mmcv 1.7 and 2.2 `adjust_brightness`.
    """
    if _by_pillow(backend):
        return _adjust_by_pillow(img, "brightness", factor)
    return color.adjust_brightness(img, factor)


def adjust_contrast(img: Array, factor: float = 1.0, backend: str | None = None) -> Array:
    """Blend with the mean grey: 0 is grey, 1 leaves the image; `backend` as in `adjust_color`.

    From: mmcv 1.7 and 2.2 `adjust_contrast`.
    """
    if _by_pillow(backend):
        return _adjust_by_pillow(img, "contrast", factor)
    return color.adjust_contrast(img, factor)


def adjust_hue(img: Array, hue_factor: float, backend: str | None = None) -> Array:
    """Turn the hue by a part of the circle, in [-0.5, 0.5]; `backend` as in `adjust_color`.

    From: mmcv 1.7 and 2.2 `adjust_hue`.
    """
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"hue_factor must be in [-0.5, 0.5], got {hue_factor!r}")
    if _by_pillow(backend):
        return _adjust_by_pillow(img, "hue", hue_factor)
    return color.adjust_hue(img, hue_factor)


def _by_pillow(backend: str | None) -> bool:
    """Tell whether Pillow is asked for; None means cv2, whatever `use_backend` has chosen."""
    if backend not in (None, "cv2", "pillow"):
        raise ValueError(f"backend must be 'cv2' or 'pillow', got {backend!r}")
    return backend == "pillow"


def _adjust_by_pillow(img: Array, name: str, amount: float) -> Array:
    colors = color.PillowColors(img)
    colors.adjust(name, amount)
    return colors.to_array()


def adjust_sharpness(img: Array, factor: float = 1.0, kernel: Array | None = None) -> Array:
    """Blend with the smoothed image: 0 is blurred, 1 leaves the image, more is sharper.

    Args:
        img: `(H, W)` or `(H, W, C)`.
        factor: Weight of the image.
        kernel: What smooths it, float `(H, W)`; None for a mean with a heavy middle.

    From: mmcv 1.7 and 2.2 `adjust_sharpness`.
    """
    return color.adjust_sharpness(img, factor, color.SMOOTH if kernel is None else kernel)


def adjust_lighting(
    img: Array, eigval: Array, eigvec: Array, alphastd: float = 0.1, to_rgb: bool = True
) -> Array:
    """Add a random mixture of the eigenvectors of colors.

    Args:
        img: `(H, W, 3)`.
        eigval: `(N,)`.
        eigvec: `(3, N)`.
        alphastd: Deviation of the draws, from `numpy.random`.
        to_rgb: Reverse the channels first.

    Returns:
        float64 `(H, W, 3)`.

    From: mmcv 1.7 and 2.2 `adjust_lighting`.
    """
    alpha = np.random.normal(0, alphastd, len(eigval))
    return color.adjust_lighting(img, (eigvec * alpha * eigval).sum(axis=1), to_rgb=to_rgb)


def auto_contrast(img: Array, cutoff: float | tuple[float, float] = 0) -> Array:
    """Stretch each channel of a uint8 image to 0 and 255.

    Args:
        img: `(H, W, C)`.
        cutoff: How many of the darkest and brightest pixels to leave out of account, or both
            numbers [%].

    From: mmcv 1.7 and 2.2 `auto_contrast`.
    """
    return color.auto_contrast(img, cutoff if isinstance(cutoff, tuple) else (cutoff, cutoff))


def imequalize(img: Array) -> Array:
    """Spread the values of each channel of a uint8 image evenly.

    From: mmcv 1.7 and 2.2 `imequalize`.
    """
    return color.equalize(img)


def lut_transform(img: Array, lut_table: Array) -> Array:
    """Look each value up in a table `(256,)`.

    From: mmcv 1.7 and 2.2 `lut_transform`.
    """
    if np.shape(lut_table) != (256,):
        raise ValueError(f"lut_table must have 256 values, got the shape {np.shape(lut_table)}")
    return cv2.LUT(np.array(img, dtype=np.uint8), lut_table)


def clahe(img: Array, clip_limit: float = 40.0, tile_grid_size: Any = (8, 8)) -> Array:
    """Equalize the histogram of each tile of a grey image `(H, W)`, within a limit.

    From: mmcv 1.7 and 2.2 `clahe`.
    """
    return cv2.createCLAHE(clip_limit, tuple(tile_grid_size)).apply(np.array(img, dtype=np.uint8))

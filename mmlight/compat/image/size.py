"""Resizes and pads images, under the names and defaults of the originals.

The work is done by `mmlight/data/image.py`, where the functions agree.
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from PIL import Image

from mmlight.compat.sequence import to_2tuple
from mmlight.data.image import CV2_FILTERS, PILLOW_FILTERS, Array, pad_image, scale_size

Scale = float | tuple[float, float]


def imresize(
    img: Array,
    size: tuple[int, int],
    return_scale: bool = False,
    interpolation: str = "bilinear",
    out: Array | None = None,
    backend: str | None = None,
) -> Any:
    """Resize to `(width, height)` [px].

    Args:
        img: `(H, W)` or `(H, W, C)`; uint8 for Pillow.
        size: New `(width, height)`.
        return_scale: Return the factors of width and height as well.
        interpolation: 'nearest', 'bilinear', 'bicubic', 'lanczos'; also 'area' (cv2), 'box' and
            'hamming' (pillow).
        out: Written into, by cv2.
        backend: 'cv2', which is the default, or 'pillow'.

    From: mmcv 1.7 and 2.2 `imresize`.
    """
    backend = _check_backend(backend)
    if backend == "cv2":
        resized = cv2.resize(img, size, dst=out, interpolation=CV2_FILTERS[interpolation])
    else:
        resized = _resize_by_pillow(img, size, interpolation)
    if not return_scale:
        return resized
    height, width = img.shape[:2]
    return resized, size[0] / width, size[1] / height


def _resize_by_pillow(img: Array, size: tuple[int, int], interpolation: str) -> Array:
    if img.dtype != np.uint8:
        raise ValueError(f"img must be uint8 for Pillow, got {img.dtype}")
    return np.array(Image.fromarray(img).resize(size, PILLOW_FILTERS[interpolation]))


def _check_backend(backend: str | None) -> str:
    """Return the backend; 'cv2' for None, whatever `use_backend` has chosen for reading."""
    if backend not in (None, "cv2", "pillow"):
        raise ValueError(f"backend must be 'cv2' or 'pillow', got {backend!r}")
    return backend or "cv2"


def imresize_like(
    img: Array,
    dst_img: Array,
    return_scale: bool = False,
    interpolation: str = "bilinear",
    backend: str | None = None,
) -> Any:
    """Resize to the size of another image; see `imresize`.

    From: mmcv 1.7 and 2.2 `imresize_like`.
    """
    size = (dst_img.shape[1], dst_img.shape[0])
    return imresize(img, size, return_scale, interpolation, backend=backend)


def imresize_to_multiple(
    img: Array,
    divisor: int | tuple[int, int],
    size: int | tuple[int, int] | None = None,
    scale_factor: Scale | None = None,
    keep_ratio: bool = False,
    return_scale: bool = False,
    interpolation: str = "bilinear",
    out: Array | None = None,
    backend: str | None = None,
) -> Any:
    """Resize to `size` or by `scale_factor`, rounded up to multiples of `divisor`; see `imresize`.

    From: mmcv 1.7 and 2.2 `imresize_to_multiple`.
    """
    if (size is None) == (scale_factor is None):
        raise ValueError(
            f"one of size and scale_factor must be given, got {size!r} and {scale_factor!r}"
        )
    old = (img.shape[1], img.shape[0])
    if size is None:
        new = scale_size(old, to_2tuple(scale_factor))
    else:
        new = to_2tuple(size)
        new = rescale_size(old, tuple(new)) if keep_ratio else new
    new = tuple(-(-side // step) * step for side, step in zip(new, to_2tuple(divisor), strict=True))
    return imresize(img, new, return_scale, interpolation, out, backend)


def rescale_size(old_size: tuple[int, int], scale: Scale, return_scale: bool = False) -> Any:
    """Return a new `(width, height)` of the same aspect.

    Args:
        old_size: `(width, height)` [px].
        scale: A factor, or the largest long and short edge.
        return_scale: Return the factor as well.

    Examples:
        >>> rescale_size((500, 375), (256, 200)), rescale_size((500, 375), 2)
        ((256, 192), (1000, 750))

    From: mmcv 1.7 and 2.2 `rescale_size`.
    """
    if isinstance(scale, tuple):
        factor: float = min(max(scale) / max(old_size), min(scale) / min(old_size))
    elif isinstance(scale, int | float):
        factor = scale
    else:
        raise TypeError(f"scale must be a number or a tuple, got {scale!r}")
    if factor <= 0:
        raise ValueError(f"scale must be positive, got {scale!r}")
    new = scale_size(old_size, (factor, factor))
    return (new, factor) if return_scale else new


def imrescale(
    img: Array,
    scale: Scale,
    return_scale: bool = False,
    interpolation: str = "bilinear",
    backend: str | None = None,
) -> Any:
    """Resize and keep the aspect; see `rescale_size` and `imresize`.

    From: mmcv 1.7 and 2.2 `imrescale`.
    """
    height, width = img.shape[:2]
    size, factor = rescale_size((width, height), scale, return_scale=True)
    resized = imresize(img, size, interpolation=interpolation, backend=backend)
    return (resized, factor) if return_scale else resized


def impad(
    img: Array,
    *,
    shape: tuple[int, int] | None = None,
    padding: int | tuple[int, ...] | None = None,
    pad_val: float | Sequence[float] = 0,
    padding_mode: str = "constant",
) -> Array:
    """Add borders [px].

    Args:
        img: `(H, W)` or `(H, W, C)`.
        shape: Height and width to reach at the right and below; `padding` is the other way to say.
        padding: One number for all sides, (left and right, top and bottom), or (left, top, right,
            bottom).
        pad_val: One value per channel; **a single number fills the first channel only**.
        padding_mode: 'constant', 'edge', 'reflect' or 'symmetric'.

    From: mmcv 1.7 and 2.2 `impad`.
    """
    if (shape is None) == (padding is None):
        raise ValueError(f"one of shape and padding must be given, got {shape!r} and {padding!r}")
    if shape is not None:
        padding = (0, 0, max(shape[1] - img.shape[1], 0), max(shape[0] - img.shape[0], 0))
    sides = (padding,) * 4 if isinstance(padding, int) else tuple(padding or ())
    if len(sides) not in (2, 4):
        raise ValueError(f"padding must have 2 or 4 values, got {padding!r}")
    left, top, right, bottom = (*sides, *sides)[:4]
    box = {"left": left, "top": top, "right": right, "bottom": bottom}
    return pad_image(img, **box, value=pad_val, mode=padding_mode)


def impad_to_multiple(img: Array, divisor: int, pad_val: float | Sequence[float] = 0) -> Array:
    """Pad at the right and below to the next multiple of `divisor` [px].

    From: mmcv 1.7 and 2.2 `impad_to_multiple`.
    """
    height, width = (-(-side // divisor) * divisor for side in img.shape[:2])
    return impad(img, shape=(height, width), pad_val=pad_val)

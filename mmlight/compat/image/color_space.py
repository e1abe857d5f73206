"""Converts images between color spaces."""

import cv2

from mmlight.data.image import Array


def imconvert(img: Array, src: str, dst: str) -> Array:
    """Convert from one color space to another, by their names in cv2.

    Examples:
        >>> import numpy as np
        >>> imconvert(np.uint8([[[1, 2, 3]]]), "bgr", "rgb").ravel().tolist()
        [3, 2, 1]

    From: mmcv 1.7 and 2.2 `imconvert`.
    """
    return cv2.cvtColor(img, getattr(cv2, f"COLOR_{src.upper()}2{dst.upper()}"))


def bgr2gray(img: Array, keepdim: bool = False) -> Array:
    """Map BGR `(H, W, 3)` to grey `(H, W)`, or `(H, W, 1)` with `keepdim`.

    From: mmcv 1.7 and 2.2 `bgr2gray`.
    """
    grey = cv2.cvtColor(img, cv2.COLOR_BGR2GRAY)
    return grey[..., None] if keepdim else grey  # (H, W) -> (H, W, 1)


def rgb2gray(img: Array, keepdim: bool = False) -> Array:
    """Map RGB `(H, W, 3)` to grey `(H, W)`, or `(H, W, 1)` with `keepdim`.

    From: mmcv 1.7 and 2.2 `rgb2gray`.
    """
    grey = cv2.cvtColor(img, cv2.COLOR_RGB2GRAY)
    return grey[..., None] if keepdim else grey  # (H, W) -> (H, W, 1)


def gray2bgr(img: Array) -> Array:
    """Map grey `(H, W)` or `(H, W, 1)` to `(H, W, 3)`.

    From: mmcv 1.7 and 2.2 `gray2bgr`.
    """
    return cv2.cvtColor(img, cv2.COLOR_GRAY2BGR)


def gray2rgb(img: Array) -> Array:
    """Map grey `(H, W)` or `(H, W, 1)` to `(H, W, 3)`.

    From: mmcv 1.7 and 2.2 `gray2rgb`.
    """
    return cv2.cvtColor(img, cv2.COLOR_GRAY2RGB)


def bgr2rgb(img: Array) -> Array:
    """Reverse the three channels."""
    return cv2.cvtColor(img, cv2.COLOR_BGR2RGB)


def rgb2bgr(img: Array) -> Array:
    """Reverse the three channels."""
    return cv2.cvtColor(img, cv2.COLOR_RGB2BGR)


def bgr2hsv(img: Array) -> Array:
    """Map BGR to hue, saturation and value."""
    return cv2.cvtColor(img, cv2.COLOR_BGR2HSV)


def hsv2bgr(img: Array) -> Array:
    """Map hue, saturation and value to BGR."""
    return cv2.cvtColor(img, cv2.COLOR_HSV2BGR)


def bgr2hls(img: Array) -> Array:
    """Map BGR to hue, lightness and saturation."""
    return cv2.cvtColor(img, cv2.COLOR_BGR2HLS)


def hls2bgr(img: Array) -> Array:
    """Map hue, lightness and saturation to BGR."""
    return cv2.cvtColor(img, cv2.COLOR_HLS2BGR)

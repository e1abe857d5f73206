"""Pure functions on the colors of an image: factors, thresholds, hue, histograms.

An image is uint8 `(H, W, 3)` in BGR order, grey `(H, W)` where a function needs no color, or
float32 with the same range. No function writes into its input. What maps each value by itself is
done once for the 256 values and then looked up: the arithmetic, and so the result, stays that of
the whole array.
"""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from PIL import Image, ImageEnhance

from mmlight.data.image import Array

RAMP: Final = np.arange(256, dtype=np.uint8)
SMOOTH: Final = np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]]) / 13


def _map_values(image: Array, function: Callable[[Array], Array]) -> Array:
    if image.dtype != np.uint8:
        return function(image).astype(image.dtype)
    return cv2.LUT(image, function(RAMP).astype(np.uint8)).reshape(image.shape)  # (H, W, 1) too


def invert(image: Array) -> Array:
    """Return 255 minus the image."""
    return _map_values(image, lambda values: 255 - values)


def solarize(image: Array, threshold: float) -> Array:
    """Invert the values at and above `threshold`."""
    return _map_values(image, lambda values: np.where(values < threshold, values, 255 - values))


def solarize_add(image: Array, amount: float, threshold: float) -> Array:
    """Add `amount` to the values below `threshold`, up to 255."""

    def add(values: Array) -> Array:
        return np.where(values < threshold, np.minimum(values + amount, 255), values)

    return _map_values(image, add)


def posterize(image: Array, bits: int) -> Array:
    """Keep the `bits` highest of the 8 bits of a uint8 image."""
    shift = 8 - bits
    return _map_values(image, lambda values: np.left_shift(np.right_shift(values, shift), shift))


def adjust_brightness(image: Array, factor: float) -> Array:
    """Blend with black: 0 is black, 1 leaves the image, more is brighter.

    From: mmcv 1.7 and 2.x `adjust_brightness`, backend cv2 (truncates, does not round).
    """
    return _map_values(image, lambda values: _blend_value(values, 0, factor))


def adjust_contrast(image: Array, factor: float) -> Array:
    """Blend with the mean grey of the image.

    From: mmcv 1.7 and 2.x `adjust_contrast`, backend cv2.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    # the originals count by a histogram, which leaves out what lies beyond 0 and 255
    count = grey.size if grey.dtype == np.uint8 else np.sum((grey >= 0) & (grey <= 255))
    mean = round(grey.sum() / count)
    return _map_values(image, lambda values: _blend_value(values, mean, factor))


def _blend_value(values: Array, other: float, factor: float) -> Array:
    shape = values.shape
    floats = values.astype(np.float32)
    degenerate = np.full_like(floats, other)
    blended = cv2.addWeighted(floats, factor, degenerate, 1 - factor, 0)
    return np.clip(blended, 0, 255).reshape(shape)  # (256, 1) -> (256,)


def adjust_color(
    image: Array, factor: float, *, grey_factor: float | None = None, offset: float = 0
) -> Array:
    """Blend with the grey image: 0 is grey, 1 leaves the image, more is more colorful.

    Args:
        image: See above.
        factor: Weight of the image.
        grey_factor: Weight of the grey image; None means `1 - factor`.
        offset: Added to every value.

    From: mmcv 1.7 and 2.x `adjust_color`, backend cv2 (rounds).
    """
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    rest = 1 - factor if grey_factor is None else grey_factor
    blended = cv2.addWeighted(image, factor, grey, rest, offset)
    return blended if blended.dtype == np.uint8 else np.clip(blended, 0, 255)


def adjust_sharpness(image: Array, factor: float, kernel: Array = SMOOTH) -> Array:
    """Blend with the smoothed image: 0 is blurred, 1 leaves the image, more is sharper.

    Args:
        image: See above.
        factor: Weight of the image.
        kernel: What smooths it, float `(H, W)`.

    From: mmcv 1.7 and 2.x `adjust_sharpness` (truncates).
    """
    smooth = cv2.filter2D(image, -1, kernel).astype(np.float32)
    blended = cv2.addWeighted(image.astype(np.float32), factor, smooth, 1 - factor, 0, dst=smooth)
    return np.clip(blended, 0, 255, out=blended).astype(image.dtype)


def adjust_hue(image: Array, shift: float) -> Array:
    """Turn the hue by `shift` of a full circle, in [-0.5, 0.5].

    From: mmcv 2.x `adjust_hue`, backend cv2.
    """
    hsv = cv2.cvtColor(image.astype(np.uint8), cv2.COLOR_BGR2HSV_FULL)
    hsv[..., 0] += np.uint8(int(shift * 255) % 256)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR_FULL).astype(image.dtype, copy=False)


def adjust_lighting(image: Array, shift: Array, *, to_rgb: bool) -> Array:
    """Add `shift`, float64 `(3,)`, to the channels, reversed first with `to_rgb`; return float64.

    From: mmcv 1.7 and 2.x `adjust_lighting`.
    """
    floats: Array = image.astype(np.float32, order="C")  # cv2 writes into no other order
    if to_rgb:
        cv2.cvtColor(floats, cv2.COLOR_BGR2RGB, floats)
    return floats + shift


def auto_contrast(image: Array, cutoff: tuple[float, float] = (0, 0)) -> Array:
    """Stretch each channel of a uint8 image from its darkest and brightest value to 0 and 255.

    Args:
        image: See above.
        cutoff: How many of the darkest and of the brightest pixels to leave out of account [%].

    From: mmcv 1.7 and 2.x `auto_contrast` (truncates). Difference: any number of channels, of which
        the originals return the first three.
    """

    def stretch(histogram: Array) -> Array:
        below = np.cumsum(histogram)
        first = below[-1] * cutoff[0] // 100
        last = below[-1] - below[-1] * cutoff[1] // 100
        used = np.flatnonzero(np.diff(np.clip(below, first, last), prepend=first))
        low, high = used[0], used[-1]
        if low >= high:
            return RAMP
        scale = 255.0 / (high - low)
        table: Array = np.clip(RAMP * scale - low * scale, 0, 255)
        return table

    return _map_channels(image, stretch)


def equalize(image: Array) -> Array:
    """Spread the values of each channel of a uint8 image evenly.

    From: mmcv 1.7 and 2.x `imequalize`. Difference: see `auto_contrast`.
    """

    def spread(histogram: Array) -> Array:
        step = (histogram.sum() - histogram[np.flatnonzero(histogram)[-1]]) // 255
        if not step:
            return RAMP
        table = (np.cumsum(histogram) + step // 2) // step
        shifted: Array = np.concatenate([[0], table[:-1]])
        return np.minimum(shifted, 255)

    return _map_channels(image, spread)


def _map_channels(image: Array, to_table: Callable[[Array], Array]) -> Array:
    if image.dtype != np.uint8:
        raise ValueError(f"image must be uint8 for a histogram, got {image.dtype}")
    channels = 1 if image.ndim == 2 else image.shape[2]
    # float32 counts are exact up to 2 ** 24 pixels of one value
    counts = [
        cv2.calcHist([image], [c], None, [256], [0, 256]).ravel() for c in range(channels)
    ]  # (256, 1) -> (256,)
    tables = [to_table(count.astype(np.int64)).astype(np.uint8) for count in counts]
    return cv2.LUT(image, np.stack(tables, axis=-1)[None])  # (256, C) -> (1, 256, C)


class PillowColors:
    """The color changes of `ColorJitter` by Pillow, on an image that is converted only once.

    Args:
        image: uint8 `(H, W, 3)`, BGR.

    From: mmcv 2.x `adjust_brightness, adjust_contrast, adjust_color, adjust_hue`, backend pillow.
    """

    def __init__(self, image: Array) -> None:
        self._picture = Image.fromarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))

    def adjust(self, name: str, amount: float) -> None:
        """Change 'brightness', 'contrast', 'saturation' (factors) or 'hue' (part of a circle)."""
        if name == "hue":
            self._shift_hue(amount)
            return
        enhance = {
            "brightness": ImageEnhance.Brightness,
            "contrast": ImageEnhance.Contrast,
            "saturation": ImageEnhance.Color,
        }[name]
        self._picture = enhance(self._picture).enhance(amount)

    def _shift_hue(self, shift: float) -> None:
        hue, saturation, value = self._picture.convert("HSV").split()
        turned = np.array(hue) + np.uint8(int(shift * 255) % 256)  # wraps around: hue is a circle
        self._picture = Image.merge("HSV", (Image.fromarray(turned), saturation, value)).convert(
            "RGB"
        )

    def to_array(self) -> Array:
        """Return the image, uint8 `(H, W, 3)`, BGR."""
        return cv2.cvtColor(np.array(self._picture), cv2.COLOR_RGB2BGR)

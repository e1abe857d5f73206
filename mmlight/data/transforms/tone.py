"""Operations on the colors: contrast, histogram, threshold, bits, sharpness, blur."""

import math
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from mmlight.data.image import Array
from mmlight.data.transforms import color
from mmlight.data.transforms.operation import Operation


class _Plain(Operation):
    """Base of the operations without a magnitude."""

    magnitude_name = None

    def __init__(self, prob: float = 0.5, **level: Any) -> None:
        super().__init__(None, prob, **level)


class AutoContrast(_Plain):
    """Stretch each channel to the full range. Takes `prob`; further arguments have no effect."""

    def _change(self, img: Array, magnitude: None) -> Array:
        return color.auto_contrast(img)


class Invert(_Plain):
    """Invert the values. Takes `prob`; further arguments have no effect."""

    def _change(self, img: Array, magnitude: None) -> Array:
        return color.invert(img)


class Equalize(_Plain):
    """Equalize the histogram of each channel. Takes `prob`; further arguments have no effect."""

    def _change(self, img: Array, magnitude: None) -> Array:
        return color.equalize(img)


class Solarize(Operation):
    """Invert the values at and above a threshold.

    Args:
        thr: Threshold, 0 to 256.
        prob: Probability of acting.
        **level: See `Operation`.
    """

    magnitude_name = "thr"

    def __init__(self, thr: float | None = None, prob: float = 0.5, **level: Any) -> None:
        super().__init__(thr, prob, **level)

    def _change(self, img: Array, magnitude: float) -> Array:
        return color.solarize(img, magnitude)


class SolarizeAdd(Operation):
    """Add to the values below a threshold.

    Args:
        magnitude: What is added, up to a value of 255.
        thr: Threshold.
        prob: Probability of acting.
        **level: See `Operation`.
    """

    def __init__(
        self, magnitude: float | None = None, thr: float = 128, prob: float = 0.5, **level: Any
    ) -> None:
        super().__init__(magnitude, prob, **level)
        self.thr = thr

    def _change(self, img: Array, magnitude: float) -> Array:
        return color.solarize_add(img, magnitude, self.thr)


class Posterize(Operation):
    """Keep the highest bits of the values.

    Args:
        bits: How many, at most 8; fractions are rounded up.
        prob: Probability of acting.
        **level: See `Operation`.
    """

    magnitude_name = "bits"

    def __init__(self, bits: float | None = None, prob: float = 0.5, **level: Any) -> None:
        super().__init__(bits, prob, **level)
        if bits is not None and bits > 8:
            raise ValueError(f"bits must be at most 8, got {bits!r}")

    def _change(self, img: Array, magnitude: float) -> Array:
        return color.posterize(img, math.ceil(magnitude))


class Contrast(Operation):
    """Change the contrast by the factor 1 + `magnitude`. See `Operation` for the arguments."""

    signed = True

    def _change(self, img: Array, magnitude: float) -> Array:
        return color.adjust_contrast(img, 1 + magnitude)


class ColorTransform(Operation):
    """Change the saturation by the factor 1 + `magnitude`. See `Operation` for the arguments."""

    signed = True

    def _change(self, img: Array, magnitude: float) -> Array:
        return color.adjust_color(img, 1 + magnitude)


class Brightness(Operation):
    """Change the brightness by the factor 1 + `magnitude`. See `Operation` for the arguments."""

    signed = True

    def _change(self, img: Array, magnitude: float) -> Array:
        return color.adjust_brightness(img, 1 + magnitude)


class Sharpness(Operation):
    """Change the sharpness by the factor 1 + `magnitude`. See `Operation` for the arguments."""

    signed = True

    def _change(self, img: Array, magnitude: float) -> Array:
        return color.adjust_sharpness(img, 1 + magnitude)


class GaussianBlur(Operation):
    """Blur with Pillow's Gaussian.

    Args:
        radius: Deviation [px].
        prob: Probability of acting.
        **level: See `Operation`.
    """

    magnitude_name = "radius"

    def __init__(self, radius: float | None = None, prob: float = 0.5, **level: Any) -> None:
        super().__init__(radius, prob, **level)

    def _change(self, img: Array, magnitude: float) -> Array:
        blurred = Image.fromarray(img).filter(ImageFilter.GaussianBlur(radius=magnitude))
        return np.array(blurred, dtype=img.dtype)

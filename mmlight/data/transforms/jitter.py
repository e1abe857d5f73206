"""Random changes of color: ColorJitter, Lighting, RandomGrayscale."""

import random
from collections.abc import Callable, Sequence
from typing import Final

import cv2
import numpy as np

from mmlight.data.image import Array
from mmlight.data.transforms import color
from mmlight.data.transforms.contract import (
    Generation,
    Results,
    check_choice,
    check_fraction,
    check_generation,
)

Amount = float | Sequence[float]
ADJUST: Final[dict[str, Callable[[Array, float], Array]]] = {
    "brightness": color.adjust_brightness,
    "contrast": color.adjust_contrast,
    "saturation": color.adjust_color,
    "hue": color.adjust_hue,
}


class ColorJitter:
    """Change brightness, contrast, saturation and hue of `img` by random amounts in random order.

    Args:
        brightness: x for a factor from [max(0, 1 - x), 1 + x], or (min, max).
        contrast: As `brightness`.
        saturation: As `brightness`.
        hue: x for a shift from [-x, x], or (min, max), within [-0.5, 0.5] of a circle. '1.x' only.
        backend: 'pillow' or 'cv2' for '1.x'. '0.x' is always cv2.
        generation: '0.x' draws an amount from [0, x] with `random` and its sign with
            `numpy.random`, and knows neither (min, max) nor `hue`; '1.x' draws the factor from
            `numpy.random`.

    From: mmcls 0.25 `ColorJitter` / mmpretrain 1.2 `ColorJitter`.
    """

    def __init__(
        self,
        brightness: Amount = 0.0,
        contrast: Amount = 0.0,
        saturation: Amount = 0.0,
        hue: Amount = 0.0,
        backend: str = "pillow",
        *,
        generation: Generation = "1.x",
    ) -> None:
        check_choice("backend", backend, ("pillow", "cv2"))
        check_generation(generation)
        amounts = {"brightness": brightness, "contrast": contrast, "saturation": saturation}
        if generation == "0.x" and (
            hue or not all(isinstance(a, int | float) for a in amounts.values())
        ):
            raise ValueError(
                f"amounts must be single numbers without hue in '0.x', got {amounts}, hue={hue}"
            )
        self.backend = backend
        self.generation = generation
        self._amounts = amounts
        self._ranges = [
            (name, _to_range(name, amount, center=1, bounds=(0, float("inf"))))
            for name, amount in amounts.items()
        ]
        self._ranges.append(("hue", _to_range("hue", hue, center=0, bounds=(-0.5, 0.5))))

    def __call__(self, results: Results) -> Results:
        """Change the colors."""
        img = results["img"]
        if self.generation == "0.x":
            for name, factor in self._draw_signed():
                img = ADJUST[name](img, factor)
        elif changes := self._draw_factors():
            img = (
                _apply_pillow(img, changes)
                if self.backend == "pillow"
                else _apply_cv2(img, changes)
            )
        results["img"] = img
        return results

    def _draw_factors(self) -> list[tuple[str, float]]:
        order = np.random.permutation(4)
        drawn = [
            None if bounds is None else np.random.uniform(*bounds) for _, bounds in self._ranges
        ]
        return [(self._ranges[i][0], amount) for i in order if (amount := drawn[i]) is not None]

    def _draw_signed(self) -> list[tuple[str, float]]:
        amounts = [(name, random.uniform(0, amount)) for name, amount in self._amounts.items()]  # type: ignore[arg-type]
        random.shuffle(amounts)
        factors = []
        for name, amount in amounts:
            np.random.rand()  # the original's operations have a probability of 1, and draw for it
            factors.append((name, 1 - amount if np.random.rand() < 0.5 else 1 + amount))
        return factors


def _apply_pillow(img: Array, changes: list[tuple[str, float]]) -> Array:
    colors = color.PillowColors(img)
    for name, amount in changes:
        colors.adjust(name, amount)
    return colors.to_array()


def _apply_cv2(img: Array, changes: list[tuple[str, float]]) -> Array:
    for name, amount in changes:
        img = ADJUST[name](img, amount)
    return img


def _to_range(
    name: str, value: Amount, *, center: float, bounds: tuple[float, float]
) -> tuple[float, float] | None:
    if isinstance(value, int | float):
        if value < 0:
            raise ValueError(f"{name} must not be negative, got {value!r}")
        value = (center - value, center + value)
    if len(value) != 2 or value[0] > value[1]:
        raise ValueError(f"{name} must be a number or (min, max), got {value!r}")
    low, high = (float(min(max(bounds[0], edge), bounds[1])) for edge in value)
    return None if low == high == center else (low, high)


class Lighting:
    """Shift the colors of `img` along the principal components of the data set's colors.

    Args:
        eigval: Eigenvalues `(n,)` of the covariance of the pixels.
        eigvec: Eigenvectors, 3 rows of n.
        alphastd: Deviation of the normal weight of each component.
        to_rgb: Reverse the channels first.
        generation: '0.x' returns float64; '1.x' casts back to the image's type, **where values
            below 0 or above 255 wrap around**, as the original's do.

    From: mmcls 0.25 `Lighting`, whose `to_rgb` is True by default / mmpretrain 1.2 `Lighting`.
    """

    def __init__(
        self,
        eigval: Sequence[float],
        eigvec: Sequence[Sequence[float]],
        alphastd: float = 0.1,
        to_rgb: bool = False,
        *,
        generation: Generation = "1.x",
    ) -> None:
        check_generation(generation)
        self.eigval = np.array(eigval)
        self.eigvec = np.array(eigvec)
        if self.eigvec.shape != (3, len(self.eigval)):
            raise ValueError(
                f"eigvec must be (3, {len(self.eigval)}) as eigval is, got {self.eigvec.shape}"
            )
        self.alphastd = alphastd
        self.to_rgb = to_rgb
        self.generation = generation

    def __call__(self, results: Results) -> Results:
        """Shift the colors."""
        img = results["img"]
        alpha = np.random.normal(0, self.alphastd, len(self.eigval))
        shift = (self.eigvec * alpha * self.eigval).sum(axis=1)  # (3, n) -> (3,)
        lit = color.adjust_lighting(img, shift, to_rgb=self.to_rgb)
        if self.generation == "1.x":
            with np.errstate(invalid="ignore"):
                lit = lit.astype(img.dtype)
        results["img"] = lit
        return results


class RandomGrayscale:
    """Make `img` grey with a probability.

    Args:
        prob: Probability of grey.
        keep_channels: Repeat the grey channel as often as the image had channels; otherwise the
            result is `(H, W)`.
        channel_weights: Weights of the channels, scaled to a sum of 1. '1.x' only.
        color_format: 'bgr', 'rgb' or 'hsv'; an 'hsv' image is always turned into BGR first.
        generation: '0.x' weighs as for RGB, although the image is BGR, rounds and keeps the
            channels; '1.x' truncates.

    From: mmcls 0.25 `RandomGrayscale`, whose `prob` is called `gray_prob` / mmcv 2.x
        `RandomGrayscale`.
    """

    def __init__(
        self,
        prob: float = 0.1,
        keep_channels: bool = False,
        channel_weights: Sequence[float] = (1.0, 1.0, 1.0),
        color_format: str = "bgr",
        *,
        generation: Generation = "1.x",
    ) -> None:
        check_fraction("prob", prob)
        check_choice("color_format", color_format, ("bgr", "rgb", "hsv"))
        check_generation(generation)
        self.prob = prob
        self.keep_channels = keep_channels
        self.channel_weights = channel_weights
        self.color_format = color_format
        self.generation = generation

    def __call__(self, results: Results) -> Results:
        """Draw once; make the image grey or leave it."""
        img = results["img"]
        if self.color_format == "hsv":
            img = cv2.cvtColor(img, cv2.COLOR_HSV2BGR)
        grey = random.random() < self.prob
        if self.generation == "0.x":
            if grey and img.shape[2] > 1:
                img = cv2.merge([cv2.cvtColor(img, cv2.COLOR_RGB2GRAY)] * img.shape[2])
        else:
            img = self._mix(img[..., None] if img.ndim == 2 else img, grey)
        results["img"] = img
        return results

    def _mix(self, img: Array, grey: bool) -> Array:
        channels = img.shape[2]
        if not grey or channels == 1:
            return img.astype(np.uint8, copy=False)
        if len(self.channel_weights) != channels:
            raise ValueError(
                f"channel_weights must have {channels} values, got {self.channel_weights!r}"
            )
        weights = np.array(self.channel_weights) / sum(self.channel_weights)
        mixed: Array = (weights * img).sum(axis=2).astype(np.uint8)  # (H, W, C) -> (H, W)
        return np.repeat(mixed[..., None], channels, axis=2) if self.keep_channels else mixed

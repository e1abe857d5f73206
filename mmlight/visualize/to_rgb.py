"""Turns whatever a pipeline makes of an image into pixels that can be shown."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

Array = NDArray[Any]


@dataclass(frozen=True)
class Meaning:
    """What the values of an image mean.

    Args:
        order: 'BGR' or 'RGB', for images of three channels.
        mean: What a Normalize has subtracted, a value per channel in the order of `order`.
        std: What it has divided by.
    """

    order: str = "BGR"
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None

    def flip(self) -> "Meaning":
        """Return the meaning of the same image after its channels are reversed."""
        mean, std = (None if v is None else v[::-1] for v in (self.mean, self.std))
        return Meaning("RGB" if self.order == "BGR" else "BGR", mean, std)


def to_rgb(image: Any, meaning: Meaning | None = None) -> NDArray[np.uint8]:
    """Turn an image into pixels.

    Args:
        image: An array `(H, W)`, `(H, W, C)` or `(C, H, W)`, a tensor `(H, W)` or `(C, H, W)`, or a
            picture of Pillow. Of four channels the last is left out, of two the second.
        meaning: What its values mean. Floats that are not normalized are 0 to 1 if none is above 1,
            else 0 to 255.

    Returns:
        uint8 `(H, W, 3)` RGB.

    Examples:
        >>> to_rgb(np.full((2, 2), 0.5, np.float32))[0, 0].tolist()
        [128, 128, 128]
    """
    meaning = meaning or Meaning()
    array = _to_hwc(image)
    if array.shape[2] in (2, 4):
        array = array[..., :-1]
    if array.shape[2] != 3:
        array = array[..., :1]
    pixels = _to_bytes(array, meaning)
    if pixels.shape[2] == 1:
        return np.repeat(pixels, 3, axis=2)
    return np.ascontiguousarray(pixels[..., ::-1] if meaning.order == "BGR" else pixels)


def list_images(value: Any) -> Iterator[Any]:
    """Yield the images of a value: itself, or those of a list, as MultiView makes it.

    Examples:
        >>> list(list_images([1, [2, 3]]))
        [1, 2, 3]
    """
    if isinstance(value, list | tuple):
        for item in value:
            yield from list_images(item)
    else:
        yield value


def size_of(image: Any) -> tuple[int, int]:
    """Return `(width, height)` [px] of anything that `to_rgb` takes."""
    if isinstance(image, Image.Image):
        return image.size
    height, width = _to_hwc(image).shape[:2]
    return width, height


def _to_hwc(image: Any) -> Array:
    if isinstance(image, Image.Image):
        simple = image if image.mode in ("L", "RGB", "RGBA", "F") else image.convert("RGB")
        return np.atleast_3d(np.asarray(simple))
    is_tensor = isinstance(image, Tensor)
    if is_tensor:
        image = image.detach().cpu()
        image = image.float() if image.is_floating_point() else image  # NumPy has no bfloat16
    array = np.asarray(image)
    if array.ndim == 2:
        return array[..., None]  # (H, W) -> (H, W, 1)
    if array.ndim != 3:
        raise ValueError(f"image must have 2 or 3 dimensions, got {array.ndim}")
    is_chw = is_tensor or (array.shape[2] not in (1, 2, 3, 4) and array.shape[0] in (1, 2, 3, 4))
    return array.transpose(1, 2, 0) if is_chw else array  # (C, H, W) -> (H, W, C)


def _to_bytes(array: Array, meaning: Meaning) -> NDArray[np.uint8]:
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.uint16:
        return (array >> 8).astype(np.uint8)
    values = np.nan_to_num(array.astype(np.float32))
    is_unit = bool(values.size) and values.max() <= 1 and array.dtype.kind != "i"
    if meaning.mean is not None and meaning.std is not None and array.dtype.kind == "f":
        mean, std = (np.array(v, np.float32)[: array.shape[2]] for v in (meaning.mean, meaning.std))
        values = values * std + mean
        is_unit = max(meaning.mean) <= 1 and max(meaning.std) <= 1
    scaled = np.rint((values * (255 if is_unit else 1)).clip(0, 255))
    pixels: NDArray[np.uint8] = scaled.astype(np.uint8)
    return pixels

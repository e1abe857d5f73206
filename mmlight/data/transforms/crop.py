"""Crops of a given size: from the middle, or at random."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mmlight.data.image import PAD_MODES, Array, crop_image, pad_image, resize_image
from mmlight.data.transforms.contract import (
    Generation,
    Results,
    check_choice,
    check_generation,
    draw_offset,
    shape_of,
    to_pair,
)
from mmlight.data.transforms.pad import Pad
from mmlight.data.transforms.resize import check_filter


class CenterCrop:
    """Crop the middle of `img`; update `img_shape` `(H, W)`, add `pad_shape`.

    Args:
        crop_size: `(width, height)` [px]; one number for both. A smaller image keeps its size.
        auto_pad: Pad a smaller image to the crop size first.
        pad_cfg: Further arguments of `Pad` for that.
        generation: In '0.x' `img_shape` has the channels.

    Examples:
        >>> import numpy as np
        >>> CenterCrop(224)({"img": np.zeros((256, 300, 3), np.uint8)})["img"].shape
        (224, 224, 3)

    From: mmcv 2.x `CenterCrop`, images only / mmcls 0.25 `CenterCrop`, whose `crop_size` is
        `(height, width)` and which adds no `pad_shape`.
    """

    def __init__(
        self,
        crop_size: int | Sequence[int],
        auto_pad: bool = False,
        pad_cfg: Mapping[str, Any] | None = None,
        *,
        generation: Generation = "1.x",
    ) -> None:
        check_generation(generation)
        self.crop_size = to_pair("crop_size", crop_size)
        self.auto_pad = auto_pad
        self.generation = generation
        self.pad_cfg = {
            key: value for key, value in (pad_cfg or {}).items() if key not in ("type", "size")
        }

    def __call__(self, results: Results) -> Results:
        """Crop the image."""
        width, height = self.crop_size
        img_height, img_width = results["img"].shape[:2]
        if self.auto_pad and (height > img_height or width > img_width):
            img_height, img_width = max(height, img_height), max(width, img_width)
            results = Pad(size=(img_width, img_height), **self.pad_cfg)(results)
        top = max(0, round((img_height - height) / 2))
        left = max(0, round((img_width - width) / 2))
        img = crop_image(results["img"], top=top, left=left, height=height, width=width)
        results["img"] = img
        results["pad_shape"] = img.shape[:2]
        results["img_shape"] = shape_of(img, self.generation)
        return results


class RandomCrop:
    """Crop `img` at a random place; update `img_shape` (with the channels).

    Args:
        crop_size: `(height, width)` [px]; one number for both.
        padding: Borders to add first [px]: one number, (left and right, top and bottom), or (left,
            top, right, bottom). They are always constant, whatever `padding_mode` is.
        pad_if_needed: Pad a smaller image until the crop fits.
        pad_val: Value of the padding, one per channel; a single number fills the first channel
            only.
        padding_mode: 'constant', 'edge', 'reflect' or 'symmetric', for `pad_if_needed`.
        generation: '0.x' draws from `random`, pads with the whole missing size on both sides, and
            refuses an image that is smaller than the crop, and leaves `img_shape` as it was; '1.x'
            draws from `numpy.random`, pads with half of it, and crops less.

    From: mmcls 0.25 `RandomCrop`, whose `crop_size` is called `size` / mmpretrain 1.2 `RandomCrop`.
    """

    def __init__(
        self,
        crop_size: int | Sequence[int],
        padding: int | Sequence[int] | None = None,
        pad_if_needed: bool = False,
        pad_val: float | Sequence[float] = 0,
        padding_mode: str = "constant",
        *,
        generation: Generation = "1.x",
    ) -> None:
        check_choice("padding_mode", padding_mode, PAD_MODES)
        check_generation(generation)
        self.crop_size = to_pair("crop_size", crop_size)
        self.padding = None if padding is None else _to_borders(padding)
        self.pad_if_needed = pad_if_needed
        self.pad_val = pad_val
        self.padding_mode = padding_mode
        self.generation = generation

    def __call__(self, results: Results) -> Results:
        """Crop the image."""
        img = results["img"]
        if self.padding is not None:
            left, top, right, bottom = self.padding
            img = pad_image(img, left=left, top=top, right=right, bottom=bottom, value=self.pad_val)
        if self.pad_if_needed:
            img = self._pad_to_fit(img)
        top, left, height, width = self._draw_box(*img.shape[:2])
        results["img"] = img = crop_image(img, top=top, left=left, height=height, width=width)
        if self.generation == "1.x":
            results["img_shape"] = img.shape
        return results

    def _pad_to_fit(self, img: Array) -> Array:
        missing = [
            max(0, size - have) for size, have in zip(self.crop_size, img.shape, strict=False)
        ]
        if not any(missing):
            return img
        if self.generation == "1.x":
            missing = [math.ceil(size / 2) for size in missing]
        y, x = missing
        return pad_image(
            img, left=x, top=y, right=x, bottom=y, value=self.pad_val, mode=self.padding_mode
        )

    def _draw_box(self, img_height: int, img_width: int) -> tuple[int, int, int, int]:
        height, width = self.crop_size
        if (img_height, img_width) == (height, width):
            return 0, 0, height, width
        if self.generation == "0.x" and (img_height < height or img_width < width):
            raise ValueError(
                f"crop_size must fit the image of {(img_height, img_width)}, got {self.crop_size}"
            )
        height, width = min(height, img_height), min(width, img_width)
        top = draw_offset(img_height - height, self.generation)
        left = draw_offset(img_width - width, self.generation)
        return top, left, height, width


def _to_borders(padding: int | Sequence[int]) -> tuple[int, int, int, int]:
    if isinstance(padding, int):
        return padding, padding, padding, padding
    if len(padding) == 2:
        return padding[0], padding[1], padding[0], padding[1]
    if len(padding) == 4:
        return padding[0], padding[1], padding[2], padding[3]
    raise ValueError(f"padding must be one, two or four integers, got {padding!r}")


class EfficientNetCenterCrop:
    """Crop the middle in proportion to the shorter edge, then resize.

    Updates `img_shape`, with the channels.

    Args:
        crop_size: Edge of the square result [px].
        crop_padding: The crop takes `crop_size / (crop_size + crop_padding)` of the shorter edge.
        interpolation: See `Resize`.
        backend: 'cv2' or 'pillow'.

    From: mmpretrain 1.2 `EfficientNetCenterCrop` / mmcls 0.25
    `CenterCrop(efficientnet_style=True)`, whose default interpolation is 'bilinear'.
    """

    def __init__(
        self,
        crop_size: int,
        crop_padding: int = 32,
        interpolation: str = "bicubic",
        backend: str = "cv2",
    ) -> None:
        if crop_size <= 0 or crop_padding < 0:
            raise ValueError(
                f"crop_size must be > 0 and crop_padding >= 0, got {crop_size}, {crop_padding}"
            )
        check_filter(backend, interpolation)
        self.crop_size = crop_size
        self.crop_padding = crop_padding
        self.interpolation = interpolation
        self.backend = backend

    def __call__(self, results: Results) -> Results:
        """Crop and resize the image."""
        img = results["img"]
        height, width = img.shape[:2]
        top, left, edge = center_box(height, width, self.crop_size, self.crop_padding)
        img = crop_image(img, top=top, left=left, height=edge, width=edge)
        size = (self.crop_size, self.crop_size)
        img = resize_image(img, size, interpolation=self.interpolation, backend=self.backend)
        results["img"] = img
        results["img_shape"] = img.shape
        return results


def center_box(height: int, width: int, crop_size: int, crop_padding: int) -> tuple[int, int, int]:
    """Return top, left and edge [px] of EfficientNet's square centre crop.

    It has at least one pixel, where the originals fail or make a black image.

    Examples:
        >>> center_box(375, 500, 224, 32)
        (23, 86, 328)
    """
    edge = crop_size / (crop_size + crop_padding) * min(height, width)
    top = max(0, round((height - edge) / 2))
    left = max(0, round((width - edge) / 2))
    return top, left, int(edge - 1) + 1

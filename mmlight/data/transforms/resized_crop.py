"""Random crops of random area and aspect, resized to a fixed size."""

import math
from collections.abc import Sequence

from mmlight.data.image import crop_image, resize_image
from mmlight.data.transforms.contract import (
    Generation,
    Results,
    check_generation,
    draw_offset,
    draw_uniform,
    to_pair,
)
from mmlight.data.transforms.crop import center_box
from mmlight.data.transforms.resize import check_filter

Range = Sequence[float]
Box = tuple[int, int, int, int]


def _check_range(name: str, value: Range) -> tuple[float, float]:
    if len(value) != 2 or value[0] > value[1]:
        raise ValueError(f"{name} must be (min, max), got {value!r}")
    return value[0], value[1]


class RandomResizedCrop:
    """Crop a box of random area and aspect from `img` and resize it.

    Updates `img_shape`, with the channels.

    Args:
        scale: Resulting `(height, width)` [px]; one number for both.
        crop_ratio_range: Area of the crop as a fraction of the image, (min, max).
        aspect_ratio_range: Width divided by height, (min, max).
        max_attempts: Draws before a centre crop is taken.
        interpolation: See `Resize`.
        backend: 'cv2' or 'pillow'.
        generation: '0.x' draws from `random` and leaves `img_shape` as it was, '1.x' draws from
            `numpy.random`.

    Examples:
        >>> import numpy as np
        >>> RandomResizedCrop(8)({"img": np.zeros((20, 30, 3), np.uint8)})["img"].shape
        (8, 8, 3)

    From: mmcls 0.25 `RandomResizedCrop` (`size`, `scale`, `ratio`) / mmpretrain 1.2
        `RandomResizedCrop`. Difference: a centre crop has at least one pixel per edge, where the
        originals fail or make a black image.
    """

    def __init__(
        self,
        scale: int | Sequence[int],
        crop_ratio_range: Range = (0.08, 1.0),
        aspect_ratio_range: Range = (3 / 4, 4 / 3),
        max_attempts: int = 10,
        interpolation: str = "bilinear",
        backend: str = "cv2",
        *,
        generation: Generation = "1.x",
    ) -> None:
        check_filter(backend, interpolation)
        check_generation(generation)
        self.scale = to_pair("scale", scale)
        self.crop_ratio_range = _check_range("crop_ratio_range", crop_ratio_range)
        self.aspect_ratio_range = _check_range("aspect_ratio_range", aspect_ratio_range)
        self.max_attempts = max_attempts
        self.interpolation = interpolation
        self.backend = backend
        self.generation = generation

    def __call__(self, results: Results) -> Results:
        """Crop and resize the image."""
        img = results["img"]
        top, left, height, width = self._draw_box(*img.shape[:2])
        img = crop_image(img, top=top, left=left, height=height, width=width)
        size = (self.scale[1], self.scale[0])
        img = resize_image(img, size, interpolation=self.interpolation, backend=self.backend)
        results["img"] = img
        if self.generation == "1.x":
            results["img_shape"] = img.shape
        return results

    def _draw_box(self, img_height: int, img_width: int) -> Box:
        low, high = (math.log(ratio) for ratio in self.aspect_ratio_range)
        for _ in range(self.max_attempts):
            area = draw_uniform(*self.crop_ratio_range, self.generation) * (img_height * img_width)
            aspect = math.exp(draw_uniform(low, high, self.generation))
            width = round(math.sqrt(area * aspect))
            height = round(math.sqrt(area / aspect))
            if 0 < width <= img_width and 0 < height <= img_height:
                top = draw_offset(img_height - height, self.generation)
                left = draw_offset(img_width - width, self.generation)
                return top, left, height, width
        return self._center_box(img_height, img_width)

    def _center_box(self, img_height: int, img_width: int) -> Box:
        height, width = img_height, img_width
        narrowest, widest = self.aspect_ratio_range
        aspect = img_width / img_height
        if aspect < narrowest:
            height = max(1, round(width / narrowest))
        elif aspect > widest:
            width = max(1, round(height * widest))
        return (img_height - height) // 2, (img_width - width) // 2, height, width


class EfficientNetRandomCrop(RandomResizedCrop):
    """Crop a box whose height is drawn uniformly, as EfficientNet did, and resize it.

    Args:
        scale: Edge of the square result [px].
        min_covered: Smallest area of the crop as a fraction of the image.
        crop_padding: For the centre crop that is taken after `max_attempts`, see
            `EfficientNetCenterCrop`.
        crop_ratio_range: Area of the crop as a fraction of the image, (min, max).
        aspect_ratio_range: Width divided by height, (min, max).
        max_attempts: Draws before a centre crop is taken.
        interpolation: See `Resize`.
        backend: 'cv2' or 'pillow'.
        generation: '0.x' draws from `random` and leaves `img_shape` as it was, '1.x' draws from
            `numpy.random`.

    From: mmpretrain 1.2 `EfficientNetRandomCrop` / mmcls 0.25
    `RandomResizedCrop(efficientnet_style=True)`, whose default interpolation is 'bilinear'.
    """

    def __init__(
        self,
        scale: int,
        min_covered: float = 0.1,
        crop_padding: int = 32,
        interpolation: str = "bicubic",
        crop_ratio_range: Range = (0.08, 1.0),
        aspect_ratio_range: Range = (3 / 4, 4 / 3),
        max_attempts: int = 10,
        backend: str = "cv2",
        *,
        generation: Generation = "1.x",
    ) -> None:
        if not isinstance(scale, int):
            raise ValueError(f"scale must be one number, the result is square, got {scale!r}")
        if min_covered < 0 or crop_padding < 0:
            raise ValueError(
                f"min_covered and crop_padding must be >= 0, got {min_covered}, {crop_padding}"
            )
        super().__init__(
            *(scale, crop_ratio_range, aspect_ratio_range, max_attempts, interpolation, backend),
            generation=generation,
        )
        self.min_covered = min_covered
        self.crop_padding = crop_padding

    def _draw_box(self, img_height: int, img_width: int) -> Box:
        area = img_height * img_width
        smallest, largest = (ratio * area for ratio in self.crop_ratio_range)
        for _ in range(self.max_attempts):
            aspect = draw_uniform(*self.aspect_ratio_range, self.generation)
            max_height = round(math.sqrt(largest / aspect))
            if max_height * aspect > img_width:
                max_height = int((img_width + 0.5 - 1e-7) / aspect)
                max_height -= max_height * aspect > img_width
            max_height = min(max_height, img_height)
            min_height = min(max_height, round(math.sqrt(smallest / aspect)))
            height = round(draw_uniform(min_height, max_height, self.generation))
            width = round(height * aspect)
            fits = width <= img_width and height <= img_height
            if fits and max(smallest, self.min_covered * area) <= height * width <= largest:
                top = draw_offset(img_height - height, self.generation)
                left = draw_offset(img_width - width, self.generation)
                return top, left, height, width
        top, left, edge = center_box(img_height, img_width, self.scale[0], self.crop_padding)
        return top, left, edge, edge

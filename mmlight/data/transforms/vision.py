"""Transforms of torchvision as steps of a pipeline, on Pillow images or tensors."""

import math
from collections.abc import Sequence
from typing import Any, Final

import torch
from torchvision import transforms
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as vision

from mmlight.data.transforms.contract import Results, check_choice

FILTERS: Final = {
    "nearest": InterpolationMode.NEAREST,
    "bilinear": InterpolationMode.BILINEAR,
    "bicubic": InterpolationMode.BICUBIC,
    "box": InterpolationMode.BOX,
    "hamming": InterpolationMode.HAMMING,
    "hammimg": InterpolationMode.HAMMING,  # as mmpretrain spells it
    "lanczos": InterpolationMode.LANCZOS,
}


class TorchVision:
    """Apply a transform of torchvision to `img`; it draws from torch's generator.

    Args:
        name: Its name in `torchvision.transforms`.
        **arguments: Its arguments. `interpolation` may be a word ('nearest', 'bilinear', 'bicubic',
            'box', 'hamming', 'lanczos') and `dtype` the name of a type of torch.

    Examples:
        >>> from PIL import Image
        >>> TorchVision("Resize", size=4)({"img": Image.new("RGB", (6, 6))})["img"].size
        (4, 4)

    From: mmpretrain 1.2 `torchvision/<name>`.
    """

    def __init__(self, name: str, **arguments: Any) -> None:
        transform = getattr(transforms, name, None)
        if not isinstance(transform, type):
            raise ValueError(f"name must be a transform of torchvision, got {name!r}")
        interpolation, dtype = arguments.get("interpolation"), arguments.get("dtype")
        if isinstance(interpolation, str):
            check_choice("interpolation", interpolation.lower(), FILTERS)
            arguments["interpolation"] = FILTERS[interpolation.lower()]
        if isinstance(dtype, str):
            arguments["dtype"] = getattr(torch, dtype, None)
            if not isinstance(arguments["dtype"], torch.dtype):
                raise ValueError(f"dtype must be a type of torch, got {dtype!r}")
        self.name = name
        self.transform = transform(**arguments)

    def __call__(self, results: Results) -> Results:
        """Transform the image."""
        results["img"] = self.transform(results["img"])
        return results


class MAERandomResizedCrop:
    """Crop a box of random area and aspect from the Pillow image `img`, in one draw, and resize it.

    A box that is larger than the image is cut to it. Draws from torch's generator.

    Args:
        size: Resulting `(height, width)` [px], or one number for both.
        scale: Area of the crop as a fraction of the image, (min, max).
        ratio: Width divided by height, (min, max).
        interpolation: A word as in `TorchVision`, or Pillow's number of the filter.
        antialias: Whether to filter before shrinking; Pillow images always are.

    Examples:
        >>> from PIL import Image
        >>> MAERandomResizedCrop(4)({"img": Image.new("RGB", (9, 6))})["img"].size
        (4, 4)

    From: mmpretrain 1.2 `MAERandomResizedCrop`.
    """

    def __init__(
        self,
        size: int | Sequence[int],
        scale: Sequence[float] = (0.08, 1.0),
        ratio: Sequence[float] = (3 / 4, 4 / 3),
        interpolation: str | int | InterpolationMode = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
    ) -> None:
        if isinstance(interpolation, str):
            check_choice("interpolation", interpolation.lower(), FILTERS)
            interpolation = FILTERS[interpolation.lower()]
        # checks and completes the arguments
        crop = transforms.RandomResizedCrop(size, scale, ratio, interpolation, antialias)
        self.size, self.scale, self.ratio = crop.size, crop.scale, crop.ratio
        self.interpolation = crop.interpolation

    def __call__(self, results: Results) -> Results:
        """Crop and resize the image."""
        img = results["img"]
        results["img"] = vision.resized_crop(
            img, *self._draw_box(*img.size), self.size, self.interpolation
        )
        return results

    def _draw_box(self, img_width: int, img_height: int) -> tuple[int, int, int, int]:
        area = img_height * img_width * _draw(*self.scale)
        low, high = torch.log(torch.tensor(self.ratio)).tolist()  # in float32, as the original
        aspect = float(torch.exp(torch.empty(1).uniform_(low, high)))
        width = min(round(math.sqrt(area * aspect)), img_width)
        height = min(round(math.sqrt(area / aspect)), img_height)
        top = int(torch.randint(0, img_height - height + 1, size=(1,)))
        left = int(torch.randint(0, img_width - width + 1, size=(1,)))
        return top, left, height, width


def _draw(low: float, high: float) -> float:
    return float(torch.empty(1).uniform_(low, high))

"""Pads an image to a size."""

from collections.abc import Mapping, Sequence

import numpy as np

from mmlight.data.image import PAD_MODES, pad_image
from mmlight.data.transforms.contract import (
    Generation,
    Results,
    check_choice,
    check_generation,
    shape_of,
)


class Pad:
    """Add a border to the right of and below `img`; update `img_shape`, add `pad_shape`.

    Args:
        size: Target `(width, height)` [px]; a larger image stays as it is.
        size_divisor: Pad both edges to a multiple of this.
        pad_to_square: Pad to the longer edge (and then to `size_divisor`).
        pad_val: Value of the border; `dict(img=...)` means the same. An integer goes into every
            channel.
        padding_mode: 'constant', 'edge', 'reflect' or 'symmetric'.
        generation: In '0.x' a single number fills the first channel only, as cv2 takes it, and
            `img_shape` has the channels.

    Examples:
        >>> import numpy as np
        >>> Pad(size=(4, 3))({"img": np.zeros((2, 2, 3), np.uint8)})["img"].shape
        (3, 4, 3)

    From: mmcv 2.x `Pad`, images only / mmcls 0.25 `Pad`, whose `size` is `(height, width)`.
    """

    def __init__(
        self,
        size: Sequence[int] | None = None,
        size_divisor: int | None = None,
        pad_to_square: bool = False,
        pad_val: float | Sequence[float] | Mapping[str, float | Sequence[float]] = 0,
        padding_mode: str = "constant",
        *,
        generation: Generation = "1.x",
    ) -> None:
        if pad_to_square and size is not None:
            raise ValueError(f"size must be None with pad_to_square, got {size!r}")
        if not pad_to_square and (size is None) == (size_divisor is None):
            raise ValueError(
                f"one of size and size_divisor must be given, got {size!r} and {size_divisor!r}"
            )
        check_choice("padding_mode", padding_mode, PAD_MODES)
        check_generation(generation)
        self.size = None if size is None else (size[0], size[1])
        self.size_divisor = size_divisor
        self.pad_to_square = pad_to_square
        self.pad_val = pad_val.get("img", 0) if isinstance(pad_val, Mapping) else pad_val
        self.padding_mode = padding_mode
        self.generation = generation

    def __call__(self, results: Results) -> Results:
        """Pad the image."""
        img = results["img"]
        height, width = img.shape[:2]
        new_width, new_height = self._target(width, height)
        value = self.pad_val
        if self.generation == "1.x" and isinstance(value, int) and img.ndim == 3:
            value = (value,) * img.shape[2]
        right, bottom = max(new_width - width, 0), max(new_height - height, 0)
        img = pad_image(
            img, left=0, top=0, right=right, bottom=bottom, value=value, mode=self.padding_mode
        )
        results["img"] = img
        results["pad_shape"] = img.shape
        results["pad_fixed_size"] = self.size
        results["pad_size_divisor"] = self.size_divisor
        results["img_shape"] = shape_of(img, self.generation)
        return results

    def _target(self, width: int, height: int) -> tuple[int, int]:
        if self.size is not None:
            return self.size
        if self.pad_to_square:
            width = height = max(width, height)
        if self.size_divisor is None:
            return width, height
        return -(-width // self.size_divisor) * self.size_divisor, -(
            -height // self.size_divisor
        ) * self.size_divisor


class RandomTranslatePad:
    """Put `img` onto a black square, as float32; update `img_shape` `(H, W)`.

    Args:
        size: Edge of the square [px]; the image must fit.
        aug_translate: Draw the place; otherwise it is the middle. To be drawn, both edges of the
            image must be smaller than the square.

    Examples:
        >>> RandomTranslatePad(4)({"img": np.ones((2, 2, 3), np.uint8)})["img"][:, :, 0].sum(axis=1)
        array([0., 2., 2., 0.], dtype=float32)

    From: mmpretrain 1.2 `RandomTranslatePad`, images only.
    """

    def __init__(self, size: int = 640, aug_translate: bool = False) -> None:
        self.size = size
        self.aug_translate = aug_translate

    def __call__(self, results: Results) -> Results:
        """Place the image."""
        img = results["img"]
        height, width = img.shape[:2]
        free = (self.size - height, self.size - width)
        if min(free) < 0 or (self.aug_translate and min(free) == 0):
            raise ValueError(f"size must be larger than the image of {img.shape}, got {self.size}")
        if self.aug_translate:
            top, left = np.random.randint(0, free[0]), np.random.randint(0, free[1])
        else:
            top, left = (round(edge / 2 - 0.1) for edge in free)
        out = np.zeros((self.size, self.size, 3), np.float32)
        out[top : top + height, left : left + width] = img
        results["img"] = out
        results["img_shape"] = (self.size, self.size)
        return results

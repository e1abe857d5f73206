"""Pads an image to a size."""

from collections.abc import Mapping, Sequence

from mmlight.data.image import PAD_MODES, pad_image
from mmlight.data.transforms.contract import Generation, Results, check_choice, check_generation


class Pad:
    """Add a border to the right of and below `img`; update `img_shape`, add `pad_shape`.

    Args:
        size: Target `(width, height)` [px]; a larger image stays as it is.
        size_divisor: Pad both edges to a multiple of this.
        pad_to_square: Pad to the longer edge (and then to `size_divisor`).
        pad_val: Value of the border; `dict(img=...)` means the same. An integer goes into every
            channel.
        padding_mode: 'constant', 'edge', 'reflect' or 'symmetric'.
        generation: In '0.x' a single number fills the first channel only, as cv2 takes it.

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
        results["img_shape"] = img.shape[:2]
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

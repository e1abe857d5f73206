"""Resizes an image to a size, by a factor, or along one edge."""

from collections.abc import Sequence

from mmlight.data.image import CV2_FILTERS, PILLOW_FILTERS, fit_size, resize_image, scale_size
from mmlight.data.transforms.contract import (
    Generation,
    Results,
    check_choice,
    check_generation,
    shape_of,
    to_pair,
)

EDGES = ("short", "long", "width", "height")


def check_filter(backend: str, interpolation: str) -> None:
    """Raise ValueError unless the backend exists and has that interpolation."""
    check_choice("backend", backend, ("cv2", "pillow"))
    check_choice(
        "interpolation", interpolation, CV2_FILTERS if backend == "cv2" else PILLOW_FILTERS
    )


class Resize:
    """Resize `img`; update `img_shape` (H, W), add `scale` (W, H), `scale_factor` and `keep_ratio`.

    Args:
        scale: Target `(width, height)` [px]; one number for both.
        scale_factor: Factors for `(width, height)`, used where `scale` is None.
        keep_ratio: Keep the aspect: the longer and shorter edge of `scale` are upper bounds.
        backend: 'cv2' or 'pillow'.
        interpolation: 'nearest', 'bilinear', 'bicubic', 'lanczos'; also 'area' (cv2), 'box',
            'hamming' (pillow).
        generation: In '0.x' `img_shape` has the channels.

    Examples:
        >>> import numpy as np
        >>> Resize(scale=(8, 4))({"img": np.zeros((10, 10, 3), np.uint8)})["img"].shape
        (4, 8, 3)

    From: mmcv 2.x `Resize`, images only / mmcls 0.25 `Resize` without -1, whose `size` is
        `(height, width)`.
    """

    def __init__(
        self,
        scale: int | Sequence[int] | None = None,
        scale_factor: float | Sequence[float] | None = None,
        keep_ratio: bool = False,
        backend: str = "cv2",
        interpolation: str = "bilinear",
        *,
        generation: Generation = "1.x",
    ) -> None:
        if scale is None and scale_factor is None:
            raise ValueError("scale or scale_factor must be given, got None for both")
        check_filter(backend, interpolation)
        check_generation(generation)
        self.scale = None if scale is None else to_pair("scale", scale)
        if isinstance(scale_factor, int | float):
            scale_factor = (scale_factor, scale_factor)
        self.scale_factor = scale_factor
        self.keep_ratio = keep_ratio
        self.backend = backend
        self.interpolation = interpolation
        self.generation = generation

    def __call__(self, results: Results) -> Results:
        """Resize the image."""
        img = results["img"]
        height, width = img.shape[:2]
        results["scale"] = scale = self._target((width, height))
        size = fit_size((width, height), scale) if self.keep_ratio else scale
        img = resize_image(img, size, interpolation=self.interpolation, backend=self.backend)
        results["img"] = img
        results["img_shape"] = shape_of(img, self.generation)
        results["scale_factor"] = (size[0] / width, size[1] / height)
        results["keep_ratio"] = self.keep_ratio
        return results

    def _target(self, size: tuple[int, int]) -> tuple[int, int]:
        if self.scale is not None:
            return self.scale
        assert self.scale_factor is not None
        return scale_size(size, (self.scale_factor[0], self.scale_factor[1]))


class ResizeEdge:
    """Resize one edge of `img` to a length, keep the aspect; add what `Resize` adds.

    Args:
        scale: Length of that edge [px].
        edge: 'short', 'long', 'width' or 'height'.
        backend: 'cv2' or 'pillow'.
        interpolation: See `Resize`.
        generation: In '0.x' `img_shape` has the channels, and is left alone where the image fits.

    Examples:
        >>> import numpy as np
        >>> ResizeEdge(256)({"img": np.zeros((375, 500, 3), np.uint8)})["img"].shape
        (256, 341, 3)

    From: mmpretrain 1.2 `ResizeEdge` / mmcls 0.25 `Resize(size=(scale, -1), adaptive_side=edge)`,
        which skips images that fit already (same pixels) and adds no `scale`, `scale_factor`.
    """

    def __init__(
        self,
        scale: int,
        edge: str = "short",
        backend: str = "cv2",
        interpolation: str = "bilinear",
        *,
        generation: Generation = "1.x",
    ) -> None:
        if scale <= 0:
            raise ValueError(f"scale must be positive, got {scale!r}")
        check_choice("edge", edge, EDGES)
        check_filter(backend, interpolation)
        check_generation(generation)
        self.scale = scale
        self.edge = edge
        self.backend = backend
        self.interpolation = interpolation
        self.generation = generation

    def __call__(self, results: Results) -> Results:
        """Resize the image."""
        img = results["img"]
        height, width = img.shape[:2]
        size = self._size(width, height)
        if size != (width, height):
            img = resize_image(img, size, interpolation=self.interpolation, backend=self.backend)
            results["img"] = img
        if size != (width, height) or self.generation == "1.x":
            results["img_shape"] = shape_of(img, self.generation)
        results["scale"] = size
        results["scale_factor"] = (size[0] / width, size[1] / height)
        return results

    def _size(self, width: int, height: int) -> tuple[int, int]:
        fix_width = {
            "short": width < height,
            "long": width > height,
            "width": True,
            "height": False,
        }[self.edge]
        if fix_width:
            return self.scale, int(self.scale * height / width)
        return int(self.scale * width / height), self.scale

"""Resizes an image to a size that is drawn."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mmlight.data.transforms.contract import Results
from mmlight.registry import TRANSFORMS

Size = tuple[int, int]


def _build_resize(resize_type: str, options: dict[str, Any]) -> Any:
    """Build the transform whose `scale` is set before each image."""
    return TRANSFORMS.build({"type": resize_type, "scale": 1, **options})


class RandomResize:
    """Resize `img` to a size between two; add what the inner transform adds.

    Args:
        scale: Two sizes `(width, height)` [px] between which each edge is drawn, both included; or
            one size, which is multiplied with a factor.
        ratio_range: Smallest and largest factor of a single size.
        resize_type: The transform that resizes; it has an attribute `scale`.
        **resize_kwargs: Further arguments of that transform.

    Examples:
        >>> resize = RandomResize(scale=(20, 10), ratio_range=(0.5, 0.5))
        >>> resize({"img": np.zeros((9, 9, 3), np.uint8)})["img"].shape
        (5, 10, 3)

    From: mmcv 2.x `RandomResize`, images only.
    """

    def __init__(
        self,
        scale: Sequence[Any],
        ratio_range: Sequence[float] | None = None,
        resize_type: str = "Resize",
        **resize_kwargs: Any,
    ) -> None:
        self.scale = tuple(scale)
        self.ratio_range = None if ratio_range is None else (ratio_range[0], ratio_range[1])
        self._is_single = all(isinstance(edge, int) for edge in self.scale)
        if len(self.scale) != 2:
            raise ValueError(f"scale must be one or two (width, height), got {scale!r}")
        low, high = self.ratio_range or (1, 0)
        if self._is_single and low > high:
            raise ValueError(
                f"ratio_range must be (min, max) for a single scale, got {ratio_range!r}"
            )
        self.resize = _build_resize(resize_type, resize_kwargs)

    def __call__(self, results: Results) -> Results | None:
        """Draw a size and resize the image."""
        results["scale"] = self.resize.scale = self._draw_scale()
        resized: Results | None = self.resize(results)
        return resized

    def _draw_scale(self) -> Size:
        if self._is_single:
            assert self.ratio_range is not None
            low, high = self.ratio_range
            ratio = np.random.random_sample() * (high - low) + low
            return int(self.scale[0] * ratio), int(self.scale[1] * ratio)
        width, height = (
            int(np.random.randint(min(edges), max(edges) + 1))
            for edges in zip(*self.scale, strict=True)
        )
        return width, height


class RandomChoiceResize:
    """Resize `img` to one of several sizes; add `scale_idx` and what the inner transform adds.

    Args:
        scales: A list of sizes, each a `(width, height)` [px] or one number for both; or a single
            `(width, height)` or number, which is always taken.
        resize_type: The transform that resizes; it has an attribute `scale`.
        **resize_kwargs: Further arguments of that transform.

    Examples:
        >>> resize = RandomChoiceResize([(8, 4)])
        >>> resize({"img": np.zeros((9, 9, 3), np.uint8)})["img"].shape
        (4, 8, 3)

    From: mmcv 2.x `RandomChoiceResize`, images only. Difference: one number may stand for both
        edges of a `Resize` as well, where the original fails.
    """

    def __init__(
        self, scales: int | Sequence[Any], resize_type: str = "Resize", **resize_kwargs: Any
    ) -> None:
        self.scales = _list_scales(scales)
        if resize_type == "Resize":
            self.scales = [(edge, edge) if isinstance(edge, int) else edge for edge in self.scales]
        self.resize = _build_resize(resize_type, resize_kwargs)

    def __call__(self, results: Results) -> Results | None:
        """Draw a size and resize the image."""
        index = int(np.random.randint(len(self.scales)))
        self.resize.scale = self.scales[index]
        resized: Results | None = self.resize(results)
        if resized is not None:
            resized["scale_idx"] = index
        return resized


def _list_scales(scales: int | Sequence[Any]) -> list[Any]:
    """List the sizes; a tuple of numbers is a single one, a list of numbers several.

    Examples:
        >>> _list_scales((8, 4)), _list_scales([8, 4]), _list_scales([[8, 4]])
        ([(8, 4)], [8, 4], [(8, 4)])
    """
    if isinstance(scales, int):
        return [scales]
    if isinstance(scales, tuple) and all(isinstance(edge, int) for edge in scales):
        return [scales]
    if not scales:
        raise ValueError(f"scales must not be empty, got {scales!r}")
    return [edge if isinstance(edge, int) else tuple(edge) for edge in scales]

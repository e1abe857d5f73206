"""Erases a random rectangle."""

from collections.abc import Sequence

import numpy as np

from mmlight.data.image import Array
from mmlight.data.transforms.contract import Results, check_choice, check_fraction


class RandomErasing:
    """Fill a random rectangle of a color image with a color or with noise.

    Args:
        erase_prob: Probability of erasing.
        min_area_ratio: Smallest erased area as a fraction of the image.
        max_area_ratio: Largest erased area as a fraction of the image.
        aspect_range: Height divided by width, (min, max); one number x stands for (x, 1 / x) in
            order.
        mode: 'const' fills with `fill_color`, 'rand' with noise.
        fill_color: Color in the order of the image's channels, 0 to 255; the mean of the noise
            with `fill_std`.
        fill_std: Deviation of normal noise per channel; None for uniform noise over 0 to 255.

    From: mmcls 0.25 `RandomErasing` / mmpretrain 1.2 `RandomErasing`, which are the same.
        Difference: the input array is copied, not written into.
    """

    def __init__(
        self,
        erase_prob: float = 0.5,
        min_area_ratio: float = 0.02,
        max_area_ratio: float = 0.4,
        aspect_range: float | Sequence[float] = (3 / 10, 10 / 3),
        mode: str = "const",
        fill_color: float | Sequence[float] = (128, 128, 128),
        fill_std: float | Sequence[float] | None = None,
    ) -> None:
        check_fraction("erase_prob", erase_prob)
        check_choice("mode", mode, ("const", "rand"))
        if not 0 <= min_area_ratio <= max_area_ratio <= 1:
            raise ValueError(
                f"area ratios must be 0 <= min <= max <= 1, got {min_area_ratio}, {max_area_ratio}"
            )
        if isinstance(aspect_range, int | float):
            aspect_range = sorted((aspect_range, 1 / aspect_range))
        if not 0 < aspect_range[0] <= aspect_range[1]:
            raise ValueError(f"aspect_range must be 0 < min <= max, got {aspect_range!r}")
        self.erase_prob = erase_prob
        self.min_area_ratio = min_area_ratio
        self.max_area_ratio = max_area_ratio
        # float32 as in the originals: the logarithm's last digits decide on the pixel
        low, high = np.log(np.array(aspect_range, dtype=np.float32))
        self._log_aspect = (float(low), float(high))
        self.mode = mode
        self.fill_color = np.broadcast_to(np.array(fill_color), (3,))
        self.fill_std = None if fill_std is None else np.broadcast_to(np.array(fill_std), (3,))

    def __call__(self, results: Results) -> Results:
        """Erase a rectangle, or nothing."""
        if np.random.rand() > self.erase_prob:
            return results
        img = results["img"].copy()
        top, left, height, width = self._draw_box(*img.shape[:2])
        img[top : top + height, left : left + width] = self._draw_patch(height, width)
        results["img"] = img
        return results

    def _draw_box(self, img_height: int, img_width: int) -> tuple[int, int, int, int]:
        aspect = np.exp(np.random.uniform(*self._log_aspect))
        area = img_height * img_width * np.random.uniform(self.min_area_ratio, self.max_area_ratio)
        height = min(round(np.sqrt(area * aspect)), img_height)
        width = min(round(np.sqrt(area / aspect)), img_width)
        top = np.random.randint(0, img_height - height) if img_height > height else 0
        left = np.random.randint(0, img_width - width) if img_width > width else 0
        return top, left, height, width

    def _draw_patch(self, height: int, width: int) -> Array:
        if self.mode == "const":
            return self.fill_color.astype(np.uint8)
        if self.fill_std is None:
            return np.random.uniform(0, 256, (height, width, 3)).astype(np.uint8)
        # numpy.random.normal(mean, std, shape) makes the same numbers, more slowly
        patch = np.random.standard_normal((height, width, 3))
        patch *= self.fill_std
        patch += self.fill_color
        return np.clip(patch, 0, 255, out=patch).astype(np.uint8)

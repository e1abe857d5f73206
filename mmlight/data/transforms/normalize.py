"""Normalizes an image on the CPU, where a pipeline asks for it there."""

from collections.abc import Sequence

import numpy as np

from mmlight.data.image import normalize_image
from mmlight.data.transforms.contract import Results


class Normalize:
    """Turn `img` into float32 `(img - mean) / std`; add `img_norm_cfg`.

    Args:
        mean: One value per channel, in the order of the result.
        std: One value per channel.
        to_rgb: Reverse the three channels first. Without effect on a grey image.

    From: mmcls 0.25 `Normalize` / mmcv 2.x `Normalize`, which are the same.
    """

    def __init__(self, mean: Sequence[float], std: Sequence[float], to_rgb: bool = True) -> None:
        self.mean = np.array(mean, dtype=np.float32)
        self.std = np.array(std, dtype=np.float32)
        self.to_rgb = to_rgb

    def __call__(self, results: Results) -> Results:
        """Normalize the image."""
        results["img"] = normalize_image(results["img"], self.mean, self.std, to_rgb=self.to_rgb)
        results["img_norm_cfg"] = {"mean": self.mean, "std": self.std, "to_rgb": self.to_rgb}
        return results

"""Turns images into Pillow's and back, and arrays into another order of axes."""

from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image

from mmlight.data.transforms.contract import Results


class NumpyToPIL:
    """Turn `img` into a Pillow image.

    Args:
        to_rgb: Reverse the three channels, from BGR to the RGB that Pillow means.

    Examples:
        >>> NumpyToPIL()({"img": np.zeros((4, 6, 3), np.uint8)})["img"].size
        (6, 4)

    From: mmpretrain 1.2 `NumpyToPIL` / mmcls 0.25 `ToPIL`, which keeps the channels.
    """

    def __init__(self, to_rgb: bool = False) -> None:
        self.to_rgb = to_rgb

    def __call__(self, results: Results) -> Results:
        """Convert the image."""
        img = results["img"]
        results["img"] = Image.fromarray(
            cv2.cvtColor(img, cv2.COLOR_BGR2RGB) if self.to_rgb else img
        )
        return results


class PILToNumpy:
    """Turn the Pillow image `img` into an array.

    Args:
        to_bgr: Reverse the three channels, from RGB to BGR.
        dtype: Type of the array; None for that of the image.

    Examples:
        >>> PILToNumpy()({"img": Image.new("RGB", (6, 4))})["img"].shape
        (4, 6, 3)

    From: mmpretrain 1.2 `PILToNumpy` / mmcls 0.25 `ToNumpy`, which gives float32.
    """

    def __init__(self, to_bgr: bool = False, dtype: str | None = None) -> None:
        self.to_bgr = to_bgr
        self.dtype = None if dtype is None else np.dtype(dtype)

    def __call__(self, results: Results) -> Results:
        """Convert the image."""
        img = np.array(results["img"], dtype=self.dtype)
        results["img"] = cv2.cvtColor(img, cv2.COLOR_RGB2BGR) if self.to_bgr else img
        return results


class Transpose:
    """Change the order of the axes of arrays.

    Args:
        keys: Names of the arrays.
        order: The old number of each new axis.

    Examples:
        >>> Transpose(["img"], (2, 0, 1))({"img": np.zeros((4, 6, 3))})["img"].shape
        (3, 4, 6)

    From: mmcls 0.25 `Transpose` / mmpretrain 1.2 `Transpose`, which are the same.
    """

    def __init__(self, keys: Sequence[str], order: Sequence[int]) -> None:
        self.keys = tuple(keys)
        self.order = tuple(order)

    def __call__(self, results: Results) -> Results:
        """Transpose the arrays; they are views."""
        for key in self.keys:
            results[key] = results[key].transpose(self.order)
        return results

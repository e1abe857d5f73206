"""Normalizes images, and makes images of normalized batches again."""

import cv2
import numpy as np
from torch import Tensor

from mmlight.data.image import Array, normalize_image


def imnormalize(img: Array, mean: Array, std: Array, to_rgb: bool = True) -> Array:
    """Return `(img - mean) / std` as float32.

    Args:
        img: `(H, W)` or `(H, W, C)`.
        mean: float `(C,)`, in the order of the result.
        std: float `(C,)`.
        to_rgb: Reverse the three channels first.

    From: mmcv 1.7 and 2.2 `imnormalize`.
    """
    return normalize_image(img, mean, std, to_rgb=to_rgb)


def imnormalize_(img: Array, mean: Array, std: Array, to_rgb: bool = True) -> Array:
    """Normalize a float32 image in place; see `imnormalize`.

    Raises:
        ValueError: If the image is uint8.

    From: mmcv 1.7 and 2.2 `imnormalize_`.
    """
    _refuse_uint8(img)
    img[...] = normalize_image(img, mean, std, to_rgb=to_rgb)
    return img


def imdenormalize(img: Array, mean: Array, std: Array, to_bgr: bool = True) -> Array:
    """Return `img * std + mean`, with the three channels reversed after it for `to_bgr`.

    Raises:
        ValueError: If the image is uint8.

    From: mmcv 1.7 and 2.2 `imdenormalize`.
    """
    _refuse_uint8(img)
    out = cv2.multiply(img, np.asarray(std, np.float64).reshape(1, -1))
    cv2.add(out, np.asarray(mean, np.float64).reshape(1, -1), out)
    if to_bgr:
        cv2.cvtColor(out, cv2.COLOR_RGB2BGR, out)
    return out


def _refuse_uint8(img: Array) -> None:
    if img.dtype == np.uint8:
        raise ValueError("img must be float for normalized values, got uint8")


def tensor2imgs(
    tensor: Tensor,
    mean: tuple[float, ...] | None = None,
    std: tuple[float, ...] | None = None,
    to_rgb: bool = True,
) -> list[Array]:
    """Turn a normalized batch into images.

    Args:
        tensor: float32 `(B, C, H, W)`, `C` 1 or 3.
        mean: What was subtracted; None means 0.
        std: What it was divided by; None means 1.
        to_rgb: Whether the batch is RGB; the images are BGR then.

    Returns:
        `B` arrays, uint8 `(H, W, C)`, or `(H, W)` for one channel.

    From: mmcv 1.7, 2.2 and mmengine 0.10 `tensor2imgs`.
    """
    channels = tensor.shape[1]
    mean = (0.0,) * channels if mean is None else mean
    std = (1.0,) * channels if std is None else std
    if channels not in (1, 3) or not channels == len(mean) == len(std):
        raise ValueError(
            f"tensor must have 1 or 3 channels, as many as mean and std, got {tuple(tensor.shape)}"
        )
    if channels == 1 and to_rgb:
        raise ValueError("to_rgb must be False for one channel, got True")
    arrays = tensor.permute(0, 2, 3, 1).cpu().numpy()  # (B, C, H, W) -> (B, H, W, C)
    mean32, std32 = np.array(mean, np.float32), np.array(std, np.float32)
    images = (imdenormalize(np.ascontiguousarray(a), mean32, std32, to_rgb) for a in arrays)
    return [np.ascontiguousarray(image.astype(np.uint8)) for image in images]

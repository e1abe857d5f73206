"""Draws from a normal distribution between two bounds, as the originals do."""

import math

import torch
from torch import Tensor


def trunc_normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0
) -> Tensor:
    """Fill a tensor from N(mean, std^2) inside [a, b], by one uniform draw per value.

    Args:
        tensor: Filled in place.
        mean: Mean.
        std: Standard deviation.
        a: Smallest value (not in units of `std`).
        b: Largest value.

    Returns:
        The tensor.

    From: mmcv 1.7 and mmengine 0.10 `trunc_normal_`, the same values from the same seed;
    torch's own draws others.
    """
    root = math.sqrt(2.0)
    low, high = ((1.0 + math.erf((edge - mean) / std / root)) / 2.0 for edge in (a, b))
    with torch.no_grad():
        tensor.uniform_(2 * low - 1, 2 * high - 1).erfinv_()
        return tensor.mul_(std * root).add_(mean).clamp_(min=a, max=b)

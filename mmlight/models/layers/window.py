"""Attention inside windows of a feature map, which may be shifted."""

from collections.abc import Callable

import torch
from timm.models.swin_transformer import window_partition, window_reverse
from torch import Tensor
from torch.nn import functional

BLOCKED = -100.0
"""Added to the attention between places that the shift has brought into one window."""


def attend_in_windows(
    x: Tensor,
    attention: Callable[..., Tensor],
    *,
    window: int,
    shift: int = 0,
    pad_small_map: bool = False,
) -> Tensor:
    """Cut a map into windows, attend inside each, and put the map together again.

    Args:
        x: Feature map `(B, H, W, C)`; padded at the right and below to whole windows.
        attention: Maps `(B * windows, window * window, C)` to the same shape; takes a `mask`
            `(windows, window * window, window * window)` or None.
        window: Side of a window.
        shift: How far the windows are shifted, in [0, window).
        pad_small_map: Whether a map smaller than a window is padded, and one as large as a window
            still shifted.

    Returns:
        The same shape as `x`.

    Raises:
        ValueError: If the map is smaller than a window and `pad_small_map` is off.

    From: mmcls 0.25 and mmpretrain 1.2 `ShiftWindowMSA`; pads before it shifts, which timm does
    after.
    """
    height, width, channels = x.shape[1:]
    if min(height, width) <= window and not pad_small_map:
        if min(height, width) < window:
            raise ValueError(
                f"window_size must be at most the feature map {height}x{width} without "
                f"pad_small_map, got {window}"
            )
        shift = 0
    below, right = -height % window, -width % window
    x = functional.pad(x, (0, 0, 0, right, 0, below))
    rows, columns = x.shape[1:3]
    mask = None
    if shift:
        x = torch.roll(x, (-shift, -shift), (1, 2))
        mask = shift_mask(rows, columns, window, shift, x)
    # (B, H, W, C) -> (B * windows, window, window, C) -> (B * windows, window * window, C)
    windows = window_partition(x, (window, window)).flatten(1, 2)
    attended = attention(windows, mask=mask).view(-1, window, window, channels)
    x = window_reverse(attended, (window, window), rows, columns)
    if shift:
        x = torch.roll(x, (shift, shift), (1, 2))
    return x[:, :height, :width]


def shift_mask(rows: int, columns: int, window: int, shift: int, like: Tensor) -> Tensor:
    """Return what keeps apart, in each window, places that are not neighbours in the map.

    Args:
        rows: Rows of the map, a multiple of `window`.
        columns: Columns of the map.
        window: Side of a window.
        shift: How far the map has been shifted, above 0.
        like: Gives device and dtype.

    Returns:
        0 or `BLOCKED`, `(windows, window * window, window * window)`.
    """

    def bands(size: int) -> Tensor:
        places = torch.arange(size, device=like.device)
        return (places >= size - window).long() + (places >= size - shift).long()

    regions = 3 * bands(rows)[:, None] + bands(columns)  # (H, W)
    # (1, H, W, 1) -> (windows, window, window, 1) -> (windows, window * window)
    windows = window_partition(regions[None, :, :, None], (window, window)).flatten(1)
    apart = windows[:, None] != windows[:, :, None]
    mask = torch.zeros(apart.shape, dtype=like.dtype, device=like.device)
    return mask.masked_fill_(apart, BLOCKED)

"""Positions of patches: embeddings, tables of biases, and their way to another image size."""

import logging
import math
from collections.abc import Sequence
from typing import Final

import torch
from timm.layers.pos_embed_sincos import build_sincos2d_pos_embed
from torch import Tensor
from torch.nn import functional

LOG = logging.getLogger(__name__)
GROWTH: Final = (1.01, 1.5)
"""Smallest and largest growth of the distance between the places of a table of biases."""


def resize_pos_embed(
    pos_embed: Tensor,
    src_shape: Sequence[int],
    dst_shape: Sequence[int],
    mode: str = "bicubic",
    num_extra_tokens: int = 1,
) -> Tensor:
    """Interpolate position embeddings to another grid; extra tokens in front keep theirs.

    Args:
        pos_embed: Embeddings `(1, num_extra_tokens + H * W, C)`.
        src_shape: Grid (H, W) of `pos_embed`.
        dst_shape: Grid of the result.
        mode: Mode of `torch.nn.functional.interpolate`.
        num_extra_tokens: Number of tokens without a place on the grid.

    Returns:
        Embeddings for the target grid, of the same dtype.

    Raises:
        ValueError: If the length of `pos_embed` does not fit `src_shape`.

    From: mmcls 0.25 and mmpretrain 1.2 `resize_pos_embed`: computed in float32, without
        antialiasing.
    """
    if tuple(src_shape) == tuple(dst_shape):
        return pos_embed
    if pos_embed.shape[1] != src_shape[0] * src_shape[1] + num_extra_tokens:
        raise ValueError(
            f"pos_embed must fit the grid {tuple(src_shape)}, got the shape "
            f"{tuple(pos_embed.shape)}"
        )
    extra, grid = pos_embed[:, :num_extra_tokens], pos_embed[:, num_extra_tokens:]
    # (1, H * W, C) -> (1, H, W, C) -> (1, C, H, W)
    image = grid.reshape(1, *src_shape, -1).permute(0, 3, 1, 2)
    size = list(dst_shape)
    resized = functional.interpolate(image.float(), size=size, mode=mode, align_corners=False)
    tokens = resized.flatten(2).transpose(1, 2).to(pos_embed.dtype)  # (1, C, H, W) -> (1, H * W, C)
    return torch.cat((extra, tokens), dim=1)


def fit_pos_embed(
    loaded: Tensor, grid: Sequence[int], mode: str = "bicubic", num_extra_tokens: int = 1
) -> Tensor:
    """Fit the position embeddings of a checkpoint to a grid.

    Args:
        loaded: Embeddings `(1, L, C)` of a square grid; a class token in front is cut off where
            there is no place for it.
        grid: Rows and columns that are wanted.
        mode: Mode of `torch.nn.functional.interpolate`.
        num_extra_tokens: Number of tokens without a place on the grid.

    Returns:
        Embeddings for `grid`, or `loaded` where it is of no square grid.

    From: mmpretrain 1.2 `VisionTransformer._prepare_pos_embed`.
    """
    places = loaded.shape[1] - num_extra_tokens
    wanted = grid[0] * grid[1]
    if num_extra_tokens == 0 and places == wanted + 1:
        return loaded[:, 1:]
    side = math.isqrt(max(places, 0))
    if places == wanted or side * side != places:
        return loaded
    LOG.info("Resize the position embedding from %dx%d to %dx%d.", side, side, *grid)
    return resize_pos_embed(loaded, (side, side), grid, mode, num_extra_tokens)


def sine_positions(grid: Sequence[int], channels: int) -> Tensor:
    """Return fixed position embeddings, sines and cosines of columns and rows.

    Args:
        grid: Rows and columns.
        channels: Length of an embedding `C`, divisible by 4.

    Returns:
        float32 `(rows * columns, C)`.

    From: mmpretrain 1.2 `build_2d_sincos_position_embedding`, where the columns come first: on a
        grid that is not square, neighbours in the list are neighbours in a column.
    """
    positions: Tensor = build_sincos2d_pos_embed(
        [grid[1], grid[0]], channels, interleave_sin_cos=True
    )
    return positions


# --------------------------------------------------------------- tables of relative positions


def fit_bias_table(loaded: Tensor, length: int, num_extra: int = 0) -> Tensor:
    """Fit a table of relative position biases of a checkpoint to another window.

    Args:
        loaded: One bias per distance and head `(L, heads)`, of a square window.
        length: Number of distances that are wanted.
        num_extra: Number of entries at the end without a distance.

    Returns:
        A table `(length, heads)`, or `loaded` where it or the result is of no square window.

    From: mmcls 0.25 and mmpretrain 1.2 `resize_relative_position_bias_table`.
    """
    before, after = len(loaded) - num_extra, length - num_extra
    src, dst = math.isqrt(max(before, 0)), math.isqrt(max(after, 0))
    if before == after or src * src != before or dst * dst != after or src < 4:
        return loaded
    LOG.info("Resize a table of relative positions from %dx%d to %dx%d.", src, src, dst, dst)
    matrix = _spline_matrix(_places(src, dst), torch.arange(dst, dtype=torch.float64) - dst // 2)
    # (L, heads) -> (heads, src, src)
    image = loaded[:before].T.reshape(-1, src, src).float().double()
    resized = matrix @ image @ matrix.T
    table = resized.flatten(1).T.float().to(loaded.dtype)  # (heads, dst, dst) -> (L, heads)
    return torch.cat((table, loaded[before:]))


def _places(src: int, dst: int) -> Tensor:
    """Return where the source's distances lie between the target's: farther apart outside.

    Their distance grows by a constant factor, so that both tables end at the same place.
    """
    low, high = GROWTH
    while high - low > 1e-6:
        growth = (low + high) / 2
        if (1 - growth ** (src // 2)) / (1 - growth) > dst // 2:
            high = growth
        else:
            low = growth
    steps = growth ** torch.arange(src // 2, dtype=torch.float64)
    outer = steps.cumsum(0)
    return torch.cat((-outer.flip(0), outer.new_zeros(1), outer))


def _spline_matrix(places: Tensor, targets: Tensor) -> Tensor:
    """Return the matrix from values at `places` to those of their cubic spline at `targets`.

    The spline has no knot at the second and the last but one place. Targets outside are moved to
    the nearest end.

    Args:
        places: Rising, float64 `(n,)`, at least 4.
        targets: float64 `(m,)`.

    Returns:
        float64 `(m, n)`.
    """
    count = len(places)
    gaps = places.diff()
    left, right = gaps[:-1], gaps[1:]
    inner = torch.arange(1, count - 1)
    # second derivatives d of the spline through values v: bends @ d = slopes @ v
    bends, slopes = places.new_zeros(2, count, count)
    for matrix, first, last in (
        (bends, left / 6, right / 6),
        (slopes, 1 / left, 1 / right),
    ):
        matrix[inner, inner - 1], matrix[inner, inner + 1] = first, last
    bends[inner, inner] = (left + right) / 3
    slopes[inner, inner] = -1 / left - 1 / right
    for row, (a, b, c) in ((0, (0, 1, 2)), (count - 1, (count - 3, count - 2, count - 1))):
        # the third derivative is the same on both sides of b
        bends[row, [a, b, c]] = torch.stack((1 / gaps[a], -1 / gaps[a] - 1 / gaps[b], 1 / gaps[b]))
    derivatives = torch.linalg.solve(bends, slopes)
    targets = targets.clamp(places[0], places[-1])
    index = (torch.searchsorted(places, targets, right=True) - 1).clamp(0, count - 2)
    gap = gaps[index]
    after = (targets - places[index]) / gap
    before = 1 - after
    rows = torch.arange(len(targets))
    values, curves = places.new_zeros(2, len(targets), count)
    values[rows, index], values[rows, index + 1] = before, after
    curves[rows, index] = (before**3 - before) * gap**2 / 6
    curves[rows, index + 1] = (after**3 - after) * gap**2 / 6
    weights: Tensor = values + curves @ derivatives
    return weights

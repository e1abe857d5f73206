"""Cuts boxes out of images and into them."""

from collections.abc import Sequence

import numpy as np

from mmlight.data.image import Array


def imcrop(
    img: Array,
    bboxes: Array,
    scale: float = 1.0,
    pad_fill: float | Sequence[float] | None = None,
) -> Array | list[Array]:
    """Cut boxes out of an image.

    Args:
        img: `(H, W)` or `(H, W, C)`.
        bboxes: `(4,)` or `(N, 4)`: x and y of the first pixel, x and y of the last.
        scale: Enlarges each box around its middle.
        pad_fill: Value, or one per channel, of what lies beyond the image; None cuts the box there.

    Returns:
        One patch for `(4,)`, else a list. Without `pad_fill` patches are views.

    From: mmcv 1.7 and 2.2 `imcrop`.
    """
    boxes = _scale_boxes(np.atleast_2d(bboxes), scale).astype(np.int32)
    patches = [_crop(img, box, pad_fill) for box in boxes]
    return patches[0] if bboxes.ndim == 1 else patches


def _scale_boxes(boxes: Array, scale: float) -> Array:
    if scale == 1:
        return boxes
    width = (boxes[:, 2] - boxes[:, 0] + 1) * (scale - 1) * 0.5
    height = (boxes[:, 3] - boxes[:, 1] + 1) * (scale - 1) * 0.5
    return boxes + np.stack((-width, -height, width, height), axis=-1)


def _crop(img: Array, box: Array, pad_fill: float | Sequence[float] | None) -> Array:
    height, width = img.shape[:2]
    limit = np.array([width - 1, height - 1, width - 1, height - 1])
    x1, y1, x2, y2 = np.clip(box, 0, limit)
    inside = img[y1 : y2 + 1, x1 : x2 + 1]
    if pad_fill is None:
        return inside
    shape = (box[3] - box[1] + 1, box[2] - box[0] + 1, *img.shape[2:])
    patch = np.full(shape, pad_fill, dtype=img.dtype)
    top, left = max(0, -box[1]), max(0, -box[0])
    patch[top : top + inside.shape[0], left : left + inside.shape[1]] = inside
    return patch


def cutout(
    img: Array,
    shape: int | tuple[int, int],
    pad_val: float | tuple[float, ...] = 0,
) -> Array:
    """Fill a box at a random place.

    Args:
        img: `(H, W)` or `(H, W, C)`.
        shape: Height and width [px], one number for both.
        pad_val: Color of the box, one number for all channels.

    From: mmcv 1.7 and 2.2 `cutout`.
    """
    height, width = (shape, shape) if isinstance(shape, int) else shape
    # the originals draw from [size, 1), not from [0, size): the same numbers are asked for here
    y, x = np.random.uniform(img.shape[0]), np.random.uniform(img.shape[1])
    top, left = int(max(0, y - height / 2)), int(max(0, x - width / 2))
    img = img.copy()
    img[top : top + height, left : left + width] = pad_val
    return img

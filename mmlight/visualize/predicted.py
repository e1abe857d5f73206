"""Draws what a network saw with its predicted and true classes."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from mmlight.visualize.labels import list_classes
from mmlight.visualize.predictions import describe_prediction
from mmlight.visualize.sheet import RIGHT, WRONG, Cell
from mmlight.visualize.to_rgb import Meaning, to_rgb


def make_cell(
    image: Tensor,
    found: Mapping[str, Any],
    label: int | Sequence[int],
    classes: Sequence[str],
    *,
    is_bgr: bool,
) -> Cell:
    """Write a right prediction in green; under a wrong one, in red, stand the true classes.

    Args:
        image: Input of a network, `(C, H, W)`; floats of any range.
        found: `pred_label`, `pred_class` and `pred_score`, each one value or a list.
        label: The true class, or several.
        classes: Class names.
        is_bgr: The order of the channels.
    """
    right = is_right(found["pred_label"], label)
    true = ", ".join(list_classes(label, classes)) or "none"
    lines = [describe_prediction(found) or "none", *([] if right else [f"({true})"])]
    return Cell([_to_rgb(image, is_bgr)], lines, RIGHT if right else WRONG)


def is_right(found: int | Sequence[int], label: int | Sequence[int]) -> bool:
    """Tell whether all classes of an image are predicted, and no others.

    Examples:
        >>> is_right(3, 3), is_right([1, 2], [2, 1]), is_right([1], [1, 2])
        (True, True, False)
    """
    return _to_set(found) == _to_set(label)


def _to_set(labels: int | Sequence[int]) -> set[int]:
    return {labels} if isinstance(labels, int) else set(labels)


def _to_rgb(image: Tensor, is_bgr: bool) -> Any:
    """Turn an input `(C, H, W)` of any range into uint8 `(H, W, 3)` RGB."""
    if image.is_floating_point():
        low, high = image.min(), image.max()
        image = ((image - low) * (255 / (high - low).clamp(min=1e-6))).to(torch.uint8)
    return to_rgb(image, Meaning("BGR" if is_bgr else "RGB"))

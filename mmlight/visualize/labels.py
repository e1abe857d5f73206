"""Names the labels of a sample."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from torch import Tensor

SHOWN: Final = 4
"""So many classes of one image are named."""
EXACT: Final = 1e-4
"""A score that is as near to 1 is one: mixed from two images of one class."""


def to_label_scores(label: Any, num_classes: int | None = None) -> list[tuple[int, float]]:
    """Return the classes of a sample with their scores, the highest first.

    Args:
        label: A number, a list of numbers, or an array or tensor: of scores if it is of floats or
            has a 0 or 1 (or -1, for 'difficult') for each of `num_classes` classes, else of
            numbers. None for no label.
        num_classes: Number of classes, as far as known.

    Examples:
        >>> to_label_scores(2), to_label_scores([0, 2]), to_label_scores(np.array([0, 1, 1]), 3)
        ([(2, 1.0)], [(0, 1.0), (2, 1.0)], [(1, 1.0), (2, 1.0)])
    """
    if label is None:
        return []
    if isinstance(label, list | tuple):
        return [(int(number), 1.0) for number in label]
    values = label.detach().cpu().numpy() if isinstance(label, Tensor) else np.asarray(label)
    if values.ndim == 0:
        return [(int(values), 1.0)]
    is_marked = len(values) == num_classes and set(np.unique(values).tolist()) <= {-1, 0, 1}
    if values.dtype.kind != "f" and not is_marked:
        return [(int(number), 1.0) for number in values]
    best = np.argsort(-values, kind="stable")
    return [(int(place), float(values[place])) for place in best if values[place] > 0]


def describe_label(label: Any, classes: Sequence[str] = ()) -> str:
    """Name the classes of a sample, with their scores where these differ from 1.

    Args:
        label: As in `to_label_scores`.
        classes: Class names; a class without one is told by its number.

    Examples:
        >>> describe_label(1, ["cat", "dog"])
        'dog'
        >>> describe_label(np.array([0.7, 0.3]), ["cat", "dog"])
        'cat 0.7, dog 0.3'
    """
    return ", ".join(list_classes(label, classes))


def list_classes(label: Any, classes: Sequence[str] = ()) -> list[str]:
    """Return the parts of `describe_label`; of more than `SHOWN` the last is '...'."""
    scores = to_label_scores(label, len(classes) or None)
    texts = [
        name_class(number, classes) + ("" if abs(score - 1) < EXACT else f" {score:.2g}")
        for number, score in scores[:SHOWN]
    ]
    return texts + ["..."] * (len(scores) > SHOWN)


def name_class(number: int, classes: Sequence[str]) -> str:
    """Return the name of a class, or its number."""
    return str(classes[number]) if 0 <= number < len(classes) else str(number)

"""What a transform is, and the checks and random draws that several transforms share."""

import random
from collections.abc import Iterable, Sequence
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np

from mmlight.data.image import Array

Results: TypeAlias = dict[str, Any]
Generation: TypeAlias = Literal["0.x", "1.x"]


class Transform(Protocol):
    """A step of a pipeline: takes results, returns them changed, or None to drop the sample."""

    def __call__(self, results: Results) -> Results | None:
        """Change `results`, in place or as a new dict."""


def check_choice(name: str, value: object, allowed: Iterable[object]) -> None:
    """Raise ValueError unless `value` is one of `allowed`.

    Examples:
        >>> check_choice("edge", "shrt", ("short", "long"))
        Traceback (most recent call last):
        ValueError: edge must be one of 'short', 'long', got 'shrt'
    """
    allowed = tuple(allowed)
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}, got {value!r}")


def check_generation(generation: str) -> None:
    """Raise ValueError unless `generation` is '0.x' or '1.x'."""
    check_choice("generation", generation, ("0.x", "1.x"))


def check_fraction(name: str, value: float) -> None:
    """Raise ValueError unless `value` is in [0, 1]."""
    if not 0 <= value <= 1:
        raise ValueError(f"{name} must be in [0, 1], got {value!r}")


def to_pair(name: str, value: int | Sequence[int]) -> tuple[int, int]:
    """Return two positive sizes [px]; one number stands for both.

    Examples:
        >>> to_pair("size", 3)
        (3, 3)
    """
    pair = (value, value) if isinstance(value, int) else tuple(value)
    if len(pair) != 2 or not all(isinstance(size, int) and size > 0 for size in pair):
        raise ValueError(f"{name} must be a positive integer or two of them, got {value!r}")
    return pair[0], pair[1]


def shape_of(img: Array, generation: Generation) -> tuple[int, ...]:
    """Return the shape that `img_shape` tells: `(H, W)`, in '0.x' with the channels."""
    return img.shape if generation == "0.x" else img.shape[:2]


def draw_uniform(low: float, high: float, generation: Generation) -> float:
    """Draw from [low, high): '0.x' from `random`, '1.x' from `numpy.random`."""
    return random.uniform(low, high) if generation == "0.x" else np.random.uniform(low, high)


def draw_offset(last: int, generation: Generation) -> int:
    """Draw from 0 to `last`, both included: '0.x' from `random`, '1.x' from `numpy.random`."""
    return random.randint(0, last) if generation == "0.x" else int(np.random.randint(0, last + 1))

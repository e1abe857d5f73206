"""What an operation of AutoAugment and RandAugment is: it changes an image, with a probability.

An operation's magnitude is either given (`magnitude`, `angle`, `thr`, `bits`, `shape` or `radius`)
or drawn from `magnitude_range`. Draws, all from `numpy.random`, come in this order: whether to act,
the magnitude, its sign.

To add an operation: 1 write a subclass of `Operation` with `_change` in `warp.py` or `tone.py`;
2 name it in `auto_augment.OPERATIONS`; 3 add a case to tests/reference/test_transforms_color.py.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from mmlight.data.image import Array
from mmlight.data.transforms.contract import Results, check_fraction


class Operation(ABC):
    """Base of the operations.

    Args:
        magnitude: The magnitude; None to draw it.
        prob: Probability of acting.
        random_negative_prob: Probability of turning the magnitude negative, where an operation has
            two directions.
        magnitude_range: Magnitude at level 0 and at `total_level`.
        magnitude_level: Level between 0 and `total_level`.
        magnitude_std: 0 for a fixed level, x > 0 for a normal deviation of x levels, 'inf' for a
            level drawn from [0, `magnitude_level`).
        total_level: Highest level.

    From: mmpretrain 1.2 `BaseAugTransform` and its subclasses / the operations of mmcls 0.25,
        which have a given magnitude.
    """

    magnitude_name: ClassVar[str | None] = "magnitude"
    signed: ClassVar[bool] = False

    def __init__(
        self,
        magnitude: Any = None,
        prob: float = 0.5,
        random_negative_prob: float = 0.5,
        *,
        magnitude_range: Sequence[float] | None = None,
        magnitude_level: float = 10,
        magnitude_std: float | str = 0.0,
        total_level: float = 10,
    ) -> None:
        name = type(self).__name__
        if self.magnitude_name and (magnitude is None) == (magnitude_range is None):
            raise ValueError(
                f"one of {self.magnitude_name} and magnitude_range of {name} must be given, "
                f"got {magnitude!r} and {magnitude_range!r}"
            )
        check_fraction("prob", prob)
        check_fraction("random_negative_prob", random_negative_prob)
        self.magnitude = magnitude
        self.prob = prob
        self.random_negative_prob = random_negative_prob
        self.magnitude_range = magnitude_range
        self.magnitude_level = magnitude_level
        self.magnitude_std = magnitude_std
        self.total_level = total_level

    def __call__(self, results: Results, magnitude: float | None = None) -> Results:
        """Change `img`, or leave it; a `magnitude` given here wins."""
        if np.random.rand() > self.prob:
            return results
        if magnitude is None:
            magnitude = self._draw_magnitude() if self.magnitude is None else self.magnitude
        if self.signed and np.random.rand() < self.random_negative_prob:
            assert magnitude is not None
            magnitude = -magnitude
        results["img"] = self._change(results["img"], magnitude)
        return results

    def _draw_magnitude(self) -> float | None:
        if self.magnitude_range is None:
            return None
        level = self.magnitude_level
        if self.magnitude_std == "inf":
            level = np.random.uniform(0, level)
        elif float(self.magnitude_std) > 0:
            level = np.random.normal(level, float(self.magnitude_std))
            level = min(max(level, 0), self.total_level)
        return to_magnitude(level, self.total_level, self.magnitude_range)

    @abstractmethod
    def _change(self, img: Array, magnitude: Any) -> Array:
        """Return the changed image."""


def to_magnitude(level: float, total_level: float, magnitude_range: Sequence[float]) -> float:
    """Map a level in [0, `total_level`] onto `magnitude_range`.

    Examples:
        >>> to_magnitude(5, 10, (4, 0))
        2.0
    """
    first, last = magnitude_range
    return (level / total_level) * (last - first) + first

"""Mirrors an image at random."""

import bisect
import itertools
from collections.abc import Sequence

import numpy as np

from mmlight.data.image import FLIP_CODES, flip_image
from mmlight.data.transforms.contract import Generation, Results, check_choice, check_generation


class RandomFlip:
    """Mirror `img` with a probability; add `flip` and `flip_direction`.

    Args:
        prob: Probability of a flip, shared evenly between the directions; or one per direction.
        direction: 'horizontal', 'vertical', 'diagonal' (both), or several of them.
        generation: In '1.x' `flip_direction` is None where the image was not flipped; in '0.x' it
            is always set.

    Examples:
        >>> RandomFlip(1.0)({"img": np.array([[1, 2]], np.uint8)})["img"].tolist()
        [[2, 1]]

    From: mmcls 0.25 `RandomFlip`, whose `prob` is called `flip_prob` / mmcv 2.x `RandomFlip`,
        images only.
    """

    def __init__(
        self,
        prob: float | Sequence[float] | None = None,
        direction: str | Sequence[str] = "horizontal",
        *,
        generation: Generation = "1.x",
    ) -> None:
        check_generation(generation)
        self.directions = [direction] if isinstance(direction, str) else list(direction)
        for name in self.directions:
            check_choice("direction", name, FLIP_CODES)
        if isinstance(prob, int | float):
            rest = 1.0 - prob
            shares = [prob / len(self.directions)] * len(self.directions)
        else:
            shares = list(prob or ())
            rest = 1 - sum(shares)
        if len(shares) != len(self.directions) or rest < 0 or min(shares) < 0:
            raise ValueError(
                f"prob must be in [0, 1], or one per direction with a sum <= 1, got {prob!r}"
            )
        self.prob = prob
        self.generation = generation
        # numpy.random.choice divides its cumulated weights by their sum; the same draw must fall
        # on the same side
        edges = list(itertools.accumulate([*shares, rest]))
        self._edges = [edge / edges[-1] for edge in edges] if generation == "1.x" else edges

    def __call__(self, results: Results) -> Results:
        """Draw once; flip the image or leave it."""
        index = bisect.bisect_right(self._edges, np.random.random_sample())
        flip = index < len(self.directions)
        results["flip"] = flip
        if flip:
            results["flip_direction"] = self.directions[index]
            results["img"] = flip_image(results["img"], self.directions[index])
        else:
            results["flip_direction"] = self.directions[0] if self.generation == "0.x" else None
        return results

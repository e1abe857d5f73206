"""Steps of which chance decides: one pipeline of several, or one or none."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from mmlight.data.transforms.compose import Compose
from mmlight.data.transforms.contract import Results, Transform, check_fraction


def to_pipeline(transforms: Any) -> Compose:
    """Return a pipeline of a list of transforms, or of a single one."""
    is_list = isinstance(transforms, Sequence) and not isinstance(transforms, str)
    return Compose(transforms if is_list else [transforms])


class RandomChoice:
    """Apply one of several pipelines.

    Args:
        transforms: The pipelines, each a list of transforms or a single one.
        prob: Probability of each, with a sum of 1; None for equal ones.

    Examples:
        >>> never, always = (lambda results: None), (lambda results: {"chosen": True})
        >>> RandomChoice([[never], [always]], prob=[0.0, 1.0])({})
        {'chosen': True}

    From: mmcv 2.x `RandomChoice`.
    """

    def __init__(self, transforms: Sequence[Any], prob: Sequence[float] | None = None) -> None:
        if prob is not None and (len(prob) != len(transforms) or abs(sum(prob) - 1) > 1e-8):
            raise ValueError(
                f"prob must be {len(transforms)} numbers with a sum of 1, got {prob!r}"
            )
        self.transforms = [to_pipeline(pipeline) for pipeline in transforms]
        self.prob = prob

    def __iter__(self) -> Iterator[Compose]:
        return iter(self.transforms)

    def __call__(self, results: Results) -> Results | None:
        """Draw once; apply the pipeline that was drawn."""
        return self.transforms[np.random.choice(len(self.transforms), p=self.prob)](results)


class RandomApply:
    """Apply transforms with a probability.

    Args:
        transforms: A list of transforms, or a single one.
        prob: Probability of applying them all; otherwise none is.

    Examples:
        >>> RandomApply([lambda results: {"applied": True}], prob=1.0)({})
        {'applied': True}

    From: mmcv 2.x `RandomApply`.
    """

    def __init__(self, transforms: Any, prob: float = 0.5) -> None:
        check_fraction("prob", prob)
        self.transforms = to_pipeline(transforms)
        self.prob = prob

    def __iter__(self) -> Iterator[Transform]:
        return iter(self.transforms)

    def __call__(self, results: Results) -> Results | None:
        """Draw once; apply the transforms or leave the results."""
        return self.transforms(results) if np.random.rand() < self.prob else results

"""Runs transforms one after the other."""

from collections.abc import Iterator, Sequence

from mmlight.data.transforms.contract import Results, Transform


class Compose:
    """Apply transforms in order; stop with None as soon as one returns None.

    Args:
        transforms: Live transforms.

    Examples:
        >>> Compose([lambda results: {**results, "b": 2}])({"a": 1})
        {'a': 1, 'b': 2}

    From: mmcls 0.25 `Compose` / mmcv 2.x `Compose`.
    """

    def __init__(self, transforms: Sequence[Transform]) -> None:
        for transform in transforms:
            if not callable(transform):
                raise ValueError(f"transforms must be callable, got {transform!r}")
        self.transforms = list(transforms)

    def __iter__(self) -> Iterator[Transform]:
        return iter(self.transforms)

    def __call__(self, results: Results) -> Results | None:
        """Apply every transform."""
        current: Results | None = results
        for transform in self.transforms:
            if current is None:
                break
            current = transform(current)
        return current

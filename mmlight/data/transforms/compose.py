"""Runs transforms one after the other."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from mmlight.data.transforms.contract import Results, Transform
from mmlight.registry import TRANSFORMS, Registry


def build_transforms(transforms: Iterable[Any], registry: Registry = TRANSFORMS) -> list[Transform]:
    """Build the dicts among transforms; live ones stay.

    Args:
        transforms: Live transforms, or dicts with a `type` as users' code has them.
        registry: Where names are looked up.

    Raises:
        ValueError: If one is neither.
        MMLightError: If a dict cannot be built.
    """
    built = [registry.build(item) if isinstance(item, Mapping) else item for item in transforms]
    for transform in built:
        if not callable(transform):
            raise ValueError(f"transforms must be callable, got {transform!r}")
    return built


class Compose:
    """Apply transforms in order; stop with None as soon as one returns None.

    Args:
        transforms: Live transforms, or dicts that describe them.

    Examples:
        >>> Compose([lambda results: {**results, "b": 2}])({"a": 1})
        {'a': 1, 'b': 2}

    From: mmcls 0.25 `Compose` / mmcv 2.x `Compose`.
    """

    registry: ClassVar[Registry] = TRANSFORMS

    def __init__(self, transforms: Iterable[Any]) -> None:
        self.transforms = build_transforms(transforms, self.registry)

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

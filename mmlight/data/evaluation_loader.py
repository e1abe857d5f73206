"""The loader of the validation data, and the number that a loader draws when it begins anew."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader


def draw_base_seed() -> None:
    """Draw from torch's global generator what each new iterator of the originals' loaders draws.

    Our loaders seed their workers themselves and need no such number; but dropout, stochastic depth
    and the like draw what comes after it.
    """
    torch.empty((), dtype=torch.int64).random_()


class EvaluationLoader(DataLoader[Any]):
    """A loader that draws a number when a pass begins, as the originals do.

    Args:
        has_begun: Whether an earlier pass began: workers that persist draw for the first one alone.
        begin: Called when a pass begins.
        **options: Those of `DataLoader`; with a generator of its own it draws nothing by itself.
    """

    def __init__(
        self, *, has_begun: bool = False, begin: Callable[[], None] = lambda: None, **options: Any
    ) -> None:
        self.has_begun = has_begun
        self.begin = begin
        super().__init__(**options)

    @property
    def draws(self) -> bool:
        """Whether the next pass draws a number."""
        return not (self.has_begun and self.persistent_workers)

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        """Begin with the first batch that is asked for, when hooks have heard of the pass."""
        if self.draws:
            draw_base_seed()
        self.has_begun = True
        self.begin()
        yield from super().__iter__()

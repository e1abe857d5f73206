"""Describes a user's function that a loader calls: to make batches, or to prepare a worker."""

from collections.abc import Callable
from pkgutil import resolve_name
from typing import Any


class NamedFunction:
    """A function with some of its arguments.

    Args:
        function: Function, or its import path.
        options: Arguments that each call gets besides its own.

    Examples:
        >>> NamedFunction("builtins.sorted", {"reverse": True})([1, 3, 2])
        [3, 2, 1]

    From: mmengine 0.10 `collate_fn=dict(type=...)` and `worker_init_fn=dict(type=...)`.
    """

    def __init__(
        self, function: str | Callable[..., Any], options: dict[str, Any] | None = None
    ) -> None:
        self.function: Callable[..., Any] = (
            resolve_name(function) if isinstance(function, str) else function
        )
        self.options = dict(options or {})

    def __call__(self, *args: Any) -> Any:
        """Return what the function returns."""
        return self.function(*args, **self.options)

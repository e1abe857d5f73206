"""The lists of a Config, which remember where each item was written."""

from collections.abc import Iterable
from typing import Any, SupportsIndex

from mmlight.read.origin import (
    Node,
    Origin,
    known_origin,
    known_origin_of_node,
    origin_of_caller,
    overriding,
)


class ConfigList(list[Any], Node):
    """A list whose items know where they were written.

    Args:
        items: The items.
        origins: Origins of the first items, in order; later items fall back to `origin`.
    """

    def __init__(self, items: Iterable[Any] = (), origins: Iterable[Origin | None] = ()) -> None:
        super().__init__(items)
        self.origins = list(origins)
        self.origin = next((origin for origin in self.origins if origin), None)

    def __reduce__(self) -> tuple[Any, ...]:
        return ConfigList, (list(self), self.origins)  # for copies and pickles

    def origin_of(self, index: int) -> Origin | None:
        """Return where the item was written, if known."""
        own = self.origins[index] if index < len(self.origins) else None
        return own if own is not None else self.origin

    def put(self, index: int, value: Any, origin: Origin | None) -> None:
        """Replace an item, together with its origin if that is known."""
        super().__setitem__(index, value)
        if origin is not None:
            self._fill()[index] = origin

    def _fill(self) -> list[Origin | None]:
        """Return the origins, made as many as there are items."""
        self.origins += [None] * (len(self) - len(self.origins))
        return self.origins

    def __setitem__(self, index: Any, value: Any) -> None:
        origin = origin_of_caller()
        if isinstance(index, slice):
            self._fill()[index] = [origin] * len(value := list(value))
            super().__setitem__(index, value)
        else:
            self.put(index, value, origin and overriding(origin, self[index], self._fill()[index]))

    def __delitem__(self, index: Any) -> None:
        del self._fill()[index]
        super().__delitem__(index)

    def insert(self, index: SupportsIndex, item: Any) -> None:
        """Insert an item; those behind it keep their origins."""
        self._fill().insert(index, origin_of_caller() or known_origin_of_node(item))
        super().insert(index, item)

    def append(self, item: Any) -> None:
        """Append an item."""
        self._fill().append(origin_of_caller() or known_origin_of_node(item))
        super().append(item)

    def extend(self, items: Iterable[Any]) -> None:
        """Append items; those of another ConfigList keep their origins."""
        self._extend(items, origin_of_caller())

    def __iadd__(self, items: Iterable[Any]) -> "ConfigList":  # type: ignore[misc]
        self._extend(items, origin_of_caller())
        return self

    def _extend(self, items: Iterable[Any], origin: Origin | None) -> None:
        items = items if isinstance(items, list) else list(items)
        self._fill().extend([known_origin(items, i) or origin for i in range(len(items))])
        super().extend(items)

    def pop(self, index: SupportsIndex = -1) -> Any:
        """Remove an item and return it; those behind it keep their origins."""
        self._fill().pop(index)
        return super().pop(index)

    def remove(self, item: Any) -> None:
        """Remove the first item that is equal; those behind it keep their origins."""
        del self[self.index(item)]

"""The dicts that a running config has written itself: they behave as plain dicts do in mm."""

from collections.abc import Mapping
from typing import Any

from mmlight.read.node import ConfigDict
from mmlight.read.origin import origin_of_caller

_MISSING = object()


class WrittenDict(ConfigDict):
    """A dict that the config which runs now has written.

    In mm it is a plain `dict`, whereas what comes from a base is a `ConfigDict`. Reading ends by
    copying it into one. Until then `update` replaces dicts whole, a missing key cannot be popped,
    and an entry stays the object that was assigned.

    Examples:
        >>> written, inherited = WrittenDict(a=WrittenDict(x=1)), ConfigDict(a=ConfigDict(x=1))
        >>> written.update(a=dict(y=2))
        >>> inherited.update(a=dict(y=2))
        >>> written, inherited
        ({'a': {'y': 2}}, {'a': {'x': 1, 'y': 2}})
    """

    __slots__ = ()

    def assign(self, key: str, value: Any, origin: Any) -> None:
        """Set an entry to the very object, as a plain dict does."""
        self.put(key, value, origin and self._replacing(key, origin))

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Add entries; each replaces the one that is there."""
        origin = origin_of_caller()
        for source in (*args, kwargs):
            entries = source if isinstance(source, Mapping) else dict(source)
            self.put_all(entries, origin)

    def pop(self, key: str, default: Any = _MISSING) -> Any:
        """Remove an entry and return it, or the default.

        Raises:
            KeyError: If there is neither.
        """
        if default is _MISSING and key not in self:
            raise KeyError(key)
        return super().pop(key, default)

    def copy(self) -> "WrittenDict":
        """Return a shallow copy that keeps every origin."""
        copied = WrittenDict()
        copied.origin = self.origin
        copied.put_all(self)
        return copied

    __copy__ = copy

"""The tree of a Config: dicts and lists that remember where each entry was set.

`ConfigDict` and `ConfigList` behave as `dict` and `list` everywhere; what they know beside their
values (`origin_of`) survives copying, merging, renaming and moving, so an error found four stages
later still names `file:line`.
"""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

FILE_MARK = "__mmlight_file__"


@dataclass(frozen=True)
class Origin:
    """Where a value was set.

    Args:
        file: Path as the user wrote it, or words such as `--cfg-options`.
        line: Line in that file, from 1; 0 where there is no line.
    """

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


def _origin_of_caller() -> Origin | None:
    """Name the config line that runs right now, such as `model['x'] = 1`."""
    frame = sys._getframe(2)
    file = frame.f_globals.get(FILE_MARK)
    return Origin(file, frame.f_lineno) if file else None


class ConfigDict(dict[str, Any]):
    """A dict with attribute access whose entries know where they were set.

    Missing attributes raise `AttributeError`, missing keys `KeyError`, as in any dict.

    Examples:
        >>> node = ConfigDict(depth=50)
        >>> node.depth, node.origin_of("depth")
        (50, None)

    From: mmcv 1.7 and mmengine 0.10 `ConfigDict`.
    """

    __slots__ = ("_origins", "origin")

    _origins: dict[str, Origin]
    origin: Origin | None

    def __new__(cls, *_args: Any, **_kwargs: Any) -> "ConfigDict":
        """Create the node before its entries arrive; copying relies on it."""
        node = super().__new__(cls)
        object.__setattr__(node, "_origins", {})
        object.__setattr__(node, "origin", None)
        return node

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"no key {name!r} among {list(self)}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ConfigDict.__slots__:
            object.__setattr__(self, name, value)
        else:
            self._assign(name, value, _origin_of_caller())

    def __setitem__(self, key: str, value: Any) -> None:
        self._assign(key, value, _origin_of_caller())

    def _assign(self, key: str, value: Any, origin: Origin | None) -> None:
        """Set an entry; a config's own values are copied into dicts that come from its bases."""
        inherited = self.origin is None or (origin is not None and origin.file != self.origin.file)
        self.put(key, copy_tree(value) if origin and inherited else value, origin)

    def __delattr__(self, name: str) -> None:
        del self[name]

    def put(self, key: str, value: Any, origin: Origin | None) -> None:
        """Set an entry together with its origin; without one, what was known of the key is kept."""
        super().__setitem__(key, value)
        if origin is not None:
            self._origins[key] = origin

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Add entries as `dict.update` does; those of another ConfigDict keep their origins."""
        origin = _origin_of_caller()
        for source in (*args, kwargs):
            for key, value in dict(source).items():
                self.put(key, value, known_origin(source, key) or origin)

    def origin_of(self, key: str) -> Origin | None:
        """Return where the entry was set, or where this dict begins if that is all we know."""
        return self._origins.get(key, self.origin)

    def rename(self, old: str, new: str) -> None:
        """Move an entry, if there is one, to another key; its origin goes along."""
        if old in self:
            origin = self._origins.pop(old, None)
            self.put(new, super().pop(old), origin)

    def copy(self) -> "ConfigDict":
        """Return a shallow copy that keeps every origin."""
        copied = ConfigDict(self)
        copied._origins = dict(self._origins)
        copied.origin = self.origin
        return copied

    __copy__ = copy


class ConfigList(list[Any]):
    """A list whose items know where they were written.

    Args:
        items: The items.
        origins: Origins of the first items, in order; later items fall back to `origin`.
    """

    def __init__(self, items: Iterable[Any] = (), origins: Iterable[Origin] = ()) -> None:
        super().__init__(items)
        self.origins = list(origins)
        self.origin = self.origins[0] if self.origins else None

    def origin_of(self, index: int) -> Origin | None:
        """Return where the item was written, if known."""
        return self.origins[index] if index < len(self.origins) else self.origin

    def put(self, index: int, value: Any, origin: Origin | None) -> None:
        """Replace an item, together with its origin if that is known."""
        self[index] = value
        if origin is not None and index < len(self.origins):
            self.origins[index] = origin


def copy_tree(value: Any) -> Any:
    """Copy nested nodes with their origins; in the copy no two entries are one object.

    Examples:
        >>> shared = ConfigDict(size=1)
        >>> tree = copy_tree(ConfigDict(val=shared, test=shared))
        >>> tree.val.size = 2
        >>> tree.test.size
        1
    """
    if isinstance(value, ConfigDict):
        copied = value.copy()
        for key, item in value.items():
            copied.put(key, copy_tree(item), None)
        return copied
    if isinstance(value, ConfigList):
        return ConfigList([copy_tree(item) for item in value], value.origins)
    if type(value) is tuple:
        return tuple(copy_tree(item) for item in value)
    return value


def known_origin(container: Any, key: Any) -> Origin | None:
    """Return the origin of an entry of any container; plain dicts, lists and tuples know none."""
    if isinstance(container, (ConfigDict, ConfigList)):
        return container.origin_of(key)
    return None


def to_nodes(value: Any, origin: Origin | None = None) -> Any:
    """Turn nested plain dicts and lists into nodes that all carry `origin`.

    Existing nodes keep theirs.

    Tuples stay tuples, everything else is returned as it is.
    """
    if isinstance(value, (ConfigDict, ConfigList)) and not origin:
        return value
    if isinstance(value, Mapping):
        node = ConfigDict()
        node.origin = known_origin_of_node(value) or origin
        for key, item in value.items():
            node.put(key, to_nodes(item, origin), known_origin(value, key) or origin)
        return node
    if isinstance(value, list):
        origins = [known_origin(value, i) or origin for i in range(len(value))]
        return ConfigList([to_nodes(i, origin) for i in value], [o for o in origins if o])
    if type(value) is tuple:
        return tuple(to_nodes(item, origin) for item in value)
    return value


def known_origin_of_node(value: Any) -> Origin | None:
    """Return where a node begins, None for plain containers."""
    return value.origin if isinstance(value, (ConfigDict, ConfigList)) else None


def to_plain(value: Any) -> Any:
    """Turn nested nodes into plain dicts and lists (tuples stay tuples).

    Examples:
        >>> to_plain(ConfigDict(a=ConfigList([1, (2, ConfigDict(b=3))])))
        {'a': [1, (2, {'b': 3})]}
    """
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [to_plain(item) for item in value]
    if type(value) is tuple:
        return tuple(to_plain(item) for item in value)
    return value

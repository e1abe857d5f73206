"""The tree of a Config: dicts and lists that remember where each entry was set.

`ConfigDict` and `ConfigList` behave as `dict` and `list` everywhere; what they know beside their
values (`origin_of`) survives copying, merging, renaming and moving, so an error found four stages
later still names `file:line`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from mmlight.read.config_list import ConfigList as ConfigList
from mmlight.read.origin import FILE_MARK as FILE_MARK
from mmlight.read.origin import Node, origin_of_caller, overriding
from mmlight.read.origin import Origin as Origin
from mmlight.read.origin import known_origin as known_origin
from mmlight.read.origin import known_origin_of_node as known_origin_of_node


class ConfigDict(dict[str, Any], Node):
    """A dict with attribute access whose entries know where they were set.

    Missing attributes raise `AttributeError`, missing keys `KeyError`, as in any dict. `put` and
    `put_all` set entries as they are; all other ways turn plain dicts and lists into nodes first.

    Examples:
        >>> node = ConfigDict(depth=50)
        >>> node.depth, node.origin_of("depth")
        (50, None)

    From: mmcv 1.7 and mmengine 0.10 `ConfigDict`. `pop` of a missing key is None, as in mmengine.
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
            self.assign(name, value, origin_of_caller())

    def __setitem__(self, key: str, value: Any) -> None:
        self.assign(key, value, origin_of_caller())

    def assign(self, key: str, value: Any, origin: Origin | None) -> None:
        """Set an entry that may be a plain dict or list; its origin remembers what it replaces."""
        self.put(key, adopt(value), origin and self._replacing(key, origin))

    def _replacing(self, key: str, origin: Origin) -> Origin:
        """Return `origin`, remembering the entry that is there now."""
        return overriding(origin, self[key], self.origin_of(key)) if key in self else origin

    def __delattr__(self, name: str) -> None:
        del self[name]

    def put(self, key: str, value: Any, origin: Origin | None) -> None:
        """Set an entry together with its origin; without one, what was known of the key is kept."""
        super().__setitem__(key, value)
        if origin is not None:
            self._origins[key] = origin

    def put_all(self, other: Mapping[str, Any], origin: Origin | None = None) -> None:
        """Set the entries of another dict as `put` does; those of a ConfigDict keep origins."""
        for key, value in other.items():
            known = known_origin(other, key) or origin
            self.put(key, value, known and self._replacing(key, known))

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Add entries; a dict is laid over the dict that is there, entry by entry."""
        self._update((*args, kwargs), origin_of_caller())

    def _update(self, sources: Iterable[Any], origin: Origin | None) -> None:
        for source in sources:
            for key, value in dict(source).items():
                known = known_origin(source, key) or origin
                if isinstance(value, dict) and isinstance(self.get(key), ConfigDict):
                    self[key]._update([value], known)
                else:
                    self.put(key, adopt(value), known and self._replacing(key, known))

    def merge(self, other: Mapping[str, Any]) -> None:
        """Lay a dict over this one as a child config is laid over its base, `_delete_` included."""
        self._merge(other, origin_of_caller())

    def _merge(self, other: Mapping[str, Any], origin: Origin | None) -> None:
        if other.get("_delete_"):
            self.clear()
        for key in other.keys() - {"_delete_"}:
            value, known = other[key], known_origin(other, key) or origin
            if isinstance(value, dict) and isinstance(self.get(key), ConfigDict):
                value = copy_tree(self[key])
                value._merge(other[key], known)
            elif isinstance(value, dict):
                value = ConfigDict.copy(adopt(value))
                value.pop("_delete_")
            self.put(key, adopt(value), known and self._replacing(key, known))

    def pop(self, key: str, default: Any = None) -> Any:
        """Remove an entry and return it, or the default."""
        self._origins.pop(key, None)
        return super().pop(key, default)

    def to_dict(self) -> dict[str, Any]:
        """Return plain nested dicts and lists; tuples stay tuples."""
        plain: dict[str, Any] = to_plain(self)
        return plain

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return an entry; a missing one is set first."""
        if key not in self:
            self.assign(key, default, origin_of_caller())
        return self[key]

    def origin_of(self, key: str) -> Origin | None:
        """Return where the entry was set, or where this dict begins if that is all we know."""
        return self._origins.get(key, self.origin)

    def own_origin(self, key: str) -> Origin | None:
        """Return where the entry itself was set, if that is known."""
        return self._origins.get(key)

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
        copied = ConfigDict.copy(value)
        for key, item in value.items():
            dict.__setitem__(copied, key, copy_tree(item))
        return copied
    if isinstance(value, ConfigList):
        return ConfigList([copy_tree(item) for item in value], value.origins)
    if type(value) is tuple:
        return tuple(copy_tree(item) for item in value)
    return value


def adopt(value: Any) -> Any:
    """Turn plain dicts and lists into nodes, but leave a ConfigDict the one that it is.

    Examples:
        >>> inner = ConfigDict(x=1)
        >>> node = adopt({"a": [inner, {"y": 2}]})
        >>> node.a[0] is inner, node.a[1].y
        (True, 2)
    """
    if type(value) is ConfigDict:
        return value
    if isinstance(value, dict):
        node = ConfigDict()
        node.origin = known_origin_of_node(value)
        for key, item in value.items():
            node.put(key, adopt(item), known_origin(value, key))
        return node
    if isinstance(value, list):
        origins = [known_origin(value, index) for index in range(len(value))]
        return ConfigList(map(adopt, value), origins)
    if type(value) is tuple:
        return tuple(map(adopt, value))
    return value


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
        return ConfigList([to_nodes(i, origin) for i in value], origins)
    if type(value) is tuple:
        return tuple(to_nodes(item, origin) for item in value)
    return value


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
    return str(value) if isinstance(value, str) else value

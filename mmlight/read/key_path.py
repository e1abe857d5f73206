"""Writes key paths, such as `data.train.pipeline[1].size`, and notes them in the origins of a tree.

Noting happens once, before the words of the config are upgraded and translated: as origins travel
with the values, every later stage can name an entry as the user did.
"""

from collections.abc import Iterator
from typing import Any

from mmlight.read.node import ConfigDict, ConfigList, Origin, known_origin, known_origin_of_node


def join_path(path: str, key: str | int) -> str:
    """Return the path of an entry of the container at `path`.

    Examples:
        >>> join_path(join_path(join_path("", "pipeline"), 1), "size")
        'pipeline[1].size'
    """
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else str(key)


def list_entries(container: Any) -> list[tuple[str | int, Any]]:
    """Return the keys and values of a dict, list or tuple; nothing for any other value."""
    if isinstance(container, dict):
        return list(container.items())
    return list(enumerate(container)) if isinstance(container, (list, tuple)) else []


def walk(value: Any, path: str = "") -> Iterator[tuple[str, Any, Origin | None]]:
    """Yield the path, value and origin of every entry at any depth, outer ones first.

    Examples:
        >>> [path for path, _, _ in walk({"a": [{"b": 1}, 2]})]
        ['a', 'a[0]', 'a[0].b', 'a[1]']
    """
    for key, item in list_entries(value):
        place = join_path(path, key)
        yield place, item, known_origin(value, key)
        yield from walk(item, place)


def note_paths(value: Any, path: str = "") -> Any:
    """Return a copy of a tree in which the origin of every entry knows a key path.

    A path that is known already stays: it is the one in the words of the user.

    Examples:
        >>> tree = note_paths(ConfigDict(model=ConfigDict(depth=50)))
        >>> tree.model.origin_of("depth").path
        'model.depth'
    """
    if isinstance(value, ConfigDict):
        return _note_dict(value, path)
    if type(value) not in (list, tuple, ConfigList):
        return value
    places = [_place_of_item(value, index, path) for index in range(len(value))]
    items = [note_paths(item, place) for item, place in zip(value, places, strict=True)]
    if type(value) is tuple:
        return tuple(items)
    known = value.origins if isinstance(value, ConfigList) else []
    known = [*known, *[None] * (len(items) - len(known))]
    whole = value.origin if isinstance(value, ConfigList) else None
    origins = [
        _with_path(own or known_origin_of_node(item) or whole, place)
        for own, item, place in zip(known, items, places, strict=True)
    ]
    return ConfigList(items, origins)


def _note_dict(value: ConfigDict, path: str) -> ConfigDict:
    noted = ConfigDict()
    noted.origin = _with_path(value.origin, path)
    for key, item in value.items():
        own = value.own_origin(key)
        place = own.path if own is not None and own.path else join_path(path, key)
        noted.put(key, note_paths(item, place), _with_path(own or value.origin, place))
    return noted


def _place_of_item(items: Any, index: int, path: str) -> str:
    own = items.origins[index : index + 1] if isinstance(items, ConfigList) else []
    origins: list[Origin | None] = [known_origin_of_node(items[index]), *own]
    for origin in origins:
        if origin is not None and origin.path:
            return origin.path
    return join_path(path, index)


def _with_path(origin: Origin | None, path: str) -> Origin:
    if origin is None:
        return Origin("", 0, path)
    if origin.path == path:
        return origin
    return Origin(origin.file, origin.line, path, origin.overrode)

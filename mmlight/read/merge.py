"""Merges one config tree over another: a child over its bases, an override into a list.

From: mmcv 1.7 and mmengine 0.10 `Config._merge_a_into_b`.
"""

import re
from typing import Any

from mmlight.errors import ConfigError
from mmlight.read.node import ConfigDict, ConfigList, Origin, known_origin
from mmlight.read.origin import overriding

DELETE_KEY = "_delete_"


def merge(child: ConfigDict, base: ConfigDict, path: str = "") -> ConfigDict:
    """Return `base` with the entries of `child` laid over it; neither is changed.

    Dicts merge key by key, everything else replaces. A child dict with `_delete_=True` replaces the
    base's dict whole. The origin of what replaced something remembers it.

    Args:
        child: The entries that win.
        base: The entries that are inherited.
        path: Key path of the two, for error texts.

    Raises:
        ConfigError: If a dict meets a base value that is no dict.

    Examples:
        >>> merge(ConfigDict(a=ConfigDict(x=1)), ConfigDict(a=ConfigDict(x=0, y=2), b=3))
        {'a': {'x': 1, 'y': 2}, 'b': 3}
        >>> merge(ConfigDict(a=ConfigDict(x=1, _delete_=True)), ConfigDict(a=ConfigDict(y=2)))
        {'a': {'x': 1}}
    """
    merged = base.copy()
    if child.origin is not None:
        merged.origin = child.origin
    for key, value in child.items():
        if key in base:
            _merge_entry(merged, key, value, child.origin_of(key), f"{path}{key}")
        else:
            merged.put(key, value, child.origin_of(key))
    return merged


def _merge_entry(
    merged: ConfigDict, key: str, value: Any, origin: Origin | None, path: str
) -> None:
    """Lay one entry over the one that `merged` has inherited."""
    inherited, inherited_origin = merged[key], merged.origin_of(key)
    replaces = not isinstance(value, ConfigDict)
    if DELETE_KEY in (() if replaces else value):
        value = value.copy()
        replaces = bool(value.pop(DELETE_KEY))
    if replaces:
        value = _note_replaced(value, inherited)
        origin = origin and overriding(origin, inherited, inherited_origin)
        merged.put(key, value, origin)
        return
    if not isinstance(inherited, ConfigDict):
        raise ConfigError(
            path,
            f"a dict cannot be merged into the inherited {type(inherited).__name__} {inherited!r}",
            origin=f"{value.origin} over {inherited_origin}",
            next_step=f"Add {DELETE_KEY}=True to the dict to replace the inherited value.",
        )
    merged.put(key, merge(value, inherited, f"{path}."), origin)


def _note_replaced(value: Any, old: Any) -> Any:
    """Let the entries of a dict that replaces another whole remember their namesakes there."""
    if not (isinstance(value, ConfigDict) and isinstance(old, ConfigDict)) or value is old:
        return value
    noted = value.copy()
    for key in value.keys() & old.keys():
        origin = value.origin_of(key)
        origin = origin and overriding(origin, old[key], old.origin_of(key))
        noted.put(key, _note_replaced(value[key], old[key]), origin)
    return noted


def split_path(path: str) -> list[str]:
    """Return the steps of a key path; error texts write list items as `[0]`.

    Examples:
        >>> split_path("data.train.pipeline[1].size") == split_path("data.train.pipeline.1.size")
        True
    """
    return re.sub(r"\[(\d+)\]", r".\1", path).split(".")


def set_by_path(tree: ConfigDict, path: str, value: Any, origin: Origin | None) -> None:
    """Set `a.b.0.c`, or `a.b[0].c`, in place, through dicts by key and through lists by index.

    Missing dicts are created; None counts as missing. A dict is laid over an existing dict, entry
    by entry, unless it has `_delete_=True`; over a list when its keys are indices.

    Raises:
        ConfigError: If the path leads through a leaf or past the end of a list.

    Examples:
        >>> tree = ConfigDict(p=ConfigList([ConfigDict(size=1)]))
        >>> set_by_path(tree, "p.0.size", 2, None)
        >>> tree
        {'p': [{'size': 2}]}
    """
    parts = split_path(path)
    node: Any = tree
    for depth, name in enumerate(parts[:-1]):
        _check_step(node, name, ".".join(parts[:depth]), path, origin)
        if isinstance(node, ConfigDict) and node.get(name) is None:
            node.put(name, ConfigDict(), origin)
        node = node[_to_step(node, name)]
    _lay(node, parts[-1], value, (".".join(parts[:-1]), path), origin)


def _lay(node: Any, name: str, value: Any, where: tuple[str, str], origin: Origin | None) -> None:
    """Set one entry; `where` holds the path of the node and of the whole override."""
    walked, path = where
    _check_step(node, name, walked, path, origin)
    step = _to_step(node, name)
    there = isinstance(node, ConfigList) or step in node
    old = node[step] if there else None
    replaces = not isinstance(value, ConfigDict) or bool(value.pop(DELETE_KEY, False))
    if replaces or old is None:
        if there and origin is not None:
            origin = overriding(origin, old, known_origin(node, step))
        node.put(step, _note_replaced(value, old), origin)
        return
    for key, item in value.items():
        _lay(old, key, item, (f"{walked}.{name}".lstrip("."), f"{path}.{key}"), origin)


def _to_step(node: Any, name: str) -> Any:
    return int(name) if isinstance(node, ConfigList) else name


def _check_step(node: Any, name: str, where: str, path: str, origin: Origin | None) -> None:
    if isinstance(node, ConfigDict):
        return
    if not isinstance(node, ConfigList):
        raise ConfigError(
            path,
            f"{where!r} is {node!r}, so it has no entry {name!r}",
            origin=origin or "",
            next_step=f"Override {where!r} itself.",
        )
    if not str(name).isdigit() or int(name) >= len(node):
        raise ConfigError(
            path,
            f"{where!r} has {len(node)} items, so it has no item {name!r}",
            origin=origin or "",
            expected=f"an index from 0 to {len(node) - 1}",
        )

"""Merges one config tree over another: a child over its bases, an override into a list.

From: mmcv 1.7 and mmengine 0.10 `Config._merge_a_into_b`.
"""

from typing import Any

from mmlight.errors import ConfigError
from mmlight.read.node import ConfigDict, ConfigList, Origin, known_origin

DELETE_KEY = "_delete_"


def merge(child: ConfigDict, base: ConfigDict, path: str = "") -> ConfigDict:
    """Return `base` with the entries of `child` laid over it; neither is changed.

    Dicts merge key by key, everything else replaces. A child dict with `_delete_=True` replaces the
    base's dict whole.

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
        merged.put(key, _merged_value(value, base, key, f"{path}{key}"), child.origin_of(key))
    return merged


def _merged_value(value: Any, base: ConfigDict, key: str, path: str) -> Any:
    if not isinstance(value, ConfigDict) or key not in base:
        return value
    if DELETE_KEY in value:
        value = value.copy()
        if value.pop(DELETE_KEY):
            return value
    inherited = base[key]
    if not isinstance(inherited, ConfigDict):
        raise ConfigError(
            path,
            f"a dict cannot be merged into the inherited {type(inherited).__name__} {inherited!r}",
            origin=f"{value.origin} over {known_origin(base, key)}",
            next_step=f"Add {DELETE_KEY}=True to the dict to replace the inherited value.",
        )
    return merge(value, inherited, f"{path}.")


def set_by_path(tree: ConfigDict, path: str, value: Any, origin: Origin | None) -> None:
    """Set `a.b.0.c` in place, through dicts by key and through lists by index.

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
    parts = path.split(".")
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
    old = node[step] if isinstance(node, ConfigList) else node.get(step)
    if not isinstance(value, ConfigDict):
        node.put(step, value, origin)
        return
    replaces = bool(value.pop(DELETE_KEY, False))
    if replaces or old is None:
        node.put(step, value, origin)
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

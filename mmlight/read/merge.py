"""Merges one config tree over another: a child over its bases, an override into a list.

From: mmcv 1.7 and mmengine 0.10 `Config._merge_a_into_b`.
"""

from typing import Any, cast

from mmlight.errors import ConfigError
from mmlight.read.node import ConfigDict, ConfigList, known_origin

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
    if value.get(DELETE_KEY, False):
        value = value.copy()
        del value[DELETE_KEY]
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


def set_by_path(tree: ConfigDict, path: str, value: Any, origin: Any) -> None:
    """Set `a.b.0.c` in place, through dicts by key and through lists by index.

    Missing dicts are created.

    Raises:
        ConfigError: If the path leads through a leaf or past the end of a list.

    Examples:
        >>> tree = ConfigDict(p=ConfigList([ConfigDict(size=1)]))
        >>> set_by_path(tree, "p.0.size", 2, None)
        >>> tree
        {'p': [{'size': 2}]}
    """
    *parents, last = path.split(".")
    node: Any = tree
    walked = ""
    for name in parents:
        _check_step(node, name, walked, path, origin)
        if isinstance(node, dict):
            if node.get(name) is None:
                cast(ConfigDict, node).put(name, ConfigDict(), origin)
            node = node[name]
        else:
            node = node[int(name)]
        walked = f"{walked}{name}."
    _check_step(node, last, walked, path, origin)
    if isinstance(node, ConfigList):
        node[int(last)] = value
    else:
        node.put(last, value, origin)


def _check_step(node: Any, name: str, walked: str, path: str, origin: Any) -> None:
    if isinstance(node, ConfigDict):
        return
    where = walked.rstrip(".")
    if not isinstance(node, ConfigList):
        raise ConfigError(
            path,
            f"{where!r} is {node!r}, so it has no entry {name!r}",
            origin=origin,
            next_step=f"Override {where!r} itself.",
        )
    if not name.isdigit() or int(name) >= len(node):
        raise ConfigError(
            path,
            f"{where!r} has {len(node)} items, so it has no item {name!r}",
            origin=origin,
            expected=f"an index from 0 to {len(node) - 1}",
        )

"""Takes values of an impossible shape out of a 0.x config, so that the rest can be upgraded."""

from typing import Any, Final

from mmlight.errors import MMLightError, UnsupportedValueError, raise_all
from mmlight.read.key_path import join_path
from mmlight.read.node import ConfigDict, ConfigList, Origin, copy_tree, known_origin
from mmlight.upgrade.shape import CONFIG, EVERY, Shape

_DROPPED: Final = object()


def drop_malformed(config: ConfigDict) -> list[MMLightError]:
    """Remove the values of a whole 0.x config that have no shape of 0.x; return what is wrong.

    Examples:
        >>> config = ConfigDict(fp16=True, seed=0)
        >>> [error.problem for error in drop_malformed(config)], config
        (['the value True cannot be used'], {'seed': 0})
    """
    errors: list[MMLightError] = []
    _keep(config, CONFIG, "", config.origin, errors)
    return errors


def check_shape(value: ConfigDict, shape: Shape, path: str) -> None:
    """Check a dict that 0.x code builds by itself.

    Args:
        value: The dict.
        shape: What it must be.
        path: What errors call it.

    Raises:
        UnsupportedValueError: If one value in it has another shape.
        ConfigErrors: If several have.
    """
    errors: list[MMLightError] = []
    _keep(copy_tree(value), shape, path, value.origin, errors)
    raise_all(errors)


def _keep(
    value: Any, shape: Shape, path: str, origin: Origin | None, errors: list[MMLightError]
) -> Any:
    """Return what may stay of a value."""
    if not shape.fits(value):
        errors.append(_describe(f"the value {value!r} cannot be used", shape, path, origin))
        return _DROPPED
    if isinstance(value, ConfigDict):
        kind = str(value.get("type")).removeprefix("mmcls.")
        return _keep_entries(value, shape.by_type().get(kind, shape), path, errors)
    item_shape = shape.items()
    if item_shape is None or not isinstance(value, (list, tuple)):
        return value
    kept, origins = [], []
    for index, item in enumerate(value):
        own = known_origin(value, index) or origin
        item = _keep(item, item_shape, join_path(path, index), own, errors)
        if item is not _DROPPED:
            kept.append(item)
            origins.append(own)
    if value and not kept:
        return _DROPPED  # an empty list would mean something else
    return tuple(kept) if isinstance(value, tuple) else ConfigList(kept, origins)


def _keep_entries(node: ConfigDict, shape: Shape, path: str, errors: list[MMLightError]) -> Any:
    for key in list(node):
        origin = node.origin_of(key)
        if not isinstance(key, str):
            errors.append(_describe(f"the key {key!r} is no name", shape, path or "config", origin))
            del node[key]
            continue
        inner = shape.entries.get(key) or shape.entries.get(EVERY)
        if inner is None or node[key] is None:
            continue
        kept = _keep(node[key], inner, join_path(path, key), origin, errors)
        if kept is not _DROPPED:
            node.put(key, kept, None)
        elif key in shape.needs:
            return _DROPPED
        else:
            del node[key]
    missing = [key for key in shape.needs if node.get(key) is None]
    for key in missing:
        errors.append(_describe(f"the entry {key!r} is missing", shape, path, node.origin))
    return _DROPPED if missing else node


def _describe(
    problem: str, shape: Shape, path: str, origin: Origin | None
) -> UnsupportedValueError:
    return UnsupportedValueError(
        path,
        problem,
        origin=origin or "",
        expected=shape.kind,
        next_step=f"Write {shape.example}, or remove it." if shape.example else "Remove it.",
    )

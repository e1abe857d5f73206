"""Moves entries between config dicts together with their origins: the verb of this stage."""

from typing import Any

from mmlight.read.node import ConfigDict, Origin

MISSING: Any = object()


def pop(node: ConfigDict, key: str, default: Any = None) -> tuple[Any, Origin | None]:
    """Remove an entry and return it with its origin.

    Examples:
        >>> pop(ConfigDict(a=1), "a")
        (1, None)
    """
    origin = node.origin_of(key) if key in node else node.origin
    return node.pop(key, default), origin


def move(source: ConfigDict, key: str, target: ConfigDict, path: str) -> None:
    """Move an entry to a dotted path in another dict; nothing happens when it is missing.

    Examples:
        >>> new = ConfigDict()
        >>> move(ConfigDict(seed=3), "seed", new, "randomness.seed")
        >>> new
        {'randomness': {'seed': 3}}
    """
    if key in source:
        value, origin = pop(source, key)
        put(target, path, value, origin)


def put(target: ConfigDict, path: str, value: Any, origin: Origin | None) -> None:
    """Set a dotted path; missing dicts on the way are created, with the same file and line."""
    *parents, last = path.split(".")
    for name in parents:
        if name not in target:
            child = ConfigDict()
            child.origin = origin and Origin(origin.file, origin.line)
            target.put(name, child, child.origin)
        target = target[name]
    target.put(last, value, origin)


def node(origin: Origin | None, **entries: Any) -> ConfigDict:
    """Make a dict whose entries all carry one origin.

    Examples:
        >>> node(Origin("a.py", 3), type="X").origin_of("type").line
        3
    """
    made = ConfigDict()
    made.origin = origin
    for key, value in entries.items():
        made.put(key, value, origin)
    return made

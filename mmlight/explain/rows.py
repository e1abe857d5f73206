"""Turns a config into rows: one for each entry, with its value, its origin and what it becomes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mmlight.explain.fates import Fate, Fates, find_fates, outer_paths
from mmlight.read.config import Config
from mmlight.read.key_path import join_path, list_entries, note_paths
from mmlight.read.node import Origin, known_origin
from mmlight.spec import Call

UNSET = Fate("unset", "None: as if it were not there")
ALL_OF_ONE = ("argument", "used", "helper", "ignored", "refused")
"""Fates that an entry shares with everything inside it."""


@dataclass(frozen=True)
class Row:
    """One entry of a config.

    Args:
        path: Its key path in the user's words, for example `data.train.pipeline[1].size`.
        name: The last step of the path, `size` or `[1]`.
        value: Its value.
        origin: Where it was set, and what it overrode; None if it was set from Python.
        fates: What it becomes; empty for a container whose entries have theirs.
        inside: The rows of the entries inside it; none where it is one thing as a whole.
    """

    path: str
    name: str
    value: Any
    origin: Origin | None
    fates: tuple[Fate, ...]
    inside: tuple["Row", ...] = ()

    def walk(self) -> Iterator["Row"]:
        """Yield this row and those inside it, at any depth."""
        yield self
        for row in self.inside:
            yield from row.walk()


def list_rows(config: Config, fates: Fates | None = None) -> list[Row]:
    """Return the rows of a config's top-level entries, with those of all other entries inside.

    What lies inside an entry that is one thing as a whole (an argument, a helper variable, ...) has
    no rows. Every other entry has one, so nothing of the config is missing.

    Args:
        config: As read, overrides included.
        fates: What `find_fates` found of it, if that is known already.

    Examples:
        >>> rows = list_rows(Config({"model": {"type": "ImageClassifier"}, "author": "me"}))
        >>> [(row.path, row.fates[0].kind) for top in rows for row in top.walk() if row.fates]
        [('model.type', 'used'), ('author', 'ignored')]
    """
    fates = fates or find_fates(config)
    return list(_rows_of(note_paths(config.values), "", fates))


def _rows_of(container: Any, path: str, fates: Fates) -> Iterator[Row]:
    for key, value in list_entries(container):
        place = join_path(path, key)
        own = _own_fates(place, value, fates)
        splits = bool(list_entries(value)) and not _is_one(place, own, value, fates)
        if not own and not splits:
            own = (_default_fate(place, value, fates),)
        inside = tuple(_rows_of(value, place, fates)) if splits else ()
        name = place[len(path) :].removeprefix(".")
        yield Row(place, name, value, known_origin(container, key) or None, own, inside)


def _own_fates(path: str, value: Any, fates: Fates) -> tuple[Fate, ...]:
    """Return what is told of an entry, and not of something that was made along with it.

    A call begins at a `type`, or is the dict that it is in; an argument that the upgrade has added
    has the path of the dict that brought it about.
    """
    found = fates.by_path.get(path, ())
    if value is None:
        return tuple(fate for fate in found if not (fate.kind == "used" and fate.place))
    if not isinstance(value, (dict, list)):
        types = {fate.place for fate in found if fate.kind == "call"}
        return tuple(fate for fate in found if not _is_beside(fate, types, value, fates))
    return tuple(fate for fate in found if _is_whole(fate, path, value, fates))


def _is_beside(fate: Fate, types: set[str], value: Any, fates: Fates) -> bool:
    """Tell whether an argument was added to the class that the entry names."""
    return fate.kind == "argument" and fate.place in types and fates.argument(fate) != value


def _is_whole(fate: Fate, path: str, value: Any, fates: Fates) -> bool:
    """Tell whether a fate is that of a dict or list itself."""
    if fate.kind == "call":
        return fates.calls[fate.place].path == path
    if fate.kind == "argument":
        made = fates.argument(fate)
        return isinstance(made, (dict, Call)) if isinstance(value, dict) else True
    return True


def _is_one(path: str, own: tuple[Fate, ...], value: Any, fates: Fates) -> bool:
    """Tell whether an entry shares one fate with all that is inside it."""
    if path in fates.below:
        return False
    if path in fates.helpers:
        return True
    if own:
        return all(fate.kind in ALL_OF_ONE for fate in own)
    return any(item is not None for _, item in list_entries(value))


def _default_fate(path: str, value: Any, fates: Fates) -> Fate:
    """Say what became of an entry that nothing speaks of."""
    if value is None:
        return UNSET
    if path in fates.helpers:
        return fates.helpers[path]
    if value in ({}, [], ()):
        return Fate("unset", "empty: as if it were not there")
    is_blocked = not fates.blocked.isdisjoint(("", path, *outer_paths(path)))
    if is_blocked or (fates.problems and not fates.is_old):
        return Fate("open", "not read, because of the problem beside it")
    return Fate("taken", "part of what stands above it")

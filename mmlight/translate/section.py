"""Reads one dict of a config entry by entry and remembers which entries nobody read."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from os import PathLike, fspath
from typing import Any

from mmlight.errors import (
    MMLightError,
    UnknownKeyError,
    UnsupportedValueError,
    list_names,
    nearest_name,
)
from mmlight.read.key_path import join_path
from mmlight.read.node import ConfigDict, Origin, known_origin_of_node
from mmlight.spec import Call, Note
from mmlight.upgrade.shape import DATA, SECTION_WORDS


@dataclass
class Report:
    """What translation found besides the Spec.

    Args:
        errors: Problems, in the order in which they were met; raised together at the end.
        notes: What was ignored, and why.
        scope: Where names without a scope are looked up first.
        safe: Refuse import paths, which could lead to any function of any package.
    """

    errors: list[MMLightError] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    scope: str = "mmpretrain"
    safe: bool = False


class Section:
    """One dict of a config under translation.

    Args:
        node: The dict.
        path: Its key path in the user's words, empty for the whole config.
        report: Collects errors and notes.
    """

    def __init__(self, node: ConfigDict, path: str, report: Report) -> None:
        self.node = node
        self.path = path
        self.report = report
        self._asked: set[str] = set()

    def key_path(self, key: str) -> str:
        """Return the full path of an entry, in the user's words if its origin knows them."""
        own = self.node.own_origin(key) if key in self.node else None
        return own.path if own is not None and own.path else join_path(self.path, key)

    def origin_of(self, key: str) -> Origin | None:
        """Return where an entry was set."""
        return self.node.origin_of(key)

    def take(self, key: str, default: Any = None, *, to: str = "") -> Any:
        """Return an entry, or the default when it is missing or None, and mark it as read.

        Args:
            key: Which one.
            default: What stands for a missing entry.
            to: What becomes of it, see `use`; needed where it is no argument of a call.
        """
        self._asked.add(key)
        if to:
            self.use(key, to)
        value = self.node.get(key)
        return default if value is None else value

    def use(self, key: str, to: str) -> None:
        """Tell `mmlight explain` what becomes of an entry.

        Args:
            key: Which one; nothing is told of a missing one, or of one that the upgrade has added.
            to: A place in the Spec, such as `trainer.max_epochs`, or a few words.
        """
        if key in self.node and self.key_path(key) != self.path:
            self.report.notes.append(Note(self.key_path(key), to, self.origin_of(key), quiet=True))

    def take_path(self, key: str, default: str | None = None, *, to: str = "") -> str | None:
        """Return an entry that names a file or folder; another value is refused."""
        value = self.take(key, default, to=to)
        if isinstance(value, (str, PathLike, type(None))):
            return value if value is None else fspath(value)
        self.refuse(key, expected="a path", next_step="Write it as a string.")
        return default

    def take_section(self, key: str, *, to: str = "") -> "Section":
        """Return a dict entry as a section; an empty one when it is missing or None."""
        value = self.take(key, ConfigDict(), to=to)
        if not isinstance(value, ConfigDict):
            self.refuse(key, expected="a dict")
            return Section(ConfigDict(), self.key_path(key), Report())  # what it lacks is no news
        return Section(value, self.key_path(key), self.report)

    def holds_object(self, key: str) -> bool:
        """Tell whether an entry is a live object, built already, and no data."""
        return not isinstance(self.node.get(key), DATA)

    def take_list(self, key: str) -> Iterator["Section"]:
        """Yield the dicts of a list entry; a single dict counts as a list of one."""
        value = self.take(key, [])
        items = [value] if isinstance(value, ConfigDict) else value
        if not isinstance(items, (list, tuple)) or not all(
            isinstance(i, ConfigDict) for i in items
        ):
            self.refuse(key, expected="a dict or a list of dicts")
            return
        for index, item in enumerate(items):
            origin = known_origin_of_node(item)
            path = origin.path if origin is not None else ""
            yield Section(item, path or join_path(self.key_path(key), index), self.report)

    def ignore(self, reason: str, *keys: str) -> None:
        """Mark entries as read and note why nothing comes of them."""
        for key in keys:
            self._asked.add(key)
            if key in self.node:
                self.note(key, reason)

    def note(self, key: str, text: str) -> None:
        """Note something about an entry."""
        self.report.notes.append(Note(self.key_path(key), text, self.origin_of(key)))

    def call(self, target: str, kwargs: Mapping[str, Any], *, begin: str = "type") -> Call:
        """Make a Call of this dict; an argument that an entry gives its name knows its origin.

        Args:
            target: Import path.
            kwargs: The arguments.
            begin: The entry whose line is that of the call.
        """
        origins = {key: self.origin_of(key) for key in kwargs if key in self.node}
        origin = self.origin_of(begin)
        return Call(target, kwargs, path=self.path, origins=origins, origin=origin)

    def refuse(
        self, key: str, problem: str = "", *, expected: str = "", next_step: str = ""
    ) -> None:
        """Record that the value of an entry cannot be honoured."""
        self._asked.add(key)
        error = UnsupportedValueError(
            self.key_path(key),
            problem or f"the value {self.node.get(key)!r} cannot be used",
            origin=self.origin_of(key),
            expected=expected,
            next_step=next_step,
        )
        self.report.errors.append(error)

    def refuse_unless(self, key: str, *allowed: Any, reason: str = "") -> Any:
        """Take an entry that may have few values only; missing counts as the first of them.

        They are those that change nothing here; say otherwise by another `use` of the entry.
        """
        value = self.take(key, allowed[0])
        if value not in allowed:
            names = " or ".join(repr(item) for item in allowed)
            self.refuse(key, expected=names, next_step=reason)
        else:
            self.use(key, "so it is here in any case")
        return value

    @property
    def known(self) -> frozenset[str]:
        """The keys that were asked for, whether they are there or not."""
        return frozenset(self._asked)

    @property
    def leftover(self) -> list[str]:
        """The keys that nothing has read."""
        return [key for key in self.node if key not in self._asked]

    def finish(self, known: Iterable[str] = ()) -> None:
        """Record every entry that nothing has read as an unknown key."""
        names = sorted({*self._asked, *known})
        for key in self.leftover:
            path = self.key_path(key)
            words = SECTION_WORDS.get(path.rpartition(".")[0], names)  # of 0.x, if it is that
            error = UnknownKeyError(
                path,
                f"unknown key {key!r} with value {self.node[key]!r}",
                origin=self.origin_of(key),
                expected=list_names(words),
                nearest=nearest_name(str(key), words),
                next_step="Correct the name or remove the key.",
            )
            self.report.errors.append(error)

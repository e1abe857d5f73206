"""Reads one dict of a config entry by entry and remembers which entries nobody read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from mmlight.errors import (
    MMLightError,
    UnknownKeyError,
    UnsupportedValueError,
    list_names,
    nearest_name,
)
from mmlight.read.node import ConfigDict, Origin
from mmlight.spec import Note


@dataclass
class Report:
    """What translation found besides the Spec.

    Args:
        errors: Problems, in the order in which they were met; raised together at the end.
        notes: What was ignored, and why.
    """

    errors: list[MMLightError] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


class Section:
    """One dict of a config under translation.

    Args:
        node: The dict.
        path: Its key path, empty for the whole config.
        report: Collects errors and notes.
    """

    def __init__(self, node: ConfigDict, path: str, report: Report) -> None:
        self.node = node
        self.path = path
        self.report = report
        self._asked: set[str] = set()

    def key_path(self, key: str) -> str:
        """Return the full path of an entry."""
        return f"{self.path}.{key}" if self.path else key

    def origin_of(self, key: str) -> Origin | None:
        """Return where an entry was set."""
        return self.node.origin_of(key)

    def take(self, key: str, default: Any = None) -> Any:
        """Return an entry, or the default when it is missing or None, and mark it as read."""
        self._asked.add(key)
        value = self.node.get(key)
        return default if value is None else value

    def take_section(self, key: str) -> "Section":
        """Return a dict entry as a section; an empty one when it is missing or None."""
        value = self.take(key, ConfigDict())
        if not isinstance(value, ConfigDict):
            self.refuse(key, expected="a dict")
            value = ConfigDict()
        return Section(value, self.key_path(key), self.report)

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
            yield Section(item, f"{self.key_path(key)}[{index}]", self.report)

    def ignore(self, reason: str, *keys: str) -> None:
        """Mark entries as read and note why nothing comes of them."""
        for key in keys:
            self._asked.add(key)
            if key in self.node:
                self.note(key, reason)

    def note(self, key: str, text: str) -> None:
        """Note something about an entry."""
        self.report.notes.append(Note(self.key_path(key), text, self.origin_of(key)))

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
        """Take an entry that may have few values only; missing counts as the first of them."""
        value = self.take(key, allowed[0])
        if value not in allowed:
            names = " or ".join(repr(item) for item in allowed)
            self.refuse(key, expected=names, next_step=reason)
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
            error = UnknownKeyError(
                self.key_path(key),
                f"unknown key {key!r} with value {self.node[key]!r}",
                origin=self.origin_of(key),
                expected=list_names(names),
                nearest=nearest_name(key, names),
                next_step="Correct the name or remove the key.",
            )
            self.report.errors.append(error)

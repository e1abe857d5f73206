"""Where the entries of a Config were set, and what they replaced."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

FILE_MARK = "__mmlight_file__"
"""Name under which a running config knows its file."""


@dataclass(slots=True, unsafe_hash=True)  # not frozen: that quadruples the cost of making one
class Origin:
    """Where a value was set. Nothing changes one that is made.

    It is false when neither file nor words are known.

    Args:
        file: Path as the user wrote it, or words such as `--cfg-options`.
        line: Line in that file, from 1; 0 where there is no line.
        path: Key path of the entry in the user's config, where it is known; see
            `mmlight.read.key_path.note_paths`.
        overrode: What the entry was before, if it replaced something.
    """

    file: str
    line: int = 0
    path: str = field(default="", compare=False)
    overrode: "Overridden | None" = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file

    def __bool__(self) -> bool:
        return bool(self.file)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Origin":
        return self


@dataclass(frozen=True)
class Overridden:
    """What an entry was before it was replaced.

    Args:
        value: The old value.
        origin: Where that was set, and what it had replaced in turn.
    """

    value: Any
    origin: Origin | None


def overriding(origin: Origin, old: Any, old_origin: Origin | None) -> Origin:
    """Return `origin`, remembering what it replaces; an entry does not replace itself.

    Examples:
        >>> overriding(Origin("b.py", 1), 50, Origin("a.py", 3)).overrode.value
        50
    """
    if old_origin == origin:
        return old_origin
    before = origin.overrode
    if before is None:
        before = Overridden(old, old_origin)
    elif before.origin is not None:  # its own file has replaced it too: what is older comes last
        before = Overridden(before.value, overriding(before.origin, old, old_origin))
    return Origin(origin.file, origin.line, origin.path, before)


_SILENT: Final = ("mmlight", "copy", "copyreg", "pickle")
_LINE_READ: ContextVar[Origin | None] = ContextVar("_LINE_READ", default=None)


@contextmanager
def reading_line(origin: Origin) -> Iterator[None]:
    """Name the config line that is read right now, where no config runs: in safe reading."""
    token = _LINE_READ.set(origin)
    try:
        yield
    finally:
        _LINE_READ.reset(token)


def origin_of_caller() -> Origin | None:
    """Name the line that sets an entry right now, such as `model['x'] = 1`.

    It is a line of a config, or of a user's script. What mmlight itself sets has no line, nor has
    what copying and unpickling set.
    """
    frame = sys._getframe(2)
    config = frame.f_globals.get(FILE_MARK)
    if config is None and frame.f_globals.get("__name__", "").partition(".")[0] in _SILENT:
        return _LINE_READ.get()
    return Origin(config or frame.f_code.co_filename, frame.f_lineno)


class Node:
    """What dicts and lists of a Config have in common: they know where their entries were set."""

    __slots__ = ()

    origin: Origin | None

    def origin_of(self, key: Any) -> Origin | None:
        """Return where an entry was set, if known."""
        raise NotImplementedError


def known_origin(container: Any, key: Any) -> Origin | None:
    """Return the origin of an entry of any container.

    Plain dicts know none; in plain lists and tuples, such as slices, a node knows where it begins.
    """
    if isinstance(container, Node):
        return container.origin_of(key)
    return known_origin_of_node(container[key]) if isinstance(container, (list, tuple)) else None


def known_origin_of_node(value: Any) -> Origin | None:
    """Return where a node begins, None for plain containers."""
    return value.origin if isinstance(value, Node) else None

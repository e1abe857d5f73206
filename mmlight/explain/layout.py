"""Puts the texts of `mmlight explain` into columns."""

import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

from mmlight.read.node import to_plain

WIDTH = 100
"""Columns of a text."""
LEFT = 34
"""Columns of the keys."""


def to_short(value: Any, width: int, *, mark: str = "") -> str:
    """Write a value on one line, cut where it is long; nothing where there is hardly room.

    Args:
        value: Any value of a config.
        width: Columns for it.
        mark: Stands before it.

    Examples:
        >>> to_short({"type": "BN", "eps": 1e-5}, 12), to_short(True, 5, mark=" = ")
        ("{'type': ...", ' = True')
    """
    text = " ".join(repr(to_plain(value)).split())
    if len(text) > width:
        text = f"{text[: width - 3]}..." if width > 7 else ""
    return mark + text if text else ""


def join(label: str, texts: Iterable[str]) -> Iterator[str]:
    """Put a key and what is told of it side by side; a long key has a line of its own.

    Examples:
        >>> list(join("depth", ["of ResNet", "  more"]))[1].strip()
        'more'
    """
    lines = [line for text in texts for line in wrap(text, WIDTH - LEFT)]
    if lines and len(label) < LEFT - 1:
        label = label.ljust(LEFT) + lines.pop(0)
    yield label
    yield from (" " * LEFT + line for line in lines)


def wrap(text: str, width: int) -> list[str]:
    """Break a text into lines that keep its indentation; further lines of others get some.

    Examples:
        >>> wrap("one two", 5), wrap("  one two", 6)
        (['one', '  two'], ['  one', '  two'])
    """
    words = text.lstrip()
    indent = " " * (len(text) - len(words))
    return textwrap.wrap(
        words,
        width,
        initial_indent=indent,
        subsequent_indent=indent or "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )

"""Formats text without reaching into any object: f-strings, `str.format` and `%`.

Python's own formats read attributes and items (`'{0.__class__}'`) and pad to any width; here a
field is the name or number of a value and nothing more, and every width is paid for.
"""

import re
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from mmlight.read.safe.limits import MAX_WIDTH, Budget, NotSafe

_SPEC = re.compile(
    r"(?:.?[<>=^])?[-+ ]?z?#?0?(?P<width>\d*)[_,]?(?:\.(?P<precision>\d+))?[bcdeEfFgGosxX%]?",
    re.DOTALL,
)
_PERCENT = re.compile(
    r"%(?:\((?P<key>[^()%]*)\))?"
    r"(?P<rest>[-#0 +]*(?P<width>\d*)(?:\.(?P<precision>\d*))?[hlL]?[diouxXeEfFgGcrsa%])"
)
_CONVERSIONS: dict[str, Callable[[Any], str]] = {"r": repr, "s": str, "a": ascii}


def format_value(budget: Budget, value: Any, conversion: str | None, spec: str) -> str:
    """Format one value as `{value!conversion:spec}` does.

    Raises:
        NotSafe: If the spec is none of Python's, or its width or precision is over `MAX_WIDTH`.

    Examples:
        >>> format_value(Budget(), 3.14159, None, "6.2f")
        '  3.14'
    """
    budget.spend_on(value)
    parts = _SPEC.fullmatch(spec)
    if parts is None:
        raise NotSafe(f"the format {spec!r} is not known")
    _check_width(parts)
    text = format(_CONVERSIONS[conversion](value) if conversion else value, spec)
    budget.spend(len(text))
    return text


def format_text(budget: Budget, text: str, /, *args: Any, **words: Any) -> str:
    """Do what `text.format(*args, **words)` does, for fields that are a number or a name.

    Raises:
        NotSafe: If a field reaches into a value, or a width is over `MAX_WIDTH`.

    Examples:
        >>> format_text(Budget(), "{}/{x:>3}", 1, x="a")
        '1/  a'
    """
    return _fill(budget, text, args, words, count(), 2)


def _fill(
    budget: Budget,
    text: str,
    args: Sequence[Any],
    words: Mapping[str, Any],
    numbers: Iterator[int],
    levels: int,
) -> str:
    """Fill the fields of `text`, and those in their specs."""
    if not levels:
        raise NotSafe("the fields of the format nest too deep")
    pieces = []
    for literal, field, spec, conversion in string.Formatter().parse(text):
        budget.spend(1 + len(literal))
        pieces.append(literal)
        if field is None:
            continue
        if "." in field or "[" in field:
            raise NotSafe(f"the format field {{{field}}} reaches into a value")
        number = next(numbers) if not field else int(field) if field.isdecimal() else None
        value = words[field] if number is None else args[number]
        filled = _fill(budget, spec, args, words, numbers, levels - 1) if spec else ""
        pieces.append(format_value(budget, value, conversion or None, filled))
    return "".join(pieces)


def format_percent(budget: Budget, text: str, values: Any) -> str:
    """Do what `text % values` does.

    Raises:
        NotSafe: If a `%` begins no known format, takes its width from a value, or has a width
            over `MAX_WIDTH`.

    Examples:
        >>> format_percent(Budget(), "%s-%03d", ("a", 7))
        'a-007'
        >>> format_percent(Budget(), "%(n)s%%", {"n": 5})
        '5%'
    """
    queue = list(values) if type(values) is tuple else [values]
    pieces = []
    end = keys = 0
    while (start := text.find("%", end)) >= 0:
        parts = _PERCENT.match(text, start)
        if parts is None:
            raise NotSafe(f"the format {text[start : start + 12]!r} is not known")
        pieces.append(text[end:start])
        end = parts.end()
        _check_width(parts)
        keys += parts["key"] is not None
        pieces.append(_percent_piece(budget, parts, values, queue))
    if queue and not keys and not isinstance(values, (dict, list)):
        raise TypeError("not all arguments converted during string formatting")
    budget.spend(len(text))
    return "".join([*pieces, text[end:]])


def _percent_piece(budget: Budget, parts: re.Match[str], values: Any, queue: list[Any]) -> str:
    if parts["rest"].endswith("%"):
        return "%"
    if parts["key"] is not None:
        if not isinstance(values, dict):
            raise TypeError("format requires a mapping")
        value = values[parts["key"]]
    elif not queue:
        raise TypeError("not enough arguments for format string")
    else:
        value = queue.pop(0)
    budget.spend_on(value)
    piece = f"%{parts['rest']}" % (value,)
    budget.spend(len(piece))
    return piece


def _check_width(parts: re.Match[str]) -> None:
    for name in ("width", "precision"):
        digits = parts[name] or "0"
        if len(digits) > 9 or int(digits) > MAX_WIDTH:
            raise NotSafe(f"the {name} {digits} is over the limit of {MAX_WIDTH}")

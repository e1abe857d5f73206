"""Turns a resolved config back into Python text."""

import keyword
import math
from typing import Any

_WIDTH = 100


def to_python(values: dict[str, Any]) -> str:
    """Write one `name = value` per top-level entry; reading the text gives the same values.

    Examples:
        >>> print(to_python({"a": 1, "b": {"type": "X", "size": (2, 3)}}), end="")
        a = 1
        b = dict(type='X', size=(2, 3))
    """
    return "".join(f"{key} = {_format(value, 0, len(key) + 3)}\n" for key, value in values.items())


def _format(value: Any, indent: int, used: int) -> str:
    """Write a value on one line if it fits, else one entry per line."""
    flat = _flat(value)
    if (
        used + indent + len(flat) <= _WIDTH
        or not isinstance(value, (dict, list, tuple))
        or not value
    ):
        return flat
    inner = " " * (indent + 4)
    outer = " " * indent
    if isinstance(value, dict):
        rows = [_entry(key, item, indent + 4, _is_words(value)) for key, item in value.items()]
        start, end = ("dict(", ")") if _is_words(value) else ("{", "}")
    else:
        rows = [_format(item, indent + 4, 1) for item in value]
        start, end = ("[", "]") if isinstance(value, list) else ("(", ")")
    body = "".join(f"{inner}{row},\n" for row in rows)
    return f"{start}\n{body}{outer}{end}"


def _entry(key: Any, value: Any, indent: int, words: bool) -> str:
    head = f"{key}=" if words else f"{key!r}: "
    return head + _format(value, indent, len(head) + 1)


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        if _is_words(value):
            return "dict(" + ", ".join(f"{k}={_flat(v)}" for k, v in value.items()) + ")"
        return "{" + ", ".join(f"{k!r}: {_flat(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flat, value)) + "]"
    if type(value) is tuple:
        return "(" + ", ".join(map(_flat, value)) + ("," if len(value) == 1 else "") + ")"
    if isinstance(value, float) and not math.isfinite(value):
        return f"float('{value}')"
    return repr(value)


def _is_words(value: dict[Any, Any]) -> bool:
    """Tell whether every key can be a keyword argument."""
    return all(isinstance(k, str) and k.isidentifier() and not keyword.iskeyword(k) for k in value)

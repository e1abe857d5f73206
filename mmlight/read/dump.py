"""Turns a resolved config back into text: Python, YAML or JSON, which reads back to the same.

Two things have no word in JSON: a tuple becomes a list, as in the originals. YAML keeps tuples by
the tag `!!python/tuple`, which the originals read as well. What was imported is a dotted path, in
every format.
"""

import json
import keyword
import math
import sys
import unicodedata
from collections.abc import Iterator
from typing import Any, Final

import yaml

from mmlight.errors import ConfigError, MMLightError, raise_all
from mmlight.read.data_text import TUPLE_TAG
from mmlight.read.templates import BASE_KEY, escape_braces

_WIDTH = 100
_SCALARS: Final = (type(None), bool, int, float, str)
_PYTHON_ONLY: Final = (bytes, complex, set, frozenset, range)
_TAKEN: Final = {"dict", "float", "set", "frozenset", "range", BASE_KEY}
"""Names that the text itself needs."""


def to_text(values: dict[str, Any], suffix: str = ".py") -> str:
    """Write a config in the format of a suffix.

    Args:
        values: Plain dicts, lists, tuples and scalars. Classes and functions that can be imported
            are written as their dotted paths.
        suffix: `.py`, `.yaml`, `.yml` or `.json`.

    Raises:
        MMLightError: If the suffix is another, or values cannot be written; all of them are told.

    Examples:
        >>> print(to_text({"size": (2, 3)}, ".yaml"), end="")
        size: !!python/tuple
        - 2
        - 3
    """
    writers = {".py": to_python, ".yaml": to_yaml, ".yml": to_yaml, ".json": to_json}
    if suffix not in writers:
        raise ConfigError(
            f"a file that ends in {suffix!r}",
            "no config is written in that format",
            expected=f"one of {', '.join(writers)}",
        )
    return writers[suffix](values)


def to_python(values: dict[str, Any], *, strict: bool = True) -> str:
    """Write one `name = value` per top-level entry; reading the text gives the same values.

    Args:
        values: Plain dicts, lists, tuples and scalars.
        strict: Refuse what cannot be read back; else it is written as it prints.

    Raises:
        MMLightError: If a value cannot be written, or a key at the top is no name of Python.

    Examples:
        >>> print(to_python({"a": 1, "b": {"type": "X", "size": (2, 3)}}), end="")
        a = 1
        b = dict(type='X', size=(2, 3))
    """
    named = name_classes(values)
    raise_all(_find_python_problems(named) if strict else [])
    return "".join(f"{key} = {_format(value, 0, len(key) + 3)}\n" for key, value in named.items())


def _find_python_problems(named: dict[str, Any]) -> list[MMLightError]:
    problems = list(_find_problems(named, (*_SCALARS, *_PYTHON_ONLY), "Python"))
    problems += [
        ConfigError(
            str(key), f"the key {key!r} cannot be a name in a config", next_step="Rename it."
        )
        for key in named
        if not _is_word(key) or key in _TAKEN or key.startswith("__")
    ]
    return problems


def to_expression(value: Any) -> str:
    """Write one value as Python, on one line.

    Examples:
        >>> to_expression({"size": (2, 3)})
        'dict(size=(2, 3))'
    """
    return _flat(name_classes(value))


def to_yaml(values: dict[str, Any]) -> str:
    """Write YAML that reads back to the same values, and in the originals too.

    Raises:
        MMLightError: If a value cannot be written.
    """
    named = name_classes(values)
    raise_all(list(_find_problems(named, _SCALARS, "YAML")))
    text: str = yaml.dump(named, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return escape_braces(text)


def to_json(values: dict[str, Any]) -> str:
    """Write JSON; tuples become lists.

    Raises:
        MMLightError: If a value cannot be written, or a key is no string.
    """
    named = name_classes(values)
    problems = list(_find_problems(named, _SCALARS, "JSON"))
    raise_all([*problems, *_find_bad_keys(named)])
    return escape_braces(json.dumps(named, indent=4, ensure_ascii=False), "\\u007b") + "\n"


def name_classes(value: Any) -> Any:
    """Replace classes and functions by their dotted paths, where those lead back to them.

    Examples:
        >>> import collections
        >>> name_classes({"type": collections.OrderedDict})
        {'type': 'collections.OrderedDict'}
    """
    if isinstance(value, dict):
        return {key: name_classes(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map(name_classes, value))
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if isinstance(module, str) and isinstance(name, str):
        found: Any = sys.modules.get(module)
        for part in name.split("."):
            found = getattr(found, part, None)
        return f"{module}.{name}" if found is value else value
    return value


def _find_problems(
    value: Any, allowed: tuple[type, ...], words: str, path: str = ""
) -> Iterator[MMLightError]:
    """Yield an error for each value that has no word in a language."""
    if isinstance(value, dict):
        for key, item in value.items():
            inner = f"{path}.{key}".lstrip(".")
            yield from _find_problems(key, allowed, words, inner)
            yield from _find_problems(item, allowed, words, inner)
    elif type(value) in (list, tuple):
        for index, item in enumerate(value):
            yield from _find_problems(item, allowed, words, f"{path}[{index}]")
    elif type(value) not in allowed:
        yield ConfigError(
            path,
            f"{words} has no word for the {type(value).__name__} {value!r}",
            expected="dicts, lists, tuples, numbers, strings, booleans, None, "
            "or classes and functions that a module holds",
            next_step="Replace it by its import path or by plain values.",
        )


def _find_bad_keys(value: Any, path: str = "") -> Iterator[MMLightError]:
    if isinstance(value, dict):
        for key, item in value.items():
            inner = f"{path}.{key}".lstrip(".")
            if not isinstance(key, str):
                yield ConfigError(
                    inner,
                    f"JSON would make a string of the key {key!r}",
                    next_step="Write Python or YAML.",
                )
            yield from _find_bad_keys(item, inner)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _find_bad_keys(item, f"{path}[{index}]")


# ---------------------------------------------------------------------------- YAML


class _Dumper(yaml.SafeDumper):
    """Keeps tuples by a tag and repeats shared values instead of linking them."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if "{{" in text or not text.isprintable() else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(tuple, lambda dumper, data: dumper.represent_sequence(TUPLE_TAG, data))
_Dumper.add_representer(str, _write_text)


# -------------------------------------------------------------------------- Python


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
    head = f"{key}=" if words else f"{_flat(key)}: "
    return head + _format(value, indent, len(head) + 1)


def _flat(value: Any) -> str:
    """Write a value on one line."""
    if isinstance(value, dict):
        if _is_words(value):
            return "dict(" + ", ".join(f"{k}={_flat(v)}" for k, v in value.items()) + ")"
        return "{" + ", ".join(f"{_flat(k)}: {_flat(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flat, value)) + "]"
    if type(value) is tuple:
        return "(" + ", ".join(map(_flat, value)) + ("," if len(value) == 1 else "") + ")"
    return _flat_leaf(value)


def _flat_leaf(value: Any) -> str:
    if isinstance(value, (set, frozenset)):
        return f"{type(value).__name__}({_flat(sorted(value, key=repr))})"
    if isinstance(value, float) and not math.isfinite(value):
        return f"float('{value}')"
    return escape_braces(repr(value)) if isinstance(value, (str, bytes)) else repr(value)


def _is_words(value: dict[Any, Any]) -> bool:
    """Tell whether every key can be a keyword argument."""
    return all(map(_is_word, value))


def _is_word(key: Any) -> bool:
    if not isinstance(key, str) or keyword.iskeyword(key):
        return False
    return key.isidentifier() and unicodedata.normalize("NFKC", key) == key

"""Turns `key=value` words of the command line into typed overrides.

From: mmcv 1.7 and mmengine 0.10 `DictAction`: numbers, True/False, None, lists `a,b` or `[a,b]`,
tuples `(a,b)`, nested; quotes around a value or an item and all spaces are dropped; everything else
is a string. Unlike there, `(1,2),(3,4)` is refused: write `[(1,2),(3,4)]`.
"""

from collections.abc import Iterable
from typing import Any

from mmlight.errors import ConfigError

_WORDS = {"true": True, "false": False}


def parse_overrides(words: Iterable[str]) -> dict[str, Any]:
    """Parse `["a.b=1", "c=[x,(1,2)]"]` into `{"a.b": 1, "c": ["x", (1, 2)]}`.

    Raises:
        ConfigError: If a word has no `=`, no key, or brackets that do not match.

    Examples:
        >>> parse_overrides(["a.b=1", "c=[x,(1,2)]", "d=True", "e=1,2"])
        {'a.b': 1, 'c': ['x', (1, 2)], 'd': True, 'e': [1, 2]}
    """
    overrides = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key or "" in key.split("."):
            raise ConfigError(
                f"--cfg-options {word}",
                f"{word!r} is no override",
                expected="key=value, for example model.backbone.depth=101",
                next_step="Write key=value, without spaces around '='.",
            )
        overrides[key] = _parse_value(value, word)
    return overrides


def _parse_value(text: str, word: str) -> Any:
    text = text.strip("'\"").replace(" ", "")
    if text.startswith("(") and text.endswith(")"):
        return tuple(_parse_value(item, word) for item in _split(text[1:-1], word))
    if text.startswith("[") and text.endswith("]"):
        return [_parse_value(item, word) for item in _split(text[1:-1], word)]
    if "," not in text:
        return _parse_leaf(text)
    items = _split(text, word)
    if items == [text]:
        raise ConfigError(
            f"--cfg-options {word}",
            f"{text!r} is no value",
            expected="a number, a word, a list or a tuple",
            next_step="Set the entries of a dict one by one: a.b=1 a.c=2.",
        )
    return [_parse_value(item, word) for item in items]


def _split(text: str, word: str) -> list[str]:
    """Split at the commas that stand outside all brackets."""
    items, depth, start = [], 0, 0
    for position, char in enumerate(text):
        depth += (char in "([") - (char in ")]")
        if depth < 0:
            break
        if char == "," and depth == 0:
            items.append(text[start:position])
            start = position + 1
    if depth:
        raise ConfigError(
            f"--cfg-options {word}",
            f"the brackets of {text!r} do not match",
            expected='key=value with matching brackets, for example "step=[1,2]"',
        )
    if start < len(text):
        items.append(text[start:])
    return items


def _parse_leaf(text: str) -> Any:
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    if text == "None":
        return None
    return _WORDS.get(text.lower(), text)

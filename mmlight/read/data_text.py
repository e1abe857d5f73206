"""Reads YAML and JSON text into nodes that know their lines.

From: mmcv 1.7 and mmengine 0.10 `Config.fromfile` of `.yaml`, `.yml` and `.json`. It is YAML 1.1,
so `1e-3` is a string and `1.0e-3` a number; `!!python/tuple` is a tuple. Unlike there, no other
Python tag is followed: those can run anything.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import yaml

from mmlight.errors import ConfigError
from mmlight.read.node import ConfigDict, ConfigList, Origin
from mmlight.read.safe.yaml import check_yaml
from mmlight.read.templates import BASE_KEY
from mmlight.spec import LAYOUT

TUPLE_TAG: Final = "tag:yaml.org,2002:python/tuple"
_DECODER: Final = json.JSONDecoder()
_GAP: Final = re.compile(r"[\s:,]*")
_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_SafeLoader):  # type: ignore[misc]
    """Reads plain values and tuples, nothing that runs."""


_Loader.add_constructor(TUPLE_TAG, lambda loader, node: tuple(loader.construct_sequence(node)))


def read_data(text: str, file: str) -> ConfigDict:
    r"""Read the text of a YAML or JSON config, told apart by the suffix of its file.

    Args:
        text: The text.
        file: Path that origins and errors name.

    Raises:
        ConfigError: If it cannot be read, or is no mapping with names as keys.

    Examples:
        >>> values = read_data('{"model": {"type": "ResNet",\n "size": [1, 2]}}', "a.json")
        >>> values.model.size, str(values.model.origin_of("size"))
        ([1, 2], 'a.json:2')
    """
    values = (_read_json if file.endswith(".json") else _read_yaml)(text, file)
    if values is None:
        return ConfigDict()
    if isinstance(values, ConfigDict) and all(isinstance(key, str) for key in values):
        return values
    keys = [key for key in values if not isinstance(key, str)] if values else []
    raise ConfigError(
        file,
        f"the key {keys[0]!r} is no name"
        if isinstance(values, ConfigDict)
        else f"the file holds a {type(values).__name__} and no mapping",
        origin=values.origin_of(keys[0]) if isinstance(values, ConfigDict) else file,
        expected="names at the top, for example model and train_dataloader",
    )


def is_printed_run(file: str | Path) -> bool:
    """Tell whether a YAML file is a run in Lightning's words, and no config in mm's.

    A printed run has a `model` without a `type`, or nothing but Lightning's keys at its top. A file
    that cannot be read counts as a printed run, whose reader tells what is wrong.
    """
    if Path(file).suffix not in (".yaml", ".yml"):
        return False
    try:
        text = Path(file).read_text(encoding="utf-8")
        check_yaml(text, _Loader)
        root = yaml.compose(text, Loader=_Loader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return True
    if not isinstance(root, yaml.MappingNode):
        return True
    entries = {key.value: value for key, value in root.value}
    if BASE_KEY in entries or not isinstance(entries.get("model"), yaml.MappingNode):
        return entries.keys() <= set(LAYOUT)
    return not {"type", BASE_KEY, "_delete_"} & {key.value for key, _ in entries["model"].value}


# ---------------------------------------------------------------------------- YAML


def _read_yaml(text: str, file: str) -> Any:
    loader = _Loader(text)
    try:
        check_yaml(text, _Loader)
        node = loader.get_single_node()
        return None if node is None else _to_value(node, loader, file)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ConfigError(
            file,
            f"this is no YAML: {getattr(error, 'problem', None) or error}",
            origin=Origin(file, mark.line + 1 if mark else 0),
            next_step="Correct the line.",
        ) from error
    except RecursionError as error:
        raise ConfigError(file, "an alias holds itself, or the nesting is too deep") from error
    except (TypeError, ValueError) as error:
        raise ConfigError(file, f"this is no YAML: {error}") from error
    finally:
        loader.dispose()


def _to_value(node: Any, loader: Any, file: str) -> Any:
    """Turn a YAML node into a value; what is no plain mapping or list is yaml's business."""
    if node.tag == "tag:yaml.org,2002:map":
        loader.flatten_mapping(node)
        made = ConfigDict()
        made.origin = _origin(node, file)
        for key, value in node.value:
            name = loader.construct_object(key, deep=True)
            made.put(name, _to_value(value, loader, file), _origin(key, file))
        return made
    if node.tag in ("tag:yaml.org,2002:seq", TUPLE_TAG) and isinstance(node, yaml.SequenceNode):
        items = [_to_value(item, loader, file) for item in node.value]
        if node.tag == TUPLE_TAG:
            return tuple(items)
        return ConfigList(items, [_origin(item, file) for item in node.value])
    return loader.construct_object(node, deep=True)


def _origin(node: Any, file: str) -> Origin:
    return Origin(file, node.start_mark.line + 1)


# ---------------------------------------------------------------------------- JSON


def _read_json(text: str, file: str) -> Any:
    try:
        json.loads(text)
    except ValueError as error:
        raise ConfigError(
            file,
            f"this is no JSON: {getattr(error, 'msg', error)}",
            origin=Origin(file, getattr(error, "lineno", 0)),
            next_step="Correct the line.",
        ) from error
    except RecursionError as error:
        raise ConfigError(file, "the nesting is too deep") from error
    return _scan(text, _skip(text, 0), _line_counter(text, file))[0]


def _scan(text: str, start: int, origin_at: Callable[[int], Origin]) -> tuple[Any, int]:
    """Read the value that begins at `start`, of text that is JSON; returns it and its end."""
    if text[start] == "{":
        made = ConfigDict()
        made.origin = origin_at(start)
        position = _skip(text, start + 1)
        while text[position] != "}":
            origin = origin_at(position)
            key, end = _DECODER.raw_decode(text, position)
            value, end = _scan(text, _skip(text, end), origin_at)
            made.put(key, value, origin)
            position = _skip(text, end)
        return made, position + 1
    if text[start] == "[":
        items, origins = [], []
        position = _skip(text, start + 1)
        while text[position] != "]":
            origins.append(origin_at(position))
            item, end = _scan(text, position, origin_at)
            items.append(item)
            position = _skip(text, end)
        return ConfigList(items, origins), position + 1
    return _DECODER.raw_decode(text, start)


def _skip(text: str, position: int) -> int:
    """Return where the next value, key or bracket begins."""
    gap = _GAP.match(text, position)
    return gap.end() if gap else position


def _line_counter(text: str, file: str) -> Callable[[int], Origin]:
    """Return a function from positions, each behind the one before, to origins."""
    last, line = 0, 1

    def origin_at(position: int) -> Origin:
        nonlocal last, line
        line += text.count("\n", last, position)
        last = position
        return Origin(file, line)

    return origin_at

"""Fills the variables that stand in double braces in the text of a config.

    {{ fileDirname }}  {{ fileBasename }}  {{ fileBasenameNoExtension }}  {{ fileExtname }}
    {{ $NAME:default }}   an environment variable
    {{ _base_.a.b }}      an entry of the bases

From: mmcv 1.7 and mmengine 0.10 `Config.fromfile`.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmlight.errors import ConfigError, list_names, nearest_name
from mmlight.read.node import ConfigDict, ConfigList, copy_tree

BASE_KEY = "_base_"
_FILE_VARIABLE = re.compile(
    r"\{\{\s*(fileDirname|fileBasename|fileBasenameNoExtension|fileExtname)\s*\}\}"
)
_ENV_VARIABLE = re.compile(r"\{\{['\"]?\s*\$(\w+)\s*:\s*(\S*?)\s*['\"]?\}\}")
_BASE_VARIABLE = re.compile(r"(['\"]?)\{\{\s*_base_\.([\w.]+)\s*\}\}\1")
_HELD_PLACE = re.compile(r"\{\{_base_\.([\w.]+)\}\}")


def fill_templates(
    source: str, file: Path, *, file_variables: bool = True, environment: bool = True
) -> str:
    """Fill the file and environment variables of a text.

    Args:
        source: The text.
        file: Where it comes from.
        file_variables: Fill `{{ fileDirname }}` and its kin.
        environment: Fill `{{ $NAME:default }}`.

    Raises:
        ConfigError: If an environment variable is not set and has no default.

    Examples:
        >>> fill_templates("work_dir = 'runs/{{ fileBasenameNoExtension }}'", Path("a/net.py"))
        "work_dir = 'runs/net'"
    """
    if "{{" not in source:
        return source
    if file_variables:
        names = {
            "fileDirname": str(file.absolute().parent).replace("\\", "/"),
            "fileBasename": file.name,
            "fileBasenameNoExtension": file.stem,
            "fileExtname": file.suffix,
        }
        source = _FILE_VARIABLE.sub(lambda match: names[match[1]], source)
    if environment:
        source = _ENV_VARIABLE.sub(lambda match: _read_env(match, file), source)
    return source


def find_environment(source: str) -> re.Match[str] | None:
    """Return where a text may name an environment variable first; takes linear time."""
    return re.search(r"\{\{['\"]?\s*\$\w*", source)


def _read_env(match: re.Match[str], file: Path) -> str:
    name, default = match.groups()
    value = os.environ.get(name) or default
    if not value:
        raise ConfigError(
            str(file),
            f"the environment variable {name!r} is not set and has no default",
            next_step=f"Set {name}, or write {{{{$" + name + ":default}}.",
        )
    return value


def to_expressions(source: str) -> str:
    """Turn the base variables of Python text into expressions.

    Examples:
        >>> to_expressions("lr = '{{ _base_.optimizer.lr }}'")
        'lr = _base_.optimizer.lr'
    """
    return _BASE_VARIABLE.sub(rf"{BASE_KEY}.\2", source) if "{{" in source else source


def to_strings(source: str) -> str:
    """Turn the base variables of YAML or JSON text into strings that `fill_places` finds.

    Examples:
        >>> to_strings("lr: {{ _base_.optimizer.lr }}")
        'lr: "{{_base_.optimizer.lr}}"'
    """
    return _BASE_VARIABLE.sub(r'"{{_base_.\2}}"', source) if "{{" in source else source


def fill_places(value: Any, inherited: ConfigDict, file: str, path: str = "") -> Any:
    """Replace, in place, the strings that stand for base variables; returns the value.

    Raises:
        ConfigError: If the bases have no such entry.
    """
    if isinstance(value, str) and (match := _HELD_PLACE.fullmatch(value)):
        return copy_tree(_look_up(match[1], inherited, file, path))
    if isinstance(value, (ConfigDict, ConfigList)):
        entries: list[tuple[Any, Any]] = list(
            value.items() if isinstance(value, ConfigDict) else enumerate(value)
        )
        for key, item in entries:
            filled = fill_places(item, inherited, file, f"{path}.{key}".lstrip("."))
            if filled is not item:
                value.put(key, filled, None)
    elif type(value) is tuple:
        return tuple(fill_places(item, inherited, file, path) for item in value)
    return value


def _look_up(name: str, inherited: ConfigDict, file: str, path: str) -> Any:
    found: Any = inherited
    for key in name.split("."):
        if not isinstance(found, Mapping) or key not in found:
            known = list(found) if isinstance(found, Mapping) else []
            raise ConfigError(
                path,
                f"the bases of {file} have no entry {name!r}",
                expected=list_names(known) if known else "",
                nearest=nearest_name(key, known),
                next_step="Correct the name.",
            )
        found = found[key]
    return found


def escape_braces(literal: str, escape: str = "\\x7b") -> str:
    r"""Write the braces of a quoted literal so that no reader takes them for a variable.

    Examples:
        >>> print(escape_braces(repr("{{ fileExtname }}")))
        '\x7b{ fileExtname }}'
    """
    return re.sub(r"\{(?=\{)", lambda _: escape, literal)

"""Reads a Python config file with text bases (`_base_ = [...]`) into one merged `ConfigDict`.

The file runs as Python, as in mm, after two preparations: template variables are replaced in its
text, and every `dict(...)`, `{...}` and `[...]` in its syntax tree is wrapped so that the result
knows the line of each entry.

From: mmcv 1.7 `Config.fromfile` and mmengine 0.10 `Config.fromfile`, text configs. One reader
serves both: their languages differ only in what they add to each other (`{{_base_.x}}` in both,
`_base_.x` and `{{$ENV:default}}` in mmengine).
"""

import ast
import os
import re
import traceback
import types
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmlight.errors import ConfigError, list_names, nearest_name
from mmlight.read.merge import merge
from mmlight.read.node import FILE_MARK, ConfigDict, Origin, to_nodes
from mmlight.read.note_lines import node_makers, note_lines

BASE_KEY = "_base_"
DEPRECATION_KEY = "_deprecation_"
_BASE_VARIABLE = re.compile(r"(['\"]?)\{\{\s*_base_\.([\w.]+)\s*\}\}\1")
_ENV_VARIABLE = re.compile(r"\{\{['\"]?\s*\$(\w+)\s*:\s*(\S*?)\s*['\"]?\}\}")


@dataclass
class TextFile:
    """What one config file and its bases say.

    Args:
        values: The merged entries.
        text: The text of the bases and of the file, one after the other.
        names_read: Top-level names that some statement reads: helper variables such as
            `img_norm_cfg`.
    """

    values: ConfigDict
    text: str
    names_read: set[str] = field(default_factory=set)


def read_text(file: Path, chain: tuple[Path, ...] = ()) -> TextFile:
    """Read a Python config and its bases.

    Args:
        file: Path of a `.py` file.
        chain: The files that are being read already, to find circles.

    Raises:
        ConfigError: If the file or a base is missing, is no valid Python, fails when run, inherits
            from itself, or if two bases set the same key.
    """
    source, tree = _parse(file, chain)
    bases = [read_text(base, (*chain, file)) for base in _find_bases(tree, file)]
    inherited = _join(bases, file)
    result = TextFile(
        values=merge(_run(tree, file, inherited), inherited),
        text="\n".join([*(base.text for base in bases), f"{file}\n{source}"]),
        names_read=set().union(_find_names_read(tree), *(base.names_read for base in bases)),
    )
    result.values.pop(DEPRECATION_KEY, None)
    return result


def _parse(file: Path, chain: tuple[Path, ...]) -> tuple[str, ast.Module]:
    """Read the text and its syntax tree, with template variables replaced."""
    if file.resolve() in [link.resolve() for link in chain]:
        raise ConfigError(str(file), f"the config inherits from itself through {chain[-1]}")
    if not file.is_file():
        known = sorted(path.name for path in file.parent.glob("*.py"))
        raise ConfigError(
            str(file),
            "no such config file",
            origin=f"_base_ of {chain[-1]}" if chain else "",
            expected=list_names(known) if known else "",
            nearest=nearest_name(file.name, known),
            next_step="Correct the path; it is relative to the file that names it.",
        )
    source = _read_source(file)
    try:
        return source, ast.parse(_fill_templates(source, file), filename=str(file))
    except SyntaxError as error:
        raise ConfigError(
            str(file),
            f"syntax error: {error.msg}: {(error.text or '').strip()!r}",
            origin=Origin(str(file), error.lineno or 0),
            next_step="Correct the line; the file must be valid Python.",
        ) from error


def _read_source(file: Path) -> str:
    try:
        source = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            str(file), f"the file cannot be read: {error}", expected="a text file in UTF-8"
        ) from error
    if "\0" in source:
        raise ConfigError(str(file), "the file holds null bytes", expected="a text file in UTF-8")
    return source


def _fill_templates(source: str, file: Path) -> str:
    """Replace `{{ fileDirname }}` and its kin, `{{ $ENV:default }}` and `{{ _base_.a.b }}`."""
    names = {
        "fileDirname": str(file.absolute().parent),
        "fileBasename": file.name,
        "fileBasenameNoExtension": file.stem,
        "fileExtname": file.suffix,
    }
    for name, value in names.items():
        source = re.sub(r"\{\{\s*" + name + r"\s*\}\}", value.replace("\\", "/"), source)
    source = _ENV_VARIABLE.sub(lambda match: _read_env(match, file), source)
    return _BASE_VARIABLE.sub(r"_base_.\2", source)


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


def _find_bases(tree: ast.Module, file: Path) -> list[Path]:
    """Return the paths in `_base_ = ...`, made relative to the folder of the file."""
    for node in tree.body:
        if isinstance(node, ast.With) or (isinstance(node, ast.ImportFrom) and node.level):
            raise ConfigError(
                str(file),
                "lazy configs (`with read_base():`) cannot be read yet",
                origin=Origin(str(file), node.lineno),
                next_step="Use the text form of this config (`_base_ = [...]`).",
            )
        if _is_base_line(node):
            bases = _read_bases(node, file)
            return [Path(os.path.normpath(file.parent / base)) for base in bases]
    return []


def _read_bases(node: ast.stmt, file: Path) -> list[str]:
    try:
        value = ast.literal_eval(node.value)  # type: ignore[attr-defined]
        bases = [value] if isinstance(value, str) else list(value)
        if all(isinstance(base, str) for base in bases):
            return bases
    except (TypeError, ValueError):
        pass
    raise ConfigError(
        BASE_KEY,
        f"{ast.unparse(node)!r} names no files",
        origin=Origin(str(file), node.lineno),
        expected="a string or a list of strings, written out",
    )


def _is_base_line(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == BASE_KEY


def _join(bases: list[TextFile], file: Path) -> ConfigDict:
    """Put the entries of several bases side by side; a key may come from one of them only."""
    joined = ConfigDict()
    for base in bases:
        for key in base.values:
            if key in joined:
                raise ConfigError(
                    key,
                    f"two bases of {file} set the key {key!r}",
                    origin=f"{joined.origin_of(key)} and {base.values.origin_of(key)}",
                    next_step="Let one base inherit from the other, or drop one.",
                )
        joined.update(base.values)
    return joined


def _run(tree: ast.Module, file: Path, inherited: ConfigDict) -> ConfigDict:
    """Execute the file and return its top-level names with their origins."""
    lines = _find_assignments(tree)
    tree.body = [node for node in tree.body if not _is_base_line(node)]
    tree = note_lines(tree)
    scope: dict[str, Any] = {
        FILE_MARK: str(file),
        BASE_KEY: inherited,
        "__name__": "__config__",
        "__file__": str(file),
        **node_makers(str(file)),
    }
    given = set(scope)
    try:
        exec(compile(tree, str(file), "exec"), scope)
    except ConfigError:
        raise
    except Exception as error:
        raise ConfigError(
            str(file),
            f"{type(error).__name__} while the config ran: {error}",
            origin=Origin(str(file), _find_line(error, file)),
        ) from error
    values = ConfigDict()
    for name, value in scope.items():
        if name in given or name.startswith("__"):
            continue
        if not isinstance(value, (types.ModuleType, types.FunctionType, type)):
            origin = Origin(str(file), lines.get(name, 0))
            values.put(name, to_nodes(value), origin)
    return values


def _find_line(error: Exception, file: Path) -> int:
    """Return the line of a config that an error passed through last, 0 when there is none."""
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno or 0 for frame in frames[::-1] if frame.filename == str(file)), 0)


def _find_assignments(tree: ast.Module) -> dict[str, int]:
    """Map each name that the module binds to the line of its last binding."""
    return {
        node.id: node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _find_names_read(tree: ast.Module) -> set[str]:
    """Collect the names that expressions read, `a` of `_base_.a` and of `f(a)` included."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            names.add(node.id)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == BASE_KEY:
            names.add(node.attr)
    return names

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
import types
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmlight.errors import ConfigError
from mmlight.read.merge import merge
from mmlight.read.node import (
    FILE_MARK,
    ConfigDict,
    ConfigList,
    Origin,
    known_origin,
    to_nodes,
)

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
            expected=f"one of {', '.join(known)}" if known else "",
            next_step="Correct the path; it is relative to the file that names it.",
        )
    source = file.read_text(encoding="utf-8")
    try:
        return source, ast.parse(_fill_templates(source, file), filename=str(file))
    except SyntaxError as error:
        raise ConfigError(
            str(file),
            f"syntax error: {error.msg}: {(error.text or '').strip()!r}",
            origin=Origin(str(file), error.lineno or 0),
            next_step="Correct the line; the file must be valid Python.",
        ) from error


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
            value = ast.literal_eval(node.value)  # type: ignore[attr-defined]
            bases = [value] if isinstance(value, str) else value
            return [Path(os.path.normpath(file.parent / base)) for base in bases]
    return []


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
    tree = ast.fix_missing_locations(_NoteLines().visit(tree))
    scope: dict[str, Any] = {
        FILE_MARK: str(file),
        BASE_KEY: inherited,
        "__name__": "__config__",
        "__file__": str(file),
        "__noted_dict__": lambda *args: _noted_dict(str(file), *args),
        "__noted_list__": lambda *args: _noted_list(str(file), *args),
    }
    given = set(scope)
    try:
        exec(compile(tree, str(file), "exec"), scope)
    except ConfigError:
        raise
    except Exception as error:
        trace = error.__traceback__
        line = 0
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == str(file):
                line = trace.tb_lineno
            trace = trace.tb_next
        raise ConfigError(
            str(file),
            f"{type(error).__name__} while the config ran: {error}",
            origin=Origin(str(file), line),
        ) from error
    values = ConfigDict()
    for name, value in scope.items():
        if name in given or name.startswith("__"):
            continue
        if not isinstance(value, (types.ModuleType, types.FunctionType, type)):
            origin = Origin(str(file), lines.get(name, 0))
            values.put(name, to_nodes(value), origin)
    return values


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


_Entry = tuple[ast.expr, ast.expr, int]
"""Key, value and line of one entry of a dict display."""


class _NoteLines(ast.NodeTransformer):
    """Wraps dict and list displays into calls that note the line of each entry."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if not (isinstance(node.func, ast.Name) and node.func.id == "dict"):
            return node
        entries = [
            *((None, arg, arg.lineno) for arg in node.args),
            *((word.arg, word.value, word.value.lineno) for word in node.keywords),
        ]
        keys: list[_Entry] = [(ast.Constant(key), value, line) for key, value, line in entries]
        return self._call("__noted_dict__", node, keys, once=True)

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        self.generic_visit(node)
        keys = [
            (key or ast.Constant(None), value, (key or value).lineno)
            for key, value in zip(node.keys, node.values, strict=True)
        ]
        return self._call("__noted_dict__", node, keys, once=False)

    def visit_List(self, node: ast.List) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.ctx, ast.Load):
            return node
        if any(isinstance(item, ast.Starred) for item in node.elts):
            return node
        lines = ast.Tuple([ast.Constant(item.lineno) for item in node.elts], ast.Load())
        call = ast.Call(ast.Name("__noted_list__", ast.Load()), [node, lines], [])
        return ast.copy_location(call, node)

    @staticmethod
    def _call(name: str, node: ast.expr, entries: list[_Entry], *, once: bool) -> ast.AST:
        rows = [
            ast.Tuple([key, value, ast.Constant(line)], ast.Load()) for key, value, line in entries
        ]
        arguments = [ast.Constant(node.lineno), ast.Constant(once), *rows]
        call = ast.Call(ast.Name(name, ast.Load()), arguments, [])
        return ast.copy_location(call, node)


def _noted_dict(file: str, line: int, once: bool, *rows: tuple[Any, Any, int]) -> ConfigDict:
    """Build a ConfigDict from (key, value, line) rows; the key of `**value` is None.

    With `once` a repeated key is refused.
    """
    node = ConfigDict()
    node.origin = Origin(file, line)
    for key, value, entry_line in rows:
        entries = dict(value) if key is None else {key: value}
        for name, item in entries.items():
            if once and name in node:
                raise TypeError(f"dict() got multiple values for keyword argument {name!r}")
            origin = (
                known_origin(value, name) if isinstance(value, ConfigDict) and key is None else None
            )
            node.put(name, item, origin or Origin(file, entry_line))
    return node


def _noted_list(file: str, items: list[Any], lines: tuple[int, ...]) -> ConfigList:
    return ConfigList(items, [Origin(file, line) for line in lines])

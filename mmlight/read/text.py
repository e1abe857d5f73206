"""Reads the text of a Python config: parses it, and runs it with the names of its bases.

The text runs as Python, as in mm, after two preparations of its syntax tree: every `dict(...)`,
`{...}` and `[...]` is wrapped so that the result knows the line of each entry, and what it imports
is put off (`mmlight.read.lazy`).

From: mmcv 1.7 `Config.fromfile` and mmengine 0.10 `Config.fromfile`. One reader serves all three
kinds of file: text configs of mmcv, text configs of mmengine and lazy configs.
"""

import ast
import traceback
import types
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from mmlight.errors import ConfigError, MMLightError
from mmlight.read.lazy import Imports, importers, take_imports
from mmlight.read.node import FILE_MARK, ConfigDict, Origin, to_nodes
from mmlight.read.note_lines import node_makers, note_lines
from mmlight.read.templates import BASE_KEY


@dataclass(frozen=True)
class PythonText:
    """What the text of a config says before it runs.

    Args:
        code: The text, ready to run; in safe reading its tree, ready to be evaluated.
        bases: (name, line) of each file in `_base_`.
        imports: What it imports.
        lines: The line of the last binding of each name at the top.
        names_read: Names that some expression reads: helper variables such as `img_norm_cfg`.
    """

    code: types.CodeType | ast.Module
    bases: tuple[tuple[str, int], ...]
    imports: Imports
    lines: Mapping[str, int]
    names_read: frozenset[str]


@lru_cache(maxsize=1024)  # most configs share their bases
def parse_python(text: str, file: str) -> PythonText:
    """Parse the text of a config, ready to run.

    Args:
        text: The text, with its variables filled.
        file: Path that origins and errors name.

    Raises:
        ConfigError: As for `parse_tree`.
    """
    parsed = parse_tree(text, file)
    return replace(parsed, code=compile(note_lines(parsed.code), file, "exec"))  # type: ignore[arg-type]


def parse_tree(text: str, file: str) -> PythonText:
    """Parse the text of a config, ready to be evaluated.

    Args:
        text: The text, with its variables filled.
        file: Path that origins and errors name.

    Raises:
        ConfigError: If it is no valid Python, or its bases or imports cannot be told.
    """
    try:
        tree = ast.parse(text, filename=file)
    except SyntaxError as error:
        raise ConfigError(
            file,
            f"syntax error: {error.msg}: {(error.text or '').strip()!r}",
            origin=Origin(file, error.lineno or 0),
            next_step="Correct the line; the file must be valid Python.",
        ) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise ConfigError(file, f"this is no Python: {error}") from error
    bases = _find_bases(tree, file)
    tree.body = [node for node in tree.body if not is_base_line(node)]
    lines, names_read = _find_bindings(tree), _find_names_read(tree)
    imports = take_imports(tree, file)
    if bases and imports.bases:
        raise ConfigError(
            file,
            f"the config has both {BASE_KEY!r} and 'with read_base():'",
            origin=Origin(file, imports.bases[0].line),
            next_step="Name all bases in one of the two ways.",
        )
    return PythonText(tree, bases, imports, lines, names_read)


def _find_bases(tree: ast.Module, file: str) -> tuple[tuple[str, int], ...]:
    """Return the names in `_base_ = ...`."""
    for node in tree.body:
        if is_base_line(node):
            return _read_bases(node, file)
    return ()


def _read_bases(node: Any, file: str) -> tuple[tuple[str, int], ...]:
    try:
        value = ast.literal_eval(node.value)
        lines = [item.lineno for item in getattr(node.value, "elts", [node.value])]
        bases = [value] if isinstance(value, str) else list(value)
        if all(isinstance(base, str) for base in bases):
            return tuple(zip(bases, lines, strict=True))
    except (TypeError, ValueError):
        pass
    raise ConfigError(
        BASE_KEY,
        f"{ast.unparse(node)!r} names no files",
        origin=Origin(file, node.lineno),
        expected="a string or a list of strings, written out",
    )


def is_base_line(node: ast.stmt) -> bool:
    """Tell whether a statement is `_base_ = ...`."""
    target = node.targets[0] if isinstance(node, ast.Assign) else None
    return isinstance(target, ast.Name) and target.id == BASE_KEY


def run_python(parsed: PythonText, file: str, names: Mapping[str, Any]) -> dict[str, Any]:
    """Run a config and return every name that it binds, and those it was given.

    Args:
        parsed: The config.
        file: Path that origins and errors name.
        names: Names that it finds there: those it imports from its bases, and `_base_`.

    Raises:
        ConfigError: If an error is raised while it runs.
    """
    machinery = {FILE_MARK: file, **node_makers(file), **importers(file)}
    scope = {"__name__": "__config__", "__file__": file, **machinery, **names}
    try:
        exec(parsed.code, scope)  # type: ignore[arg-type]
    except MMLightError:
        raise
    except Exception as error:
        raise ConfigError(
            file,
            f"{type(error).__name__} while the config ran: {error}",
            origin=Origin(file, _find_line(error, file)),
        ) from error
    return {name: value for name, value in scope.items() if not name.startswith("__")}


def is_entry(value: Any) -> bool:
    """Tell whether a name at the top of a config is an entry of it, or only a tool."""
    return not isinstance(value, (types.ModuleType, types.FunctionType, type))


def _find_line(error: Exception, file: str) -> int:
    """Return the line of a config that an error passed through last, 0 when there is none."""
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno or 0 for frame in frames[::-1] if frame.filename == file), 0)


def _find_bindings(tree: ast.AST) -> dict[str, int]:
    """Map each name that is bound at the top, not inside functions, to the line of its last one."""
    found = {}
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found[node.id] = node.lineno
        elif not isinstance(node, _INNER):
            found |= _find_bindings(node)
    return found


_INNER = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)


def _find_names_read(tree: ast.Module) -> frozenset[str]:
    """Collect the names that expressions read, `a` of `_base_.a` and of `f(a)` included."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names |= {node.attr} if node.value.id == BASE_KEY else set()
    return frozenset(names)


def make_entries(
    parsed: PythonText, file: str, names: Mapping[str, Any], given: ConfigDict
) -> ConfigDict:
    """Turn the names that a config binds into entries that know their origins.

    Modules, functions, classes and whatever was imported are no entries.

    Args:
        parsed: The config.
        file: Path that origins name.
        names: What `run_python` returned.
        given: The entries among the names that it was given.
    """
    values = ConfigDict()
    for name, value in names.items():
        if name == BASE_KEY or name in parsed.imports.names or not is_entry(value):
            continue
        origin = Origin(file, parsed.lines.get(name, 0))
        if name in given and name not in parsed.lines:
            origin = given.origin_of(name) or origin
        values.put(name, to_nodes(value), origin)
    return values

"""Finds which names of a config file are made from which others."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mmlight.read.key_path import walk

_BASE_NAME = re.compile(r"_base_\.(\w+)")


def list_files(values: Any) -> list[str]:
    """Return the Python files that have set the values of a config, or what they overrode."""
    files: dict[str, None] = {}
    for _, _, origin in walk(values):
        while origin is not None:
            files[origin.file] = None
            origin = origin.overrode.origin if origin.overrode is not None else None
    return [file for file in files if file.endswith(".py")]


def find_users(files: Iterable[str]) -> dict[str, list[str]]:
    """Map each name that a top-level statement reads to the names that these statements set.

    Args:
        files: Python config files; what cannot be parsed is left out.

    Returns:
        For example `{"norm": ["pipeline"], "pipeline": ["train_dataloader"]}`, in order.
    """
    users: dict[str, list[str]] = {}
    for file in files:
        for statement in _parse(file):
            targets = list(_names_set(statement))
            for name in _names_read(statement):
                known = users.setdefault(name, [])
                known += [target for target in targets if target not in (name, *known)]
    return users


def _parse(file: str) -> list[ast.stmt]:
    try:
        return ast.parse(Path(file).read_text(encoding="utf-8")).body
    except (OSError, SyntaxError, ValueError):
        return []


def _names_set(statement: ast.stmt) -> Iterator[str]:
    """Yield `a` of `a = ...`, `a.b = ...`, `a['b'] = ...` and `a.update(...)`."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        yield from _root_name(statement.value.func)
    loops = [node for node in ast.walk(statement) if isinstance(node, ast.comprehension)]
    of_loops = {node for loop in loops for node in ast.walk(loop.target)}
    for node in ast.walk(statement):
        if isinstance(getattr(node, "ctx", None), ast.Store) and node not in of_loops:
            yield from _root_name(node)


def _root_name(node: ast.AST) -> Iterator[str]:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id


def _names_read(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement reads, those of `_base_.a` and `'{{_base_.a}}'` included."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
    yield from _BASE_NAME.findall(ast.unparse(statement))

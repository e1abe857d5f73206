"""Rewrites the syntax tree of a config so that its dicts and lists know the line of each entry.

Every `dict(...)`, `{...}` and `[...]` becomes a call that makes a node.
"""

import ast
from collections.abc import Callable
from functools import partial
from typing import Any

from mmlight.read.node import ConfigDict, ConfigList, Origin

_DICT_MAKER = "__noted_dict__"
_LIST_MAKER = "__noted_list__"
_ALL = ast.Constant(...)
"""Stands in the place of a key where the value is a whole dict."""


def note_lines(tree: ast.Module) -> ast.Module:
    """Wrap the displays of a module; it then needs the names of `node_makers` to run."""
    noted: ast.Module = ast.fix_missing_locations(_NoteLines().visit(tree))
    return noted


def node_makers(file: str) -> dict[str, Callable[..., Any]]:
    """Return the functions that a rewritten module calls, by name.

    Args:
        file: Path that origins name.
    """
    return {_DICT_MAKER: partial(_noted_dict, file), _LIST_MAKER: partial(_noted_list, file)}


_Entry = tuple[ast.expr, ast.expr, int]
"""Key, value and line of one entry of a dict display."""


class _NoteLines(ast.NodeTransformer):
    """Wraps dict and list displays into calls that note the line of each entry."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if not (isinstance(node.func, ast.Name) and node.func.id == "dict"):
            return node
        entries: list[_Entry] = [(_ALL, arg, arg.lineno) for arg in node.args]
        for word in node.keywords:
            key = ast.Constant(word.arg) if word.arg else _ALL
            entries.append((key, word.value, word.value.lineno))
        return self._make_dict(node, entries, free=len(node.args))

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        self.generic_visit(node)
        entries: list[_Entry] = [
            (key or _ALL, value, (key or value).lineno)
            for key, value in zip(node.keys, node.values, strict=True)
        ]
        return self._make_dict(node, entries, free=len(entries))

    def visit_List(self, node: ast.List) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.ctx, ast.Load):
            return node
        if any(isinstance(item, ast.Starred) for item in node.elts):
            return node
        lines = ast.Tuple([ast.Constant(item.lineno) for item in node.elts], ast.Load())
        call = ast.Call(ast.Name(_LIST_MAKER, ast.Load()), [node, lines], [])
        return ast.copy_location(call, node)

    @staticmethod
    def _make_dict(node: ast.expr, entries: list[_Entry], *, free: int) -> ast.AST:
        rows = [
            ast.Tuple([key, value, ast.Constant(line)], ast.Load()) for key, value, line in entries
        ]
        arguments = [ast.Constant(node.lineno), ast.Constant(free), *rows]
        call = ast.Call(ast.Name(_DICT_MAKER, ast.Load()), arguments, [])
        return ast.copy_location(call, node)


def _noted_dict(file: str, line: int, free: int, *rows: tuple[Any, Any, int]) -> ConfigDict:
    """Build a ConfigDict from (key, value, line) rows; the key of `**value` is `...`.

    Behind the first `free` rows no row may repeat the key of another, as in a call of `dict`.
    """
    node = ConfigDict()
    node.origin = Origin(file, line)
    named: set[Any] = set()
    for index, (key, value, entry_line) in enumerate(rows):
        for name, item in dict(value).items() if key is ... else ((key, value),):
            if name in named:
                raise TypeError(f"dict() got multiple values for keyword argument {name!r}")
            if index >= free:
                named.add(name)
            spread = key is ... and isinstance(value, ConfigDict)
            origin = value.origin_of(name) if spread else None
            node.put(name, item, origin or Origin(file, entry_line))
    return node


def _noted_list(file: str, items: list[Any], lines: tuple[int, ...]) -> ConfigList:
    return ConfigList(items, [Origin(file, line) for line in lines])

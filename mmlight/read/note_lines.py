"""Rewrites the syntax tree of a config so that its dicts and lists know the line of each entry.

Every `dict(...)`, `{...}` and `[...]` becomes a call that makes a node.
"""

import ast
from collections.abc import Callable
from functools import partial
from typing import Any

from mmlight.read.node import ConfigDict, ConfigList, Origin, known_origin
from mmlight.read.written import WrittenDict

_DICT_MAKER = "__noted_dict__"
_LIST_MAKER = "__noted_list__"
SPREAD = ast.Constant(...)
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
    return {_DICT_MAKER: partial(noted_dict, file), _LIST_MAKER: partial(noted_list, file)}


Entry = tuple[ast.expr, ast.expr, int]
"""Key, value and line of one entry of a dict display."""


def dict_entries(node: ast.Dict | ast.Call) -> tuple[list[Entry], int]:
    """Return the entries of `{...}` or of a call's arguments, and how many may repeat keys.

    The entries of `dict([(key, value), ...])` are those that are written there.
    """
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        entries = [(key or SPREAD, value, (key or value).lineno) for key, value in pairs]
        return entries, len(entries)
    entries = _read_pairs(node.args) or [(SPREAD, arg, arg.lineno) for arg in node.args]
    free = len(entries)
    for word in node.keywords:
        key = ast.Constant(word.arg) if word.arg else SPREAD
        entries.append((key, word.value, word.lineno))
    return entries, free


def _read_pairs(args: list[ast.expr]) -> list[Entry]:
    """Return the entries of one argument that is a list of pairs, written out; else nothing."""
    if len(args) != 1 or not isinstance(args[0], (ast.List, ast.Tuple)):
        return []
    entries = []
    for pair in args[0].elts:
        if not isinstance(pair, (ast.List, ast.Tuple)) or len(pair.elts) != 2:
            return []
        key, value = pair.elts
        if isinstance(key, ast.Starred) or isinstance(value, ast.Starred):
            return []
        entries.append((key, value, key.lineno))
    return entries


def has_named_entries(node: ast.Call) -> bool:
    """Tell whether a call is `x.update(key=value)`: its words are entries of a dict as well."""
    is_update = isinstance(node.func, ast.Attribute) and node.func.attr == "update"
    return is_update and bool(node.keywords) and not node.args


def list_items(node: ast.List) -> list[tuple[bool, ast.expr, int]]:
    """Return whether it is a `*list`, value and line of each item of `[...]`."""
    return [
        (True, item.value, item.lineno)
        if isinstance(item, ast.Starred)
        else (False, item, item.lineno)
        for item in node.elts
    ]


class _NoteLines(ast.NodeTransformer):
    """Wraps dict and list displays into calls that note the line of each entry."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id == "dict":
            return self._make_dict(node)
        if has_named_entries(node):
            owner = self.visit(node.func)
            return ast.copy_location(ast.Call(owner, [self._make_dict(node)], []), node)
        self.generic_visit(node)
        return node

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        return self._make_dict(node)

    def visit_List(self, node: ast.List) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.ctx, ast.Load):
            return node
        rows = [
            ast.Tuple([ast.Constant(star), value, ast.Constant(line)], ast.Load())
            for star, value, line in list_items(node)
        ]
        call = ast.Call(ast.Name(_LIST_MAKER, ast.Load()), list[ast.expr](rows), [])
        return ast.copy_location(call, node)

    def _make_dict(self, node: ast.Dict | ast.Call) -> ast.expr:
        entries, free = dict_entries(node)
        rows = [
            ast.Tuple([self.visit(key), self.visit(value), ast.Constant(line)], ast.Load())
            for key, value, line in entries
        ]
        arguments = [ast.Constant(node.lineno), ast.Constant(free), *rows]
        call = ast.Call(ast.Name(_DICT_MAKER, ast.Load()), arguments, [])
        return ast.copy_location(call, node)


def noted_dict(file: str, line: int, free: int, *rows: tuple[Any, Any, int]) -> ConfigDict:
    """Build a WrittenDict from (key, value, line) rows; the key of `**value` is `...`.

    Behind the first `free` rows no row may repeat the key of another, as in a call of `dict`.
    """
    node = WrittenDict()
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


def noted_list(file: str, *rows: tuple[bool, Any, int]) -> ConfigList:
    """Build a ConfigList from (star, value, line) rows; with a star the value is spread.

    The items of a spread list keep their origins.
    """
    items: list[Any] = []
    origins: list[Origin] = []
    for star, value, line in rows:
        for index, item in enumerate(value) if star else ((0, value),):
            items.append(item)
            origins.append((known_origin(value, index) if star else None) or Origin(file, line))
    return ConfigList(items, origins)

"""Reads the imports of a config: bases under `with read_base():`, everything else for later.

What a config imports becomes an `Imported` (`mmlight.read.imported`).

From: mmengine 0.10 `Config._parse_lazy_import`. Differences: the standard library is really
imported under every Python (mmengine takes part of it for foreign); several `with read_base():` are
read, there the first only; `import a, b` is read.
"""

import ast
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from mmlight.errors import ConfigError
from mmlight.read.imported import Imported
from mmlight.read.origin import Origin

READ_BASE = "read_base"
_IMPORTER = "__imported__"


@dataclass(frozen=True)
class BaseImport:
    """One `from module import names` under `with read_base():`.

    Args:
        module: The module, relative ones with their dots.
        names: (name there, name here) of each; `*` stands for all.
        line: Its line.
    """

    module: str
    names: tuple[tuple[str, str], ...]
    line: int


@dataclass(frozen=True)
class ImportedModule:
    """A module that a text config imports, which may register classes.

    Args:
        name: Its dotted name.
        origin: The line of the import.
        may_be_lazy: Whether nothing but its words tells the config from a lazy one, whose imports
            mmengine does not run.
    """

    name: str
    origin: Origin
    may_be_lazy: bool


@dataclass(frozen=True)
class Imports:
    """What a config imports.

    Args:
        bases: Other configs.
        names: Names that the other imports bind.
        modules: (module, line) of each module outside the standard library.
    """

    bases: tuple[BaseImport, ...]
    names: frozenset[str]
    modules: tuple[tuple[str, int], ...]


def take_imports(tree: ast.Module, file: str) -> Imports:
    """Take the imports of bases out of a module and put off the others.

    The module needs the names of `importers` to run.

    Raises:
        ConfigError: If an import cannot be read.
    """
    bases = []
    body: list[ast.stmt] = []
    for node in tree.body:
        if isinstance(node, ast.With) and _is_read_base(node):
            bases += [_read_base_import(inner, file) for inner in node.body]
        else:
            body.append(node)
    tree.body = body
    later = _ImportLater(file)
    later.visit(tree)
    return Imports(tuple(bases), frozenset(later.names), tuple(later.modules))


def importers(file: str) -> dict[str, Callable[..., Any]]:
    """Return the functions that a module calls after `take_imports`, by name."""
    return {_IMPORTER: lambda path, line: Imported(path, Origin(file, line))}


def _is_read_base(node: ast.With) -> bool:
    call = node.items[0].context_expr
    return isinstance(call, ast.Call) and ast.unparse(call.func).split(".")[-1] == READ_BASE


def _read_base_import(node: ast.stmt, file: str) -> BaseImport:
    if not isinstance(node, ast.ImportFrom) or node.module is None:
        raise ConfigError(
            file,
            f"{ast.unparse(node)!r} cannot stand under 'with read_base():'",
            origin=Origin(file, node.lineno),
            expected="from .base import *, or from .base import name as other",
            next_step="Move the line out of the block, or name the file of the base.",
        )
    names = tuple((alias.name, alias.asname or alias.name) for alias in node.names)
    return BaseImport("." * node.level + node.module, names, node.lineno)


class PutOff(ast.Assign):
    """The assignment of an `Imported` in the place of an import."""


class _ImportLater(ast.NodeTransformer):
    """Turns imports from outside the standard library into assignments of `Imported`."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.names: set[str] = set()
        self.modules: list[tuple[str, int]] = []

    def visit_Import(self, node: ast.Import) -> Any:
        kept: list[ast.stmt] = []
        for alias in node.names:
            top = alias.name.partition(".")[0]
            self.names.add(alias.asname or top)
            if top in sys.stdlib_module_names:
                kept.append(ast.copy_location(ast.Import([alias]), node))
                continue
            self.modules.append((alias.name, node.lineno))
            kept += self._assign(alias.asname or top, alias.name if alias.asname else top, node)
        return kept

    def visit_ImportFrom(self, node: ast.ImportFrom) -> Any:
        module = "." * node.level + (node.module or "")
        names = [alias for alias in node.names if alias.name != READ_BASE]
        self.names |= {alias.asname or alias.name for alias in node.names}
        if node.level or any(alias.name == "*" for alias in names):
            raise ConfigError(
                self.file,
                f"{ast.unparse(node)!r} stands outside of 'with read_base():'",
                origin=Origin(self.file, node.lineno),
                next_step="Put it under 'with read_base():' if it names a config, "
                "else import each name from its full path.",
            )
        if module.partition(".")[0] in sys.stdlib_module_names:
            return node
        if names:
            self.modules.append((module, node.lineno))
        return [
            assignment
            for alias in names
            for assignment in self._assign(
                alias.asname or alias.name, f"{module}.{alias.name}", node
            )
        ]

    @staticmethod
    def _assign(name: str, path: str, node: ast.stmt) -> Iterator[ast.stmt]:
        arguments: list[ast.expr] = [ast.Constant(path), ast.Constant(node.lineno)]
        call = ast.Call(ast.Name(_IMPORTER, ast.Load()), arguments, [])
        yield ast.copy_location(PutOff([ast.Name(name, ast.Store())], call), node)

"""The built-in types of one kind: rows of tables in `mmlight/translate/`, found when needed.

The tables belong to a later stage, so they are named here by their import paths.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pkgutil import resolve_name
from typing import Any, Final

Scopes = Mapping[str, tuple[str, ...]]
"""Built-in types, each with the scopes that hold it in the originals."""

_INSTANTIATE: Final = "mmlight.build.instantiate"


class BuiltinTypes:
    """What a registry knows besides what users register.

    Args:
        tables: Import paths of `mmlight.translate.table.Table` objects.
    """

    def __init__(self, tables: Iterable[str] = ()) -> None:
        self.paths = tuple(tables)

    @cached_property
    def scopes(self) -> Scopes:
        """Every built-in type with the scopes that hold it in the originals."""
        tables = [resolve_name(path) for path in self.paths]
        return {name: scopes for table in tables for name, scopes in table.scopes.items()}

    def resolve(self, name: str) -> Callable[..., Any]:
        """Import the class of a built-in type."""
        target: Callable[..., Any] = resolve_name(self._find_table(name).rows[name].target)
        return target

    def build(self, name: str, arguments: Mapping[str, Any], scope: str) -> Any:
        """Build a built-in type, nested dicts included, as a config would.

        Args:
            name: The type, without a scope.
            arguments: As in a config.
            scope: Where the types of nested dicts are looked up.

        Raises:
            MMLightError: If it does not take these arguments.
        """
        call = self._find_table(name).describe({"type": name, **arguments}, scope)
        return resolve_name(_INSTANTIATE)(call)

    def _find_table(self, name: str) -> Any:
        tables = (resolve_name(path) for path in self.paths)
        return next(table for table in tables if name in table.rows)

"""The tree that registries of one kind form: each has a scope, a parent and children."""

import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Final

from typing_extensions import Self

PACKAGES: Final = ("mmcv", "mmengine", "mmcls", "mmpretrain", "mmselfsup", "mmdet", "mmdet3d")
"""Packages whose name may stand before a type (`mmcls.ResNet`), whether it is in a tree or not."""


class ScopeTree:
    """A place in the tree.

    Args:
        name: What the tree is about.
        parent: The place above.
        scope: How it is called in the tree; the package that makes it when None.
        locations: Modules to import before its first use.

    Raises:
        TypeError: If the parent is none.
        ValueError: If the parent has a child of that scope already.
    """

    def __init__(
        self, name: str, parent: Self | None, scope: str | None, locations: Iterable[str] = ()
    ) -> None:
        if not (parent is None or isinstance(parent, ScopeTree)):
            raise TypeError(f"parent must be a Registry, got {parent!r}")
        self.name = name
        self.parent = parent
        self.scope = scope if scope is not None else _name_caller(depth=3)
        self.children: dict[str, Self] = {}
        self._locations = list(locations)
        if parent is not None:
            if self.scope in parent.children:
                raise ValueError(f"scope {self.scope!r} is taken below the {parent.name} registry")
            parent.children[self.scope] = self

    @property
    def lineage(self) -> Iterator[Self]:
        """This place and those above it, upwards."""
        place: Self | None = self
        while place is not None:
            yield place
            place = place.parent

    @property
    def root(self) -> Self:
        """The place at the top."""
        return list(self.lineage)[-1]

    @property
    def family(self) -> Iterator[Self]:
        """This place and all below it."""
        yield self
        for child in self.children.values():
            yield from child.family

    @property
    def others(self) -> list[Self]:
        """Every place of the tree that is not above, those that share most ancestors first."""
        above = list(self.lineage)
        near_to_far = dict.fromkeys(place for ancestor in above for place in ancestor.family)
        return [place for place in near_to_far if place not in above]

    def in_scope(self, scope: str) -> Self:
        """Return the place of a scope anywhere in the tree, this one when there is none."""
        return next((place for place in [self, *self.root.family] if place.scope == scope), self)

    def split(self, key: str) -> tuple[Self, str]:
        """Return the place where the search for a name begins, and the name without its scope.

        Args:
            key: `ResNet`, `mmcls.ResNet` or `mmcls::ResNet`; an import path stays whole.
        """
        scope, name = self.split_scope_key(key.replace("::", "."))
        if scope is None:
            return self, key
        start = self.in_scope(scope)
        return (start, name) if scope in (start.scope, *PACKAGES) else (self, key)

    def import_from_location(self) -> None:
        """Import the modules that belong to this place; once."""
        while self._locations:
            import_module(self._locations.pop(0))

    @staticmethod
    def split_scope_key(key: str) -> tuple[str | None, str]:
        """Split a name after its first dot.

        Examples:
            >>> ScopeTree.split_scope_key("mmdet.ResNet"), ScopeTree.split_scope_key("ResNet")
            (('mmdet', 'ResNet'), (None, 'ResNet'))
        """
        scope, dot, name = key.partition(".")
        return (scope, name) if dot else (None, key)

    @staticmethod
    def infer_scope() -> str:
        """Return the package whose code calls the caller."""
        return _name_caller(depth=3)


def _name_caller(depth: int) -> str:
    module: str = sys._getframe(depth).f_globals.get("__name__", "mmlight")
    return module.partition(".")[0]

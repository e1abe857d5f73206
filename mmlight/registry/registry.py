"""Where a user's own classes get the names by which configs and code call them.

There is one tree of registries for each kind of thing: `MODELS` at its root and below it one
registry for each package (`mmcv` with `mmcls` below it, `mmengine` with `mmpretrain`, `mmdet`, ...:
`mmlight.compat.registries`). Built-in types are not registered: they are rows of the tables in
`mmlight/translate/`, each known to belong to the scopes where the originals register it.

A name is looked up from the scope of the config, in this order:

    1. that scope, then its parents up to the root: first the user's own classes, then the built-in
       types that the scope has in the original; a class registered at the root wins over them
    2. the built-in types of any scope
    3. the user's own classes of all other scopes, those of the same generation first
    4. packages of the originals that are really installed

A registered class enters the Spec as its import path.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any, Final, TypeVar

from mmlight.errors import RegistryError
from mmlight.registry.builtin import BuiltinTypes, Scopes
from mmlight.registry.tree import ScopeTree

T = TypeVar("T", bound=Callable[..., Any])
Names = str | Iterable[str] | None

# later stages, found when they are needed
_BUILD: Final = "mmlight.registry.build.build_from_cfg"
_FIND_INSTALLED: Final = "mmlight.compat.installed.find_installed"


@dataclass(frozen=True)
class Found:
    """What a name stands for.

    Args:
        target: The user's class or function; None for a built-in type.
        scope: The scope that it was found in.
        is_near: Whether that scope is the one that the search began in, or above it.
        is_installed: Whether it comes from a package of the originals that is really installed.
    """

    target: Callable[..., Any] | None
    scope: str
    is_near: bool = True
    is_installed: bool = False


class Registry(ScopeTree):
    """Maps names to classes and functions, and builds them from dicts.

    Args:
        name: What the registry holds, for error texts.
        build_func: Called by `build` as `build_func(cfg, ..., registry=self)`; the parent's, or
            `build_from_cfg`, when None.
        parent: The registry above, whose names are found from here as well.
        scope: Prefix of its names in other registries; the package that makes it when None.
        locations: Modules that register their classes here, imported before the first look-up.
        builtins: Import paths of the tables that hold the built-in types; for roots.

    Examples:
        >>> NECKS = Registry("neck")
        >>> @NECKS.register_module()
        ... class MyNeck: ...
        >>> NECKS.get("MyNeck").__name__, type(NECKS.build(dict(type="MyNeck"))).__name__
        ('MyNeck', 'MyNeck')

    From: mmcv 1.7 and mmengine 0.10 `Registry`. Differences: the same definition may register
    again (a notebook cell that runs twice, a module that is reloaded), where those raise; other
    scopes are searched as well for a name without a scope.
    """

    def __init__(
        self,
        name: str,
        build_func: Callable[..., Any] | None = None,
        parent: "Registry | None" = None,
        scope: str | None = None,
        locations: Iterable[str] = (),
        *,
        builtins: Iterable[str] = (),
    ) -> None:
        super().__init__(name, parent, scope, locations)
        self.module_dict: dict[str, Callable[..., Any]] = {}
        inherited = parent.build_func if parent is not None else resolve_name(_BUILD)
        self.build_func: Callable[..., Any] = build_func or inherited
        self.builtins: BuiltinTypes = BuiltinTypes(builtins) if parent is None else parent.builtins

    # -------------------------------------------------------------- registering

    def register_module(
        self, name: Names | T = None, force: bool = False, module: T | None = None
    ) -> Any:
        """Register a class or function: as a decorator with or without parentheses, or by a call.

        Args:
            name: Name in configs, or several; the class name when None. Old code passes the class
                itself here.
            force: Replace whatever has the name already.
            module: The class; None when used as a decorator.

        Returns:
            The class; a decorator when there is none yet.

        Raises:
            RegistryError: If the name is taken and `force` is False; it is a KeyError.
            TypeError: If an argument is of the wrong type.

        Examples:
            >>> nets = Registry("net")
            >>> @nets.register_module
            ... class A: ...
            >>> @nets.register_module(name=["B", "C"])
            ... class Other: ...
            >>> _ = nets.register_module(module=dict)
            >>> list(nets)
            ['A', 'B', 'C', 'dict']
        """
        if not isinstance(force, bool):
            raise TypeError(f"force must be True or False, got {force!r}")
        if callable(name):
            name, module = None, name
        if not (isinstance(name, (str, list, tuple, set)) or name is None):
            raise TypeError(f"name must be a string or a list of them, got {name!r}")
        names = [name] if isinstance(name, str) else list(name or ())
        if not all(isinstance(item, str) for item in names):
            raise TypeError(f"name must be a string or a list of them, got {name!r}")
        if module is None:
            return lambda target: self._register(target, names, force)
        return self._register(module, names, force)

    def _register(self, target: T, names: list[str], force: bool) -> T:
        if not callable(target):
            raise TypeError(f"only classes and functions are registered, got {target!r}")
        for key in names or [target.__name__]:
            if not force:
                self._check_free(key, target)
            self.module_dict[key] = target
        return target

    def _check_free(self, key: str, target: Callable[..., Any]) -> None:
        owner = self.module_dict.get(key)
        if owner is not None and _is_same_definition(owner, target):
            return
        scopes = self.builtins.scopes.get(key, ())
        if owner is not None:
            problem = f"{key!r} is registered already as a {self.name}: {owner}"
        elif self.scope in scopes or (scopes and self.parent is None):
            problem = f"{key!r} is a built-in {self.name}"
        else:
            return
        raise RegistryError(
            f"{self.scope}::{self.name}",
            problem,
            next_step="Choose another name, or pass force=True to replace it.",
        )

    # -------------------------------------------------------------- looking up

    def find(self, key: str, builtins: Scopes | None = None) -> Found | None:
        """Tell what a name stands for, in the order that the docstring of this module gives.

        Args:
            key: A name, or one with its scope: `mmcls.ResNet`, `mmcls::ResNet`.
            builtins: The built-in types to look among; those of the root when None.
        """
        builtins = self.builtins.scopes if builtins is None else builtins
        start, name = self.split(key)
        is_forced = name in self.root.module_dict
        for registry in start.lineage:
            registry.import_from_location()
            if name in registry.module_dict:
                return Found(registry.module_dict[name], registry.scope)
            if registry.scope in builtins.get(name, ()) and not is_forced:
                return Found(None, registry.scope)
        if name in builtins:
            return Found(None, start.scope)
        for registry in start.others if name == key else ():
            registry.import_from_location()
            if name in registry.module_dict:
                return Found(registry.module_dict[name], registry.scope, is_near=False)
        return self._find_installed(start.scope, name)

    def get(self, key: str) -> Callable[..., Any] | None:
        """Return the class of that name, a user's or a built-in one, or None.

        Args:
            key: A name, one with its scope, or an import path.
        """
        if not isinstance(key, str):
            raise TypeError(f"key must be a string, got {key!r}")
        found = self.find(key)
        if found is None:
            return resolve_or_none(key)
        if found.target is not None:
            return found.target
        return self.builtins.resolve(self.split(key)[1])

    @property
    def known_names(self) -> list[str]:
        """Every registered name of the tree and every built-in type."""
        own = [name for registry in self.root.family for name in registry.module_dict]
        return list(dict.fromkeys([*self.builtins.scopes, *own]))

    @contextmanager
    def switch_scope_and_registry(self, scope: str | None) -> Iterator["Registry"]:
        """Give the registry of a scope; this one when there is no such scope."""
        yield self if scope is None else self.in_scope(scope)

    # -------------------------------------------------------------- building

    def build(self, cfg: Any, *args: Any, **kwargs: Any) -> Any:
        """Build what a dict describes, by `build_func`; see `build_from_cfg`."""
        return self.build_func(cfg, *args, **kwargs, registry=self)

    def _find_installed(self, scope: str, name: str) -> Found | None:
        if not self.builtins.paths:
            return None
        found: tuple[Any, str] | None = resolve_name(_FIND_INSTALLED)(self.root, scope, name)
        return None if found is None else Found(*found, is_near=False, is_installed=True)

    def __len__(self) -> int:
        return len(self.module_dict)

    def __contains__(self, key: str) -> bool:
        return self.get(key) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self.module_dict)

    def __repr__(self) -> str:
        return f"Registry({self.name!r}: {', '.join(self.module_dict) or 'empty'})"


def _is_same_definition(one: Any, other: Any) -> bool:
    """Tell whether a definition was executed twice, by a notebook cell or a reload."""
    names = [
        (getattr(x, "__module__", None), getattr(x, "__qualname__", None)) for x in (one, other)
    ]
    return one is other or (names[0] == names[1] and None not in names[0])


def resolve_or_none(path: str | None) -> Callable[..., Any] | None:
    """Return what an import path leads to, None when it leads nowhere."""
    if path is None or "." not in path:
        return None
    try:
        target: Callable[..., Any] = resolve_name(path)
    except (ImportError, AttributeError, ValueError):
        return None
    return target

"""The import finder behind `import mmcv`, `from mmcls.models.builder import BACKBONES`, ...

While it is installed, a module that no other finder knows and whose package is one of `PACKAGES` is
made from the catalog of offers. It stands last on `sys.meta_path`, so a package that is really
installed wins by itself. Modules are empty until somebody asks for a name; then the name's home in
mmlight is imported (PEP 562).

`install` and `uninstall` change `sys.meta_path` and `sys.modules`; `provide_names` does both around
a block, whatever happens inside. Afterwards both are as before. What was imported meanwhile keeps
working: modules of ours answer without the finder, and are the same objects when it comes back.
"""

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pkgutil import resolve_name
from types import ModuleType
from typing import Any, Final

from mmlight.compat.catalog import load_catalog, names_in
from mmlight.compat.offers.offer import PACKAGES
from mmlight.errors import ImportNameError, list_names, nearest_name


class OfferedModule(ModuleType):
    """A module of the originals whose names live in mmlight."""

    def __getattr__(self, name: str) -> Any:
        """Find a name on first use, or a submodule that nobody imported so far."""
        path = self.__name__
        catalog = load_catalog()
        if name in catalog[path]:
            value = resolve_name(catalog[path][name])
        elif f"{path}.{name}" in catalog:
            value = _make_module(f"{path}.{name}")
        else:
            raise AttributeError(f"module {path!r} has no attribute {name!r}", name=name, obj=self)
        super().__setattr__(name, value)
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        """Keep a name that is also called like a submodule, which the import system sets."""
        is_shadowing = isinstance(value, OfferedModule) and name in load_catalog()[self.__name__]
        if not is_shadowing:
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*self.__dict__, *names_in(self.__name__)})

    def __reduce__(self) -> tuple[Any, ...]:
        return _make_module, (self.__name__,)


class OfferFinder(MetaPathFinder, Loader):
    """Makes the modules of the catalog."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Answer for modules of the catalog.

        Raises:
            ImportNameError: If an import asks one of our modules for what it does not offer, or a
                folder without code is taken for a package.
        """
        package, _, name = fullname.rpartition(".")
        if fullname.split(".")[0] not in PACKAGES:
            return None
        # only an import may fail loudly; importlib.util.find_spec asks whether a module is there
        is_import = sys._getframe(2).f_code.co_name == "_find_and_load_unlocked"
        parent = sys.modules.get(package)
        if package and not is_offered(parent):
            if is_import and getattr(parent, "__file__", None) is None:
                raise _explain_folder(package, list(path or ()))
            return None  # it belongs to a package that is really installed
        if fullname in load_catalog():
            return ModuleSpec(fullname, self, origin="mmlight.compat", is_package=True)
        if package and is_import:
            raise _explain_missing(package, name)
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module, the same object every time."""
        return _make_module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Give the module what `from ... import *` takes; the rest comes when asked for."""
        module.__dict__["__all__"] = [
            name for name in load_catalog()[module.__name__] if not name.startswith("_")
        ]


_FINDER: Final = OfferFinder()
_LOCK: Final = threading.RLock()
_made: dict[str, OfferedModule] = {}
_depth = 0
_is_permanent = False


def install() -> None:
    """Offer the import names from now on, in a notebook or a script of your own.

    Examples:
        >>> install()
        >>> from mmcv.runner import Hook
        >>> Hook.__module__
        'mmlight.hooks.hook'
        >>> uninstall()
    """
    global _is_permanent
    with _LOCK:
        _is_permanent = True
        _update()


def uninstall() -> None:
    """Take the import names back, unless a block of `provide_names` still runs."""
    global _is_permanent
    with _LOCK:
        _is_permanent = False
        _update()


@contextmanager
def provide_names() -> Iterator[None]:
    """Offer the import names inside a block; blocks may be nested.

    Examples:
        >>> with provide_names():
        ...     from mmcls.models.builder import BACKBONES
        >>> "mmcls" in sys.modules
        False
    """
    global _depth
    with _LOCK:
        _depth += 1
        _update()
    try:
        yield
    finally:
        with _LOCK:
            _depth -= 1
            _update()


def is_offered(module: Any) -> bool:
    """Tell whether a module is one of ours."""
    return isinstance(module, OfferedModule)


def _update() -> None:
    """Put the finder in its place, or take it and its modules away."""
    if _depth or _is_permanent:
        if _FINDER not in sys.meta_path:
            sys.meta_path.append(_FINDER)
        return
    if _FINDER in sys.meta_path:
        sys.meta_path.remove(_FINDER)
    for name in [name for name, module in list(sys.modules.items()) if is_offered(module)]:
        del sys.modules[name]


def _make_module(name: str) -> OfferedModule:
    with _LOCK:
        if name not in _made:
            text = f"`{name}` as far as mmlight offers it; see mmlight/compat."
            _made[name] = OfferedModule(name, text)
        return _made[name]


def _explain_missing(package: str, name: str) -> ImportNameError:
    known = names_in(package)
    return ImportNameError(
        f"{package}.{name}",
        f"mmlight offers no {name!r} of {package!r}",
        expected=list_names(known),
        nearest=_find_nearest(package, name, known),
        next_step=(
            "Correct the name, add an Offer to a table (mmlight/compat/offers/offer.py, 'To offer "
            f"a name'), or install the package {package.split('.')[0]}."
        ),
    )


def _explain_folder(package: str, folders: list[str]) -> ImportNameError:
    return ImportNameError(
        package,
        f"Python takes the folder {', '.join(folders)} for the package {package!r}",
        next_step="Start elsewhere, or give the folder another name.",
    )


def _find_nearest(package: str, name: str, known: list[str]) -> str | None:
    """Return the nearest name of the module, or the other modules that have this very name."""
    elsewhere = [module for module, names in load_catalog().items() if name in names]
    if elsewhere:
        return ", ".join(f"{module}.{name}" for module in elsewhere[:3])
    return nearest_name(name, known)

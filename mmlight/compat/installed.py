"""Looks for a class in packages of the originals that are really installed beside mmlight."""

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from mmlight.compat.catalog import load_catalog
from mmlight.compat.finder import OfferFinder, is_offered
from mmlight.compat.offers.offer import PACKAGES
from mmlight.registry import ROOTS, Registry

_HOME: Final = "mmlight.compat.registries"


def find_installed(root: Registry, scope: str, name: str) -> tuple[Callable[..., Any], str] | None:
    """Ask the registries of installed packages, that of `scope` first.

    Args:
        root: Which kind of thing is wanted.
        scope: Where the search began.
        name: A registered name.

    Returns:
        The class and its package; None when no installed package has it.
    """
    kind = next((key for key, value in ROOTS.items() if value is root), None)
    if kind is None or "." in name:
        return None
    for package in sorted(PACKAGES, key=lambda package: package != scope):
        if not is_installed(package):
            continue
        for module, offered in load_catalog().items():
            for theirs, home in offered.items():
                if home == f"{_HOME}.{package}.{kind}":
                    found = _ask(module, theirs, name)
                    if found is not None:
                        return found, package
    return None


def is_installed(package: str) -> bool:
    """Tell whether the original of a package can be imported."""
    if package in sys.modules:
        return not is_offered(sys.modules[package])
    spec = find_spec(package)
    return spec is not None and spec.origin is not None and not isinstance(spec.loader, OfferFinder)


def _ask(module: str, registry: str, name: str) -> Callable[..., Any] | None:
    try:
        found: Callable[..., Any] | None = getattr(import_module(module), registry).get(name)
    except (ImportError, AttributeError, KeyError, RuntimeError):
        return None  # an installation that lacks a part is no installation of that part
    return found

"""All offers, by the module of the originals that has them."""

from functools import cache
from importlib import import_module

from mmlight.compat.offers.offer import TABLES

Catalog = dict[str, dict[str, str]]
"""Module of the originals → name in it → import path of ours."""


@cache
def load_catalog() -> Catalog:
    """Read every table; packages above a module are in the catalog as well.

    Examples:
        >>> load_catalog()["mmcv.runner"]["Hook"]
        'mmlight.hooks.hook.Hook'
    """
    catalog: Catalog = {}
    for table in TABLES:
        for row in import_module(table).OFFERS:
            for module, name, path in row.expand():
                for parent in parents_of(module):
                    catalog.setdefault(parent, {})
                catalog.setdefault(module, {}).setdefault(name, path)
    return catalog


def parents_of(module: str) -> list[str]:
    """Return the packages above a module.

    Examples:
        >>> parents_of("mmcv.runner.hooks")
        ['mmcv', 'mmcv.runner']
    """
    parts = module.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]


def names_in(module: str) -> list[str]:
    """Return what a module offers: its names, then its submodules."""
    catalog = load_catalog()
    below = [other[len(module) + 1 :] for other in catalog if other.startswith(f"{module}.")]
    return [*catalog[module], *(name for name in below if "." not in name)]

from importlib import import_module
from pkgutil import resolve_name

import pytest

from mmlight.compat.catalog import load_catalog, names_in, parents_of
from mmlight.compat.offers.offer import PACKAGES, TABLES

ROWS = [(table, row) for table in TABLES for row in import_module(table).OFFERS]


@pytest.mark.parametrize("table", TABLES)
def test_homes_are_there_when_a_table_names_them(table):
    for row in import_module(table).OFFERS:
        for _, _, path in row.expand():
            resolve_name(path)


def test_modules_are_in_known_packages_when_listed():
    assert {module.split(".")[0] for module in load_catalog()} == set(PACKAGES)


def test_names_are_offered_once_when_listed():
    offered = [(module, name) for _, row in ROWS for module, name, _ in row.expand()]
    assert len(offered) > 1000
    assert [pair for pair in set(offered) if offered.count(pair) > 1] == []


def test_packages_above_are_there_when_a_module_is():
    for module in load_catalog():
        assert all(parent in load_catalog() for parent in parents_of(module))
    assert parents_of("mmcv") == []


def test_names_and_submodules_are_told_when_asked():
    assert {"Hook", "HOOKS", "hooks", "priority"} <= set(names_in("mmcv.runner"))
    assert "hooks.hook" not in names_in("mmcv.runner")

from pkgutil import resolve_name

import pytest

from mmlight.translate import layers
from mmlight.translate.table import Table

TABLES = [value for value in vars(layers).values() if isinstance(value, Table)]
ROWS = [row for table in TABLES for row in table.rows.values()]


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_row_names_a_module_when_resolved(row):
    from torch import nn

    assert issubclass(resolve_name(row.target), nn.Module)


def test_registries_know_the_rows_when_asked():
    assert len(TABLES) == 9
    for table in TABLES:
        for name in table.rows:
            assert name in table.registry

import pytest

from mmlight.translate.data_rows import (
    DATASET_ROWS,
    OPERATION_ROWS,
    SAMPLER_ROWS,
    TRANSFORM_ROWS,
)


@pytest.mark.parametrize("rows", [DATASET_ROWS, SAMPLER_ROWS, TRANSFORM_ROWS])
def test_types_stand_in_one_row_each(rows) -> None:
    names = [row.name for row in rows]
    assert len(set(names)) == len(names)


def test_operations_are_steps_of_their_own_as_well() -> None:
    assert all(row in TRANSFORM_ROWS for row in OPERATION_ROWS)
    assert len(OPERATION_ROWS) == 15


def test_users_class_wins_where_the_originals_have_no_such_sampler() -> None:
    own = {row.name for row in SAMPLER_ROWS if row.scopes == ("mmlight",)}
    assert own == {"ClassBalancedSampler", "WeightedRandomSampler"}

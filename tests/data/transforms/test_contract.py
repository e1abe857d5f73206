import numpy as np
import pytest

from mmlight.data.transforms.contract import (
    check_fraction,
    check_generation,
    draw_offset,
    draw_uniform,
    to_pair,
)


def test_checks_raise_when_value_is_outside():
    with pytest.raises(ValueError, match=r"generation must be one of '0.x', '1.x', got '2.x'"):
        check_generation("2.x")
    with pytest.raises(ValueError, match=r"prob must be in \[0, 1\], got 1.5"):
        check_fraction("prob", 1.5)


@pytest.mark.parametrize("value", [0, -1, (1, 2, 3), (1, 0), (1.5, 2)])
def test_to_pair_raises_when_no_size(value):
    with pytest.raises(ValueError, match="size must be a positive integer"):
        to_pair("size", value)


@pytest.mark.parametrize("generation", ["0.x", "1.x"])
def test_draws_stay_in_range_when_repeated(generation):
    assert {draw_offset(2, generation) for _ in range(100)} == {0, 1, 2}
    assert all(3 <= draw_uniform(3, 4, generation) < 4 for _ in range(100))


def test_draws_use_numpy_only_when_new():
    np.random.seed(0)
    draw_offset(9, "0.x")
    draw_uniform(0, 1, "0.x")
    first = np.random.rand()
    np.random.seed(0)
    assert np.random.rand() == first

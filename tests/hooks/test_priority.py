import re

import pytest

from mmlight.hooks.priority import Priority, to_priority


def test_numbers_are_those_of_the_original_when_named():
    numbers = {p.name: p.value for p in Priority}
    assert list(numbers.values()) == [0, 10, 30, 40, 50, 60, 70, 90, 100]
    assert [to_priority(name) for name in numbers] == list(numbers.values())


def test_name_is_found_when_case_differs():
    assert to_priority("very_Low") == 90
    assert type(to_priority("NORMAL")) is int


@pytest.mark.parametrize("value", [0, 45, 100])
def test_number_is_kept_when_in_range(value):
    assert to_priority(value) == value


@pytest.mark.parametrize("value", [-1, 101, 0.5, [1]])
def test_number_is_refused_when_out_of_range(value):
    with pytest.raises(ValueError, match=re.escape(f"between 0 and 100, got {value}")):
        to_priority(value)


def test_name_is_refused_when_unknown():
    with pytest.raises(ValueError, match="no priority has the name 'HIHG'"):
        to_priority("HIHG")

from collections import namedtuple

import pytest

from mmlight.compat import sequence


def test_types_are_told_when_asked():
    assert sequence.is_str("a")
    assert sequence.is_list_of([1, "a"], (int, str))
    assert not sequence.is_list_of((1,), int)
    assert sequence.is_tuple_of((), int)
    assert not sequence.is_seq_of({1}, int)


def test_items_are_converted_when_cast():
    assert list(sequence.iter_cast("12", int)) == [1, 2]
    assert sequence.tuple_cast([1, 2], str) == ("1", "2")
    with pytest.raises(TypeError, match="inputs must be an iterable, got 3"):
        sequence.iter_cast(3, int)
    with pytest.raises(TypeError, match="dst_type must be a type, got 'int'"):
        sequence.iter_cast([], "int")


def test_list_is_cut_when_lengths_add_up():
    assert sequence.slice_list([1, 2, 3, 4], 2) == [[1, 2], [3, 4]]
    assert sequence.slice_list([1, 2, 3], [0, 3]) == [[], [1, 2, 3]]
    with pytest.raises(ValueError, match=r"lens must add up to 3, got \[2\]"):
        sequence.slice_list([1, 2, 3], 2)
    with pytest.raises(TypeError, match=r"lens must be .* got \(1, 2\)"):
        sequence.slice_list([1, 2, 3], (1, 2))


def test_value_is_repeated_when_single():
    assert sequence.to_1tuple(3) == (3,)
    assert sequence.to_4tuple(None) == (None,) * 4
    assert sequence.to_2tuple((1, 2, 3)) == (1, 2, 3)


def test_function_reaches_everything_when_nested():
    pair = namedtuple("Pair", "x y")
    data = {"a": [1, (2, "b")], "c": pair(3, "d")}
    changed = sequence.apply_to(data, lambda x: isinstance(x, int), lambda x: x * 10)
    assert changed == {"a": [10, (20, "b")], "c": pair(30, "d")}
    assert type(changed["c"]) is pair

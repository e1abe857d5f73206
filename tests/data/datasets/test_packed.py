import tracemalloc

import numpy as np
import pytest

from mmlight.data.datasets.packed import Constant, PackedLists, PackedObjects, PackedStrings

PACKED = [
    (PackedStrings(["a", "", "ü"]), ["a", "", "ü"]),
    (PackedObjects([1, [2], None]), [1, [2], None]),
    (PackedLists(list, np.array([3, 5, 7]), np.array([2, 2, 3])), [[3, 5], [], [7]]),
    (Constant("x", 3), ["x", "x", "x"]),
]


def test_array_stays_untouched_when_what_was_read_is_changed():
    packed = PackedLists(np.ndarray, np.array([3, 5, 7]), np.array([1, 3]))
    packed[1][:] = 9
    assert packed[1].tolist() == [5, 7]


@pytest.mark.parametrize(("packed", "values"), PACKED)
def test_packed_values_are_a_list_when_indexed(packed, values):
    assert list(packed) == values
    assert [packed[-1], packed[0]] == [values[-1], values[0]]
    assert list(packed[::-2]) == values[::-2]
    assert type(packed[1:]) is type(packed)
    assert list(packed.take([2, 0, 2])) == [values[i] for i in (2, 0, 2)]
    assert len(packed.take([])) == 0
    for index in (3, -4):
        with pytest.raises(IndexError):
            packed[index]


def test_packed_strings_are_small_when_many():
    count = 200_000
    tracemalloc.start()
    names = PackedStrings()
    for i in range(count):
        names.append(f"n01440764/n01440764_{i}.JPEG")
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert names[count - 1].endswith("_199999.JPEG")
    assert used / count < 48  # 31 bytes of text and 8 of offset; a dict with a str takes over 300

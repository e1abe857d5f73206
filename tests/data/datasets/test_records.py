import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from mmlight.data.datasets.packed import (
    Constant,
    PackedLists,
    PackedObjects,
    PackedScalars,
    PackedStrings,
)
from mmlight.data.datasets.records import Records, pack_column, pack_records

SAMPLES = [
    {"path": "a/ü.png", "label": 3, "score": 0.5, "flag": True, "box": np.arange(4), "tags": ["x"]},
    {"path": "", "label": -1, "score": 1.5, "flag": False, "box": np.ones(4, int), "tags": []},
    {"path": "\udcff", "label": 9, "score": 0.0, "flag": True, "box": np.zeros(4, int), "tags": []},
]


def check_same(ours, theirs):
    assert ours.keys() == theirs.keys()
    for key, value in theirs.items():
        assert type(ours[key]) is type(value)
        np.testing.assert_array_equal(ours[key], value)


def test_pack_records_returns_same_samples_when_packed():
    records = pack_records(SAMPLES)
    assert isinstance(records, Records)
    for ours, theirs in zip(records, SAMPLES, strict=True):
        check_same(ours, theirs)
    check_same(records[-1], SAMPLES[-1])
    check_same(records.take([2, 0])[1], SAMPLES[0])
    check_same(records[1:][0], SAMPLES[1])
    check_same(pickle.loads(pickle.dumps(records))[2], SAMPLES[2])


def test_records_stay_untouched_when_sample_is_changed():
    records = pack_records(copy.deepcopy(SAMPLES))
    sample = records[0]
    sample["box"][:] = 7
    sample["tags"].append("z")
    check_same(records[0], SAMPLES[0])


def test_pack_records_returns_same_samples_when_keys_differ():
    samples = [{"a": 1}, {"b": [(2, None)]}]
    packed = pack_records(samples)
    assert isinstance(packed, PackedObjects)
    assert list(packed) == samples
    packed[1]["b"].append(3)
    assert packed[1] == samples[1]
    assert list(packed[1:]) == samples[1:]


def test_pack_records_leaves_samples_alone_when_they_cannot_be_pickled():
    samples = [{"a": lambda: 1}, {"b": 2}]
    assert pack_records(samples) == samples
    same_keys = pack_records([{"a": samples[0]["a"], "b": 1}])
    assert same_keys[0] == {"a": samples[0]["a"], "b": 1}
    assert same_keys.take([0])[0]["a"] is samples[0]["a"]


def test_pack_records_returns_what_is_packed_when_called_again():
    for packed in (pack_records(SAMPLES), pack_records([{"a": 1}, {"b": 2}])):
        assert pack_records(packed) is packed
    assert pack_records([]) == []


@pytest.mark.parametrize("index", [3, -4])
def test_records_raise_when_index_is_outside(index):
    with pytest.raises(IndexError):
        pack_records(SAMPLES)[index]


COLUMNS = [
    ([1, 2], np.ndarray),
    ([1.5, float("nan")], np.ndarray),
    ([True, False], np.ndarray),
    ([2**63, 1], PackedObjects),
    (["a", "b"], PackedStrings),
    (["\ud800", "\udcff"], PackedStrings),
    (["same", "same"], Constant),
    ([None, None], Constant),
    ([[1, 2], [], [3]], PackedLists),
    ([(0.5,), ()], PackedLists),
    ([[True], [False, True]], PackedLists),
    ([[], []], PackedLists),
    ([[1, 2.0], [1]], PackedObjects),
    ([[True, 1], [1]], PackedObjects),
    ([[2**63]], PackedObjects),
    ([[1], (1,)], PackedObjects),
    ([[[1, 2]], [[3]]], PackedObjects),
    ([1, None], PackedObjects),
    ([1, True], PackedObjects),
    ([np.float32(0.1), np.float32(2)], PackedScalars),
    ([np.int8(1), np.int16(1)], PackedObjects),
    ([np.timedelta64(1, "s"), np.timedelta64(1, "h")], PackedObjects),
    ([np.array(3), np.array(5)], PackedScalars),
    ([np.arange(2), np.arange(2)], np.ndarray),
    ([np.arange(2), np.arange(3)], PackedLists),
    ([np.arange(2), np.arange(2.0)], PackedObjects),
    ([np.ones((2, 3)), np.ones((3, 2))], PackedObjects),
    ([np.zeros((0, 4)), np.zeros((0, 4))], np.ndarray),
    ([np.arange(2, dtype=">i4")], PackedObjects),
    ([np.array([None, 1])], PackedObjects),
    ([{"file": "a", "size": 3}, {"file": "b", "size": 4}], Records),
    ([{"a": 1}, {"b": 2}], PackedObjects),
    ([{}, {}], PackedObjects),
    ([b"x", b"y"], PackedObjects),
    ([SAMPLES, SAMPLES], PackedObjects),
]


def check_value(ours, theirs):
    assert type(ours) is type(theirs)
    if isinstance(theirs, np.ndarray):
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
        np.testing.assert_array_equal(ours, theirs)
    elif isinstance(theirs, list | tuple):
        assert len(ours) == len(theirs)
        for our_item, their_item in zip(ours, theirs, strict=True):
            check_value(our_item, their_item)
    elif isinstance(theirs, dict):
        assert ours.keys() == theirs.keys()
        for key in theirs:
            check_value(ours[key], theirs[key])
    else:
        assert ours == theirs or (ours != ours and theirs != theirs)


@pytest.mark.parametrize(("values", "kind"), COLUMNS, ids=str)
def test_values_come_back_the_same_when_packed(values, kind):
    assert type(pack_column(values)) is kind
    records = pack_records([{"key": value} for value in values])
    check_value([record["key"] for record in records], values)
    places = [*range(len(values))][::-1] * 2
    check_value([record["key"] for record in records.take(places)], [values[i] for i in places])
    check_value([record["key"] for record in records[1:]], values[1:])


NUMBERS = st.one_of(st.integers(), st.floats(), st.booleans())
ARRAYS = arrays(
    st.sampled_from(["i8", "u1", "f4", "?", "<U2"]),
    array_shapes(min_dims=0, max_dims=2, min_side=0),
)
KINDS = [
    st.integers(-5, 5),
    NUMBERS,
    st.text(st.characters(), max_size=4),
    st.none(),
    st.lists(st.integers(-(2**64), 2**64), max_size=3),
    st.lists(st.integers(0, 3), max_size=3),
    st.lists(st.floats(), max_size=2).map(tuple),
    arrays("i4", st.integers(0, 3)),
    ARRAYS,
    st.fixed_dictionaries(
        {"name": st.text(max_size=2), "box": st.lists(st.integers(), max_size=2)}
    ),
    st.sampled_from([np.int8(1), np.int8(-3), np.float32(0.5)]),
]
VALUES = st.one_of(*(st.lists(kind, min_size=1, max_size=5) for kind in [*KINDS, st.one_of(KINDS)]))


@given(VALUES, VALUES)
def test_samples_come_back_the_same_when_packed(first, second):
    samples = [{"a": a, "b": b} for a, b in zip(first, second, strict=False)]
    packed = pack_records(copy.deepcopy(samples))
    check_value([packed[place] for place in range(len(samples))], samples)
    again = pickle.loads(pickle.dumps(packed))
    check_value([again[place] for place in range(len(samples))], samples)

import copy
import pickle
import tracemalloc

import numpy as np
import pytest

from mmlight.data.datasets.records import PackedStrings, Records, pack_records

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


def test_pack_records_leaves_samples_alone_when_keys_differ():
    samples = [{"a": 1}, {"b": 2}]
    assert pack_records(samples) is samples


@pytest.mark.parametrize("index", [3, -4])
def test_records_raise_when_index_is_outside(index):
    with pytest.raises(IndexError):
        pack_records(SAMPLES)[index]


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

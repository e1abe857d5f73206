import os
import pickle
from collections import OrderedDict

import numpy as np
import pytest

from mmlight.data.datasets.safe_pickle import read_pickle
from mmlight.errors import DataError


class Harmful:
    def __reduce__(self):
        return os.mkdir, ("harmed",)


class Evaluator:
    def __reduce__(self):
        return eval, ("1",)


@pytest.mark.parametrize("protocol", range(6))
def test_read_pickle_returns_data_when_plain(tmp_path, protocol):
    path = tmp_path / "a.pkl"
    data = {"data": np.arange(6).reshape(2, 3), "n": [1, 2.5, None], "s": OrderedDict(a=b"x")}
    data["scalar"] = np.float32(2)
    path.write_bytes(pickle.dumps(data, protocol=protocol))
    read = read_pickle(path)
    np.testing.assert_array_equal(read.pop("data"), data.pop("data"))
    assert read == data


@pytest.mark.parametrize(("thing", "name"), [(Harmful(), "mkdir"), (Evaluator(), "builtins.eval")])
def test_read_pickle_refuses_when_code_is_named(tmp_path, monkeypatch, thing, name):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps({"data": thing}))
    with pytest.raises(DataError, match=rf"{name}, which is not plain data"):
        read_pickle(path)
    assert not (tmp_path / "harmed").exists()


def test_read_pickle_raises_when_file_is_damaged(tmp_path):
    path = tmp_path / "a.pkl"
    path.write_bytes(b"\x80\x04]")
    with pytest.raises(DataError, match=r"a\.pkl: is no pickle of plain data"):
        read_pickle(path)


def test_read_pickle_raises_when_file_is_missing(tmp_path):
    with pytest.raises(DataError, match=r"b\.pkl: cannot be read: No such file"):
        read_pickle(tmp_path / "b.pkl")

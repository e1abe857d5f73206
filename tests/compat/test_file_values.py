import io
import pickle

import numpy as np
import pytest

from mmlight.compat.file_values import dict_from_file, dump, list_from_file, load
from mmlight.errors import DataError

VALUE = {"b": [1, 2.5, None], "a": {"text": "ü", "no": False}}


class Code:
    """What a pickle must not make."""


@pytest.mark.parametrize("kind", ["json", "yaml", "yml", "pkl", "pickle"])
def test_value_comes_back_when_dumped(kind, tmp_path):
    path = tmp_path / "new" / f"a.{kind}"
    assert dump(VALUE, path) is None
    assert load(path) == load(str(path)) == VALUE
    text = dump(VALUE, file_format=kind)
    assert load(io.BytesIO(text if isinstance(text, bytes) else text.encode()), kind) == VALUE
    buffer = io.BytesIO() if isinstance(text, bytes) else io.StringIO()
    dump(VALUE, buffer, kind)
    assert buffer.getvalue() == text


def test_arrays_become_lists_when_written_as_json():
    value = {"a": np.arange(2), "b": np.float64(0.5), "c": {1}, "d": range(2)}
    assert dump(value, file_format="json") == '{"a": [0, 1], "b": 0.5, "c": [1], "d": [0, 1]}'
    assert dump({"a": 1}, file_format="json", indent=1) == '{\n "a": 1\n}'
    with pytest.raises(TypeError, match="JSON cannot hold a Code"):
        dump(Code(), file_format="json")


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.pkl", pickle.dumps(Code()), "Code, which is not plain data"),
        ("a.yaml", b"!!python/object/apply:os.getcwd []", "is no yaml of plain values"),
        ("a.json", b"{", "is no json of plain values"),
    ],
)
def test_file_is_refused_when_it_is_not_plain(tmp_path, name, content, problem):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=problem) as caught:
        load(tmp_path / name)
    assert caught.value.path == str(tmp_path / name)


def test_format_is_refused_when_unknown():
    with pytest.raises(DataError, match=r"a\.csv: the format 'csv' is not supported"):
        load("a.csv")
    with pytest.raises(DataError, match="the format None is not supported"):
        dump(VALUE)


def test_lines_are_read_when_listed(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"one 1\r\ntwo 2 3\n\n")
    assert list_from_file(path) == ["one 1", "two 2 3", ""]
    assert list_from_file(path, prefix="x/", offset=1, max_num=1) == ["x/two 2 3"]
    with pytest.raises(DataError, match=r"a\.txt:3: the line '' has fewer than two words"):
        dict_from_file(path)
    path.write_text("1 a\n2 b c\n")
    assert dict_from_file(path, key_type=int) == {1: "a", 2: ["b", "c"]}

import json
import pickle

import pytest

from mmlight.data.datasets.annotations import (
    join_root,
    read_annotations,
    read_class_names,
    read_lines,
    read_metainfo,
)
from mmlight.errors import DataError

CONTENT = {"metainfo": {}, "data_list": [{"a": 1}]}


def test_read_lines_raises_when_file_is_missing(tmp_path):
    with pytest.raises(DataError, match=r"no\.txt: this file is missing"):
        read_lines(str(tmp_path / "no.txt"))


def test_read_lines_tells_what_is_wrong_when_no_utf_8(tmp_path):
    (tmp_path / "list.txt").write_bytes("Käfer 1".encode("latin-1"))
    with pytest.raises(DataError, match=r"list\.txt: is no text in UTF-8: .*byte 0xe4"):
        read_lines(str(tmp_path / "list.txt"))


def test_join_root_expands_home_when_path_has_one(monkeypatch):
    monkeypatch.setenv("HOME", "/h")
    assert join_root("root", "~/x") == "/h/x"


def test_class_names_are_complete_when_published():
    sizes = {"cub": 200, "sun397": 397, "places205": 205, "stanford_cars": 196, "voc": 20}
    assert {name: len(set(read_class_names(name))) for name in sizes} == sizes


def test_metainfo_has_lines_when_it_names_a_file(tmp_path):
    (tmp_path / "names.txt").write_text("x\ny\n")
    path = str(tmp_path / "names.txt")
    assert read_metainfo({"classes": path, "task": "t"}, None) == {
        "classes": ["x", "y"],
        "task": "t",
    }
    assert read_metainfo({"classes": ("a",)}, path) == {"classes": ("a",)}
    assert read_metainfo(None, path) == {"classes": ("x", "y")}


@pytest.mark.parametrize("ending", ["json", "yaml", "yml", "pkl", "pickle"])
def test_annotations_are_read_when_format_differs(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    is_pickle = ending.startswith("p")
    path.write_bytes(pickle.dumps(CONTENT) if is_pickle else json.dumps(CONTENT).encode())
    assert read_annotations(str(path)) == CONTENT


@pytest.mark.parametrize(("name", "text"), [("a.json", "{"), ("a.yaml", "a: ["), ("a.pkl", "x")])
def test_annotations_are_refused_when_damaged(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=rf"{name}: (cannot be parsed|is no pickle)"):
        read_annotations(str(tmp_path / name))


@pytest.mark.parametrize("content", ["[]", '{"metainfo": {}}'])
def test_annotations_are_refused_when_keys_are_missing(tmp_path, content):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(DataError, match="lacks the keys 'metainfo' and 'data_list'"):
        read_annotations(str(tmp_path / "a.json"))

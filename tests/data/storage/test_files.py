import zipfile

import pytest

from mmlight.data.storage.files import (
    is_file,
    is_folder,
    list_files,
    list_folders,
    read_bytes,
    read_text,
)
from mmlight.data.storage.web import FsspecBackend
from mmlight.errors import DataError

NAMES = ["b/2.JPG", "b/10.jpg", "b/.hidden.jpg", "b/x/3.jpg", "a/1.png", "list.txt"]


@pytest.fixture(params=["disk", "memory", "zip"])
def place(request, tmp_path):
    """The same files at several places."""
    if request.param == "memory":
        for name in NAMES:
            FsspecBackend().put(name.encode(), f"memory://files/{name}")
        return "memory://files"
    if request.param == "zip":
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
            for name in NAMES:
                file.writestr(name, name)
        return str(tmp_path / "a.zip")
    for name in NAMES:
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(name)
    return str(tmp_path)


def test_files_are_read_and_listed_when_somewhere(place):
    assert read_bytes(f"{place}/b/10.jpg") == b"b/10.jpg"
    assert read_text(f"{place}/list.txt") == "list.txt"
    assert list_folders(place) == ["a", "b"]
    assert list_files(place, (".jpg", ".png")) == ["a/1.png", "b/10.jpg", "b/2.JPG", "b/x/3.jpg"]
    assert list_files(f"{place}/b") == ["10.jpg", "2.JPG", "x/3.jpg"]
    assert (is_file(f"{place}/list.txt"), is_file(f"{place}/no.txt")) == (True, False)
    assert (is_folder(f"{place}/b"), is_folder(f"{place}/c")) == (True, False)


def test_file_is_named_when_missing(place):
    with pytest.raises(DataError, match=rf"{place}/no\.txt: "):
        read_bytes(f"{place}/no.txt")


def test_backend_of_options_is_used_when_given(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xff")
    assert read_bytes(tmp_path / "a.txt", {"backend": "disk"}) == b"\xff"
    with pytest.raises(DataError, match=r"a\.txt: is no text in UTF-8: .*0xff"):
        read_text(tmp_path / "a.txt", {"backend": "local"})
    with pytest.raises(ValueError, match="got 'dsk'"):
        read_bytes(tmp_path / "a.txt", {"backend": "dsk"})


def test_listing_is_refused_when_the_place_cannot():
    assert is_file("http://a/list.txt")  # only reading would tell
    with pytest.raises(DataError, match="http://a/b: a HTTPBackend cannot list files") as caught:
        list_folders("http://a/b")
    assert "ann_file" in caught.value.next_step

from pathlib import Path

import pytest

from mmlight.compat import path


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ("a.TXT", "b.txt", ".c.txt", "sub/d.txt"):
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"a.TXT", "b.txt"}),
        ({"suffix": ".txt"}, {"b.txt"}),
        ({"suffix": ".TXT", "case_sensitive": False}, {"a.TXT", "b.txt"}),
        ({"suffix": (".txt", ".jpg"), "recursive": True}, {"b.txt", "sub/d.txt"}),
    ],
)
def test_files_are_found_when_scanned(folder, options, expected):
    assert set(path.scandir(folder, **options)) == expected


def test_link_is_replaced_when_it_exists(folder):
    path.symlink(folder / "b.txt", folder / "link")
    path.symlink(folder / "a.TXT", folder / "link")
    assert (folder / "link").read_text() == "a.TXT"
    with pytest.raises(FileExistsError, match="link"):
        path.symlink(folder / "b.txt", folder / "link", overwrite=False)


def test_folder_is_made_when_missing(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    path.mkdir_or_exist("~/x/y")
    path.mkdir_or_exist(folder / "x" / "y")
    path.mkdir_or_exist("")
    assert (folder / "x" / "y").is_dir()


def test_paths_are_told_apart_when_asked(folder):
    assert path.is_filepath(Path())
    assert not path.is_filepath(3)
    assert path.is_abs("s3://a")
    assert not path.is_abs("a/b")
    with path.fopen(folder / "b.txt") as file:
        assert file.read() == "b.txt"


def test_arguments_are_refused_when_wrong(folder):
    with pytest.raises(ValueError, match="filepath must be a string or a Path, got 3"):
        path.fopen(3)
    with pytest.raises(TypeError, match="dir_path must be a string or a Path, got 3"):
        path.scandir(3)
    with pytest.raises(TypeError, match="suffix must be a string or a tuple of them, got 3"):
        path.scandir(folder, suffix=3)
    with pytest.raises(FileNotFoundError, match=r"no no\.txt here"):
        path.check_file_exist("no.txt", "no {} here")

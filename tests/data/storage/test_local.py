import pytest

from mmlight.data.storage import local


@pytest.fixture
def backend():
    return local.LocalBackend()


def test_file_comes_back_when_put(backend, tmp_path):
    path = tmp_path / "new" / "a.bin"
    backend.put(b"\x00\xff", path)
    assert backend.get(path) == b"\x00\xff"
    backend.put_text("ü", path)
    assert backend.get_text(path) == "ü"
    assert (backend.isfile(path), backend.isdir(path), backend.exists(path)) == (True, False, True)
    with backend.get_local_path(path) as same:
        assert same == path


def test_files_are_copied_and_removed_when_told(backend, tmp_path):
    path = tmp_path / "x" / "a.txt"
    backend.put_text("a", path)
    assert backend.copyfile_from_local(path, tmp_path / "b.txt") == str(tmp_path / "b.txt")
    assert backend.copytree_to_local(tmp_path / "x", tmp_path / "y") == str(tmp_path / "y")
    assert backend.copy_if_symlink_fails(path, tmp_path / "link") is True
    backend.remove(tmp_path / "b.txt")
    backend.rmtree(tmp_path / "x")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link", "y"]
    with pytest.raises(IsADirectoryError, match="y is a folder"):
        backend.remove(tmp_path / "y")
    with pytest.raises(FileNotFoundError, match="gone"):
        backend.remove(tmp_path / "gone")


def test_file_is_copied_when_links_fail(backend, tmp_path, monkeypatch):
    def fail(*_):
        raise OSError("no links here")

    backend.put_text("a", tmp_path / "x" / "a.txt")
    monkeypatch.setattr(local.os, "symlink", fail)
    assert backend.copy_if_symlink_fails(tmp_path / "x" / "a.txt", tmp_path / "b") is False
    assert backend.copy_if_symlink_fails(tmp_path / "x", tmp_path / "y") is False
    assert (tmp_path / "b").read_text() == (tmp_path / "y" / "a.txt").read_text() == "a"


def test_folder_is_listed_when_asked(backend, tmp_path):
    for name in ("a.txt", ".b.txt", "sub/c.txt", "sub/d.jpg"):
        backend.put_text("", tmp_path / name)
    assert set(backend.list_dir_or_file(tmp_path)) == {"a.txt", "sub"}
    texts = backend.list_dir_or_file(tmp_path, list_dir=False, suffix=".txt", recursive=True)
    assert set(texts) == {"a.txt", "sub/c.txt"}
    with pytest.raises(TypeError, match=r"suffix must be None .* got '\.txt'"):
        list(backend.list_dir_or_file(tmp_path, suffix=".txt"))
    with pytest.raises(TypeError, match="suffix must be a string or a tuple of them, got 3"):
        list(backend.list_dir_or_file(tmp_path, list_dir=False, suffix=3))

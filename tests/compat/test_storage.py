import http.server
import threading

import pytest

from mmlight.compat import storage
from mmlight.errors import DataError


@pytest.fixture
def backend():
    return storage.LocalBackend()


def test_file_comes_back_when_put(backend, tmp_path):
    path = tmp_path / "new" / "a.bin"
    backend.put(b"\x00\xff", path)
    assert backend.get(path) == b"\x00\xff"
    backend.put_text("ü", path)
    assert backend.get_text(path) == "ü"
    assert (backend.isfile(path), backend.isdir(path), backend.exists(path)) == (True, False, True)
    with backend.get_local_path(path) as local:
        assert local == path


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
    monkeypatch.setattr(storage.os, "symlink", fail)
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


def test_file_is_fetched_when_address_answers(tmp_path):
    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(tmp_path))

        def log_message(self, *_):
            pass

    (tmp_path / "a.txt").write_text("there")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        backend = storage.choose_backend(f"{address}/a.txt")
        assert backend.get_text(f"{address}/a.txt") == "there"
        with backend.get_local_path(f"{address}/a.txt") as local, open(local) as file:
            assert file.read() == "there"
        with pytest.raises(DataError, match=r"no\.txt: cannot be fetched: File not found"):
            backend.get(f"{address}/no.txt")
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("uri", "old", "new", "kind"),
    [
        ("a.txt", None, None, storage.LocalBackend),
        ("https://a/b", None, None, storage.HTTPBackend),
        ("https://a/b", {"backend": "disk"}, None, storage.LocalBackend),
        ("a.txt", None, {"backend": "local", "path": "x"}, storage.LocalBackend),
        (None, {"prefix": "http"}, None, storage.HTTPBackend),
    ],
)
def test_backend_follows_options_when_chosen(uri, old, new, kind):
    assert type(storage.choose_backend(uri, old, new)) is kind


def test_backend_is_refused_when_unknown():
    with pytest.raises(DataError, match="there is no file backend 'petrel'") as caught:
        storage.choose_backend("a.txt", backend_args={"backend": "petrel"})
    assert caught.value.expected == "one of disk, http, local"
    with pytest.raises(DataError, match="there is no file backend 's3'"):
        storage.choose_backend("cluster:s3://bucket/a.txt")
    with pytest.raises(ValueError, match=r"one of file_client_args .* got \{\} and \{\}"):
        storage.choose_backend("a.txt", {}, {})

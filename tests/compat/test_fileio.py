import copy

import pytest

from mmlight.compat import fileio
from mmlight.data.storage import choose
from mmlight.data.storage.backend import Backend
from mmlight.errors import DataError


def test_client_is_a_backend_when_made(tmp_path):
    client = fileio.FileClient(backend="disk")
    client.put_text("a", tmp_path / "a.txt")
    assert copy.deepcopy(client).get(str(tmp_path / "a.txt")) == b"a"
    assert fileio.FileClient.infer_client({"backend": "disk"}).isdir(tmp_path)
    assert fileio.FileClient.infer_client(uri="http://a/b").client.name == "HTTPBackend"
    assert fileio.FileClient.parse_uri_prefix("a/b") is None
    with pytest.raises(AttributeError, match="no_such_method"):
        client.no_such_method()
    with pytest.raises(
        ValueError, match=r"must name a backend, .*, got 'lmbd' \(nearest: 'lmdb'\)"
    ):
        fileio.FileClient(backend="lmbd", db_path="x")


def test_own_backend_is_used_when_registered(monkeypatch):
    for name in ("BACKENDS", "PREFIXES", "_made"):
        monkeypatch.setattr(choose, name, dict(getattr(choose, name)))

    @fileio.FileClient.register_backend("shout", prefixes="shout")
    class Shouting(Backend):
        def get(self, filepath):
            return str(filepath).upper().encode()

    assert fileio.FileClient("shout").get("a") == b"A"
    assert fileio.FileClient(prefix="shout").get_text("a") == "A"
    client = fileio.FileClient.infer_client(uri="shout://a").client
    assert client is fileio.FileClient("shout").client
    assert isinstance(fileio.get_file_backend("shout://a"), Shouting)
    fileio.FileClient.register_backend("disk", Shouting, force=True)
    assert fileio.FileClient().get("a") == b"A"


def test_functions_do_what_backends_do_when_local(tmp_path):
    path = fileio.join_path(tmp_path, "x", "a.txt")
    fileio.put(b"a", path)
    fileio.put_text("b", path)
    assert fileio.get(path) == b"b"
    assert fileio.get_text(path) == "b"
    assert fileio.exists(path)
    assert fileio.isfile(path)
    assert fileio.isdir(tmp_path)
    assert fileio.copyfile(path, tmp_path / "c.txt") == str(tmp_path / "c.txt")
    fileio.copytree(tmp_path / "x", tmp_path / "y")
    assert fileio.copy_if_symlink_fails(path, tmp_path / "link")
    fileio.remove(tmp_path / "link")
    fileio.rmtree(tmp_path / "x")
    assert set(fileio.list_dir_or_file(tmp_path)) == {"c.txt", "y"}
    with fileio.get_local_path(tmp_path / "c.txt") as local:
        assert local == tmp_path / "c.txt"


def test_writing_is_refused_when_place_is_an_address():
    with pytest.raises(DataError, match="http://a/b: a HTTPBackend has no put"):
        fileio.put(b"", "http://a/b")
    with pytest.raises(ValueError, match=r"uri must be given .* got None"):
        fileio.get_file_backend()
    assert fileio.get_file_backend(backend_args={"backend": "http"}).name == "HTTPBackend"

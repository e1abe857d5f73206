import hashlib
import multiprocessing
import sys
import types

import pytest

from mmlight.data.storage.memcached import MAX_KEY_BYTES, MemcachedBackend
from mmlight.errors import DataError

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def client(memcached_port):
    pymemcache = pytest.importorskip("pymemcache")
    client = pymemcache.Client(("127.0.0.1", memcached_port))
    yield client
    client.close()


@pytest.fixture
def backend(client, memcached_port):
    return MemcachedBackend(servers=[f"127.0.0.1:{memcached_port}"])


def test_file_is_kept_when_read_from_disk(backend, client, photos, tmp_path):
    path = tmp_path / "a.jpg"
    content = (photos / "face/1.jpg").read_bytes()
    path.write_bytes(content)
    assert backend.get(path) == client.get(str(path)) == content
    path.unlink()  # from now on only the server has it
    assert backend.get(path) == content
    client.delete(str(path), noreply=False)
    with pytest.raises(DataError, match=r"a\.jpg: the file cannot be read: No such file"):
        backend.get(path)


def test_path_is_digested_when_it_is_no_key(backend, client, tmp_path):
    for name in ("with blank.txt", "ö.txt", "x" * MAX_KEY_BYTES + ".txt"):
        path = tmp_path / name
        path.write_text(name)
        assert backend.get(path).decode() == backend.get(path).decode() == name
    digest = hashlib.sha256(str(tmp_path / "with blank.txt").encode()).hexdigest()
    assert client.get(f"sha256:{digest}") == b"with blank.txt"


def test_file_is_read_from_disk_when_too_large_for_the_server(backend, client, tmp_path):
    path = tmp_path / "large.bin"
    for size in (2 << 20, (2 << 20) + 1):
        path.write_bytes(b"1" * size)
        assert len(backend.get(path)) == size
    assert client.get(str(path)) is None
    path.write_bytes(b"small")
    assert backend.get(path) == client.get(str(path)) == b"small"  # the connection is in order


def _read(backend, path, answers):
    answers.put([backend.get(path) for _ in range(20)])


def test_answers_stay_apart_when_forked(backend, photos):
    paths = [photos / "face/1.jpg", photos / "whole/1.jpg"]
    backend.get(paths[0])
    answers = FORK.Queue()
    children = [FORK.Process(target=_read, args=(backend, path, answers)) for path in paths]
    for child in children:
        child.start()
    found = [answers.get(timeout=30) for _ in children]
    for child in children:
        child.join()
    assert sorted(found) == sorted([path.read_bytes()] * 20 for path in paths)


@pytest.mark.parametrize("line", ["127.0.0.1:{} # here", "\n127.0.0.1  {}\n"])
def test_servers_are_found_when_a_file_lists_them(memcached_port, client, photos, tmp_path, line):
    servers = tmp_path / "servers.conf"
    servers.write_text(f"# all servers\n{line.format(memcached_port)}\n")
    backend = MemcachedBackend(server_list_cfg=str(servers), client_cfg="client.conf")
    path = photos / "face/1.jpg"
    assert backend.get(path) == client.get(str(path)) == path.read_bytes()


@pytest.mark.parametrize(
    ("text", "problem"),
    [("localhost", "'localhost' is no server"), ("# none", "the file names no server")],
)
def test_list_is_refused_when_it_names_no_server(tmp_path, text, problem):
    pytest.importorskip("pymemcache")
    (tmp_path / "servers.conf").write_text(text)
    with pytest.raises(DataError, match=rf"servers\.conf: {problem}"):
        MemcachedBackend(server_list_cfg=str(tmp_path / "servers.conf")).get("a")
    with pytest.raises(DataError, match=r"none\.conf: the file cannot be read"):
        MemcachedBackend(server_list_cfg=str(tmp_path / "none.conf")).get("a")


def test_servers_are_named_when_they_do_not_answer(photos):
    pytest.importorskip("pymemcache")
    with pytest.raises(DataError, match=r"servers 127\.0\.0\.1:1 do not answer: .*refused"):
        MemcachedBackend(servers=["127.0.0.1:1"]).get(photos / "face/1.jpg")


def test_options_are_refused_when_no_server_is_named(monkeypatch):
    with pytest.raises(ValueError, match=r"server_list_cfg or servers must name .* got neither"):
        MemcachedBackend(client_cfg="client.conf")
    monkeypatch.setitem(sys.modules, "pymemcache", None)
    with pytest.raises(ValueError, match=r"pymemcache is not installed \(pip install pymemcache"):
        MemcachedBackend(servers=["a:1"])


def test_own_client_does_the_work_when_installed(monkeypatch, tmp_path):
    class Client:
        @classmethod
        def GetInstance(cls, *files):  # noqa: N802 - the client's name
            asked.append(files)
            return cls()

        def Get(self, path, buffer):  # noqa: N802
            buffer.append(path.encode())

    asked = []
    mc = types.ModuleType("mc")
    mc.MemcachedClient, mc.pyvector, mc.ConvertBuffer = Client, list, lambda buffer: buffer[0]
    monkeypatch.setitem(sys.modules, "mc", mc)
    monkeypatch.setattr(sys, "path", [*sys.path])
    backend = MemcachedBackend("servers.conf", "client.conf", sys_path=str(tmp_path))
    assert backend.get("a.jpg") == backend.get("a.jpg") == b"a.jpg"
    assert asked == [("servers.conf", "client.conf")]
    assert sys.path[-1] == str(tmp_path)

import multiprocessing
import pickle
import sys
import threading

import pytest

lmdb = pytest.importorskip("lmdb")

from mmlight.data.storage.choose import choose_backend  # noqa: E402
from mmlight.data.storage.lmdb import LmdbBackend  # noqa: E402
from mmlight.errors import DataError  # noqa: E402

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def database(photos, tmp_path):
    path = str(tmp_path / "photos.lmdb")
    with lmdb.open(path, map_size=1 << 24) as env, env.begin(write=True) as transaction:
        for file in photos.rglob("*.jpg"):
            transaction.put(str(file.relative_to(photos)).encode(), file.read_bytes())
        transaction.put("grün/ä.txt".encode(), "ü".encode())
    return path


def test_value_is_the_file_when_key_is_its_path(database, photos):
    backend = LmdbBackend(database)
    assert backend.get("face/1.jpg") == (photos / "face/1.jpg").read_bytes()
    assert backend.get_text("grün/ä.txt") == "ü"
    with backend.get_local_path("whole/1.jpg") as path, open(path, "rb") as file:
        assert file.read() == (photos / "whole/1.jpg").read_bytes()


def test_database_is_opened_once_when_options_are_equal(database):
    first, second = LmdbBackend(database), pickle.loads(pickle.dumps(LmdbBackend(database)))
    assert first.get("face/1.jpg") == second.get("face/1.jpg")
    assert choose_backend(backend_args={"backend": "lmdb", "db_path": database}).get("face/1.jpg")


def _read(backend, answers):
    try:
        answers.put(backend.get("face/1.jpg"))
    except BaseException as error:
        answers.put(error)


@pytest.mark.parametrize("lock", [False, True])
def test_file_is_read_when_parent_has_read_before(database, photos, lock):
    backend, answers = LmdbBackend(database, lock=lock), FORK.Queue()
    want = backend.get("face/1.jpg")
    children = [FORK.Process(target=_read, args=(backend, answers)) for _ in range(2)]
    for child in children:
        child.start()
    assert [answers.get(timeout=30) for _ in children] == [want, want]
    for child in children:
        child.join()
    assert backend.get("whole/1.jpg") == (photos / "whole/1.jpg").read_bytes()


def test_files_are_read_when_threads_ask_at_once(database, photos):
    backend, found = LmdbBackend(database), []
    threads = [
        threading.Thread(target=lambda: found.append(backend.get("face/1.jpg"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [(photos / "face/1.jpg").read_bytes()] * 8


def test_key_is_named_when_missing(database):
    with pytest.raises(DataError, match=rf"no/key.jpg: the database {database} has no such key"):
        LmdbBackend(database).get("no/key.jpg")


def test_database_is_named_when_it_cannot_be_opened(tmp_path):
    with pytest.raises(
        DataError, match=r"none\.lmdb: the database cannot be opened with .*: .*No such"
    ):
        LmdbBackend(tmp_path / "none.lmdb").get("a")
    with pytest.raises(
        DataError, match=r"none\.lmdb: the database cannot be opened with .*'lokc': True"
    ):
        LmdbBackend(tmp_path / "none.lmdb", lokc=True).get("a")


def test_package_is_named_when_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "lmdb", None)
    with pytest.raises(ValueError, match=r"lmdb is not installed \(pip install lmdb\)"):
        LmdbBackend("a")

import io
import multiprocessing
import tarfile
import threading
import tracemalloc
import zipfile

import pytest

from mmlight.data.storage.archive import ArchiveBackend, split_archive
from mmlight.errors import DataError

FORK = multiprocessing.get_context("fork")


@pytest.fixture(params=["stored.zip", "deflated.zip", "plain.tar"])
def archive(request, photos, tmp_path):
    path = tmp_path / request.param
    if request.param.endswith("zip"):
        method = zipfile.ZIP_STORED if "stored" in request.param else zipfile.ZIP_DEFLATED
        with zipfile.ZipFile(path, "w", method) as file:
            file.mkdir("whole") if hasattr(file, "mkdir") else None
            for photo in sorted(photos.rglob("*.jpg")):
                file.write(photo, photo.relative_to(photos))
    else:
        with tarfile.open(path, "w") as file:
            file.add(photos, "./")
    return path


@pytest.fixture
def backend():
    return ArchiveBackend()


def test_member_is_the_file_when_read(backend, archive, photos):
    for name in ("face/1.jpg", "whole/1.jpg"):
        assert backend.get(archive / name) == (photos / name).read_bytes()


def test_members_are_listed_when_folder_is_asked_for(backend, archive):
    assert set(backend.list_dir_or_file(archive)) == {"face", "whole"}
    assert list(backend.list_dir_or_file(archive / "face")) == ["1.jpg"]
    files = backend.list_dir_or_file(archive, list_dir=False, suffix=".jpg", recursive=True)
    assert sorted(files) == ["face/1.jpg", "whole/1.jpg"]
    assert (backend.isdir(archive / "face"), backend.isdir(archive / "fac")) == (True, False)
    assert (backend.isfile(archive / "face/1.jpg"), backend.isfile(archive / "face")) == (1, 0)
    assert (backend.exists(archive / "face"), backend.exists(archive / "no")) == (True, False)
    assert backend.join_path(archive, "face", "1.jpg") == str(archive / "face/1.jpg")


def _read(backend, path, answers):
    answers.put([backend.get(path) for _ in range(20)])


def test_members_stay_apart_when_processes_and_threads_read(backend, archive, photos):
    paths = [archive / "face/1.jpg", archive / "whole/1.jpg"]
    backend.get(paths[0])
    answers = FORK.Queue()
    readers = [FORK.Process(target=_read, args=(backend, path, answers)) for path in paths]
    readers += [threading.Thread(target=_read, args=(backend, path, answers)) for path in paths]
    for reader in readers:
        reader.start()
    found = [answers.get(timeout=30) for _ in readers]
    for reader in readers:
        reader.join()
    want = [[(photos / path.relative_to(archive)).read_bytes()] * 20 for path in paths] * 2
    assert sorted(found) == sorted(want)


def test_member_is_named_when_missing_or_outside(backend, archive):
    for name in ("no.jpg", "face", "../../etc/passwd", ""):
        with pytest.raises(DataError, match=f"the archive has no member '{name}'"):
            backend.get(f"{archive}/{name}")


def test_archive_is_named_when_it_is_none(backend, tmp_path, photos):
    with pytest.raises(DataError, match=r"none\.zip/a: no archive lies there"):
        backend.get(tmp_path / "none.zip" / "a")
    for name in ("broken.zip", "broken.tar"):
        (tmp_path / name).write_bytes((photos / "face/1.jpg").read_bytes())
        with pytest.raises(DataError, match=rf"{name}: the archive cannot be read"):
            backend.get(tmp_path / name / "a")
    with tarfile.open(tmp_path / "small.tar", "w:gz") as file:
        file.add(photos, "./")
    with pytest.raises(DataError, match=r"small\.tar: .*") as caught:
        backend.get(tmp_path / "small.tar" / "face/1.jpg")
    assert "unpacked" in caught.value.next_step


def test_member_is_named_when_damaged(backend, tmp_path, photos):
    path = tmp_path / "damaged.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.write(photos / "face/1.jpg", "1.jpg")
    content = bytearray(path.read_bytes())
    content[500] ^= 255
    path.write_bytes(content)
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_BZIP2) as file:
        file.write(photos / "face/1.jpg", "1.jpg")
    with pytest.raises(
        DataError, match=r"packed\.zip/1\.jpg: .* otherwise than stored or deflated"
    ):
        backend.get(packed / "1.jpg")
    with pytest.raises(
        DataError, match=r"damaged\.zip/1\.jpg: the member cannot be read: its checksum"
    ):
        backend.get(path / "1.jpg")


def test_path_is_split_when_a_file_is_an_archive(archive, tmp_path):
    (tmp_path / "folder.zip").mkdir()
    assert split_archive(f"{archive}/a/b.jpg") == (str(archive), "a/b.jpg")
    assert split_archive(str(archive)) == (str(archive), "")
    assert split_archive(str(tmp_path / "folder.zip" / "a.jpg")) is None


def test_last_member_counts_when_names_are_equal(backend, tmp_path):
    path = tmp_path / "twice.tar"
    with tarfile.open(path, "w") as file:
        for content in (b"first", b"second"):
            info = tarfile.TarInfo("a.txt")
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
    assert backend.get(path / "a.txt") == b"second"


def test_table_stays_small_when_there_are_many_members(backend, tmp_path):
    path, count = tmp_path / "many.zip", 20_000
    with zipfile.ZipFile(path, "w") as file:
        for number in range(count):
            file.writestr(f"n{number % 1000:08d}/n{number % 1000:08d}_{number}.JPEG", b"x")
    tracemalloc.start()
    assert backend.get(path / "n00000007/n00000007_7.JPEG") == b"x"
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size < 120 * count  # bytes

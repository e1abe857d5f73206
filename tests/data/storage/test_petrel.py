import sys
import types

import pytest

from mmlight.data.storage.choose import choose_backend
from mmlight.data.storage.petrel import CephBackend, PetrelBackend
from mmlight.errors import DataError


class Client:
    """Stands in for `petrel_client.client.Client`, over a dict."""

    made: list = []  # noqa: RUF012
    files: dict = {}  # noqa: RUF012

    def __init__(self, conf_path=None, enable_mc=True):
        self.made.append((conf_path, enable_mc))

    def Get(self, path):  # noqa: N802 - the client's name
        return self.files.get(path)

    def put(self, path, content):
        self.files[path] = content

    def contains(self, path):
        return path in self.files

    def isdir(self, path):
        return any(name.startswith(path.rstrip("/") + "/") for name in self.files)

    def delete(self, path):
        del self.files[path]

    def list(self, folder):
        below = [name[len(folder) :] for name in self.files if name.startswith(folder)]
        return sorted({name.partition("/")[0] + ("/" if "/" in name else "") for name in below})


@pytest.fixture
def petrel(monkeypatch, own_backends):
    package, module = types.ModuleType("petrel_client"), types.ModuleType("petrel_client.client")
    module.Client = package.client = module
    module.Client = type("Client", (Client,), {"made": [], "files": {}})
    package.client = module
    monkeypatch.setitem(sys.modules, "petrel_client", package)
    monkeypatch.setitem(sys.modules, "petrel_client.client", module)
    return module.Client


def test_path_is_mapped_when_asked_for(petrel):
    petrel.files["s3://imagenet/train/a.jpg"] = b"jpeg"
    options = {"path_mapping": {"data/": "s3://imagenet/"}, "conf_path": "a.conf"}
    backend = PetrelBackend(**options, enable_mc=False)
    assert backend.get("data/train/a.jpg") == backend.get("petrel://imagenet/train/a.jpg")
    assert backend.get("data/train\\a.jpg") == b"jpeg"
    assert petrel.made == [("a.conf", False)]


def test_files_are_written_and_listed_when_the_client_can(petrel):
    backend = PetrelBackend(conf_path="files")
    backend.put_text("x", "s3://b/a.txt")
    backend.put(b"y", "s3://b/c/d.jpg")
    assert backend.get_text("s3://b/a.txt") == "x"
    assert (backend.isfile("s3://b/a.txt"), backend.isdir("s3://b/c")) == (True, True)
    assert (backend.exists("s3://b/c"), backend.exists("s3://b/no")) == (True, False)
    assert backend.join_path("s3://b/", "c", "/d.jpg") == "s3://b/c/d.jpg"
    assert set(backend.list_dir_or_file("s3://b")) == {"a.txt", "c"}
    found = backend.list_dir_or_file("s3://b", list_dir=False, suffix=".jpg", recursive=True)
    assert list(found) == ["c/d.jpg"]
    backend.remove("s3://b/a.txt")
    assert not backend.exists("s3://b/a.txt")


def test_it_reads_s3_when_installed(petrel):
    assert isinstance(choose_backend("s3://b/a"), PetrelBackend)
    assert isinstance(choose_backend("petrel://b/a"), PetrelBackend)
    backend = choose_backend("s3://b/a", backend_args={"path_mapping": {"s3://b": "s3://c"}})
    petrel.files["s3://c/a"] = b"there"
    assert backend.get("s3://b/a") == b"there"


def test_file_is_named_when_missing(petrel):
    with pytest.raises(DataError, match=r"s3://b/no: .* no such file \(asked for as 'data/no'\)"):
        PetrelBackend({"data": "s3://b"}, conf_path="missing").get("data/no")


def test_mapping_is_refused_when_it_is_no_dict(petrel):
    with pytest.raises(ValueError, match="path_mapping must be a dict, got 's3://b'"):
        PetrelBackend("s3://b")


def test_package_and_ways_around_are_named_when_missing():
    for name, package in (("petrel", "petrel_client"), ("ceph", "ceph")):
        text = f"backend '{name}': the package {package} is not installed .*s3fs.*'local'"
        with pytest.raises(ValueError, match=text):
            choose_backend(file_client_args={"backend": name})


def test_ceph_is_read_when_its_client_is_installed(monkeypatch):
    class S3Client:
        def Get(self, path):  # noqa: N802 - the client's name
            return {"s3://b/a": b"there"}.get(path)

    ceph = types.ModuleType("ceph")
    ceph.S3Client = S3Client
    monkeypatch.setitem(sys.modules, "ceph", ceph)
    backend = CephBackend({"data": "s3://b"})
    assert backend.get("data/a") == b"there"
    with pytest.raises(DataError, match=r"s3://b/no: .* \(asked for as 'data/no'\)"):
        backend.get("data/no")

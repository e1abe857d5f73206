import pytest

from mmlight.data.storage import choose
from mmlight.data.storage.archive import ArchiveBackend
from mmlight.data.storage.backend import Backend
from mmlight.data.storage.choose import choose_backend, is_remote, register_backend
from mmlight.data.storage.local import LocalBackend
from mmlight.data.storage.package import has_package
from mmlight.data.storage.petrel import PetrelBackend
from mmlight.data.storage.web import FsspecBackend, HTTPBackend
from mmlight.errors import DataError


class Shouting(Backend):
    def __init__(self, loud=True):
        self.loud = loud

    def get(self, filepath):
        return str(filepath).upper().encode()


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "a.tar"
    path.write_bytes(b"")
    return str(path)


@pytest.mark.parametrize(
    ("uri", "old", "new", "kind"),
    [
        ("a.txt", None, None, LocalBackend),
        ("none.zip/a.txt", None, None, LocalBackend),
        ("https://a/b", None, None, HTTPBackend),
        ("gs://a/b", None, None, FsspecBackend),
        ("https://a/b", {"backend": "disk"}, None, LocalBackend),
        ("https://a/b", {}, None, LocalBackend),
        ("https://a/b", None, {}, HTTPBackend),
        ("https://a/b", None, {"timeout": 5}, HTTPBackend),
        ("a.txt", None, {"backend": "local"}, LocalBackend),
        (None, {"prefix": "http"}, None, HTTPBackend),
        (None, {"backend": "disk", "prefix": "http"}, None, LocalBackend),
    ],
)
def test_backend_follows_options_when_chosen(uri, old, new, kind):
    assert type(choose_backend(uri, old, new)) is kind


def test_path_tells_when_it_leads_into_an_archive(archive):
    assert type(choose_backend(f"{archive}/b.txt")) is ArchiveBackend
    assert (is_remote(f"{archive}/b.txt"), is_remote(archive)) == (True, True)
    assert (is_remote("none.tar/b.txt"), is_remote("hf://a/b")) == (False, True)


def test_s3_is_read_by_fsspec_when_petrel_is_missing():
    assert not has_package("petrel_client")
    assert type(choose_backend("s3://bucket/a")) is FsspecBackend
    assert choose_backend("s3://b/a", backend_args={"anon": True}).options == {"anon": True}
    with pytest.raises(
        DataError, match=r"my:s3://b/a: there is no way to read it: .*petrel_client"
    ):
        choose_backend("my:s3://b/a")


def test_backend_is_the_same_when_options_are_equal():
    options = {"backend": "http", "timeout": 7}
    assert choose_backend(backend_args=options) is choose_backend("a", dict(options))
    assert choose_backend(backend_args=options) is not choose_backend("http://a")


def test_options_are_refused_when_they_do_not_fit():
    names = "one of archive, ceph, disk, fsspec, http, lmdb, local, memcached, petrel"
    text = rf"backend_args must name a backend, {names}, got 'petrl' \(nearest: 'petrel'\)"
    with pytest.raises(ValueError, match=text):
        choose_backend(backend_args={"backend": "petrl"})
    with pytest.raises(ValueError, match=r"^file_client_args must name a backend, .*, got 3$"):
        choose_backend(file_client_args={"backend": 3})
    text = r"must fit the backend 'lmdb', which takes db_path, .*: missing .*'db_path'"
    with pytest.raises(ValueError, match=text):
        choose_backend(backend_args={"backend": "lmdb", "db_pth": "x"})
    text = r"must fit the backend 'local', which takes no options: .*'path'"
    with pytest.raises(ValueError, match=text):
        choose_backend(backend_args={"backend": "local", "path": "x"})
    text = "cannot be used for the backend 'http': timeout must be positive, got -1"
    with pytest.raises(ValueError, match=text):
        choose_backend(backend_args={"backend": "http", "timeout": -1})
    with pytest.raises(ValueError, match=r"must not both be given, got \{\} and \{'a': 1\}"):
        choose_backend("a.txt", {}, {"a": 1})


@pytest.mark.usefixtures("own_backends")
def test_own_backend_is_chosen_when_registered():
    register_backend("shout", Shouting, prefixes=["shout", "cry"])
    assert choose_backend("cry://a").get("a") == b"A"
    quiet = choose_backend(backend_args={"backend": "shout", "loud": False})
    assert not quiet.loud

    @register_backend("shout", force=True)
    class Other(Shouting):
        pass

    assert type(choose_backend(backend_args={"backend": "shout", "loud": False})) is Other


@pytest.mark.usefixtures("own_backends")
def test_backend_is_refused_when_it_cannot_be_registered():
    with pytest.raises(
        TypeError, match="must be a subclass of BaseStorageBackend, got <class 'int"
    ):
        register_backend("mine", int)
    with pytest.raises(TypeError, match="name must be a string, got 3"):
        register_backend(3, Shouting)
    with pytest.raises(ValueError, match="'lmdb' is taken"):
        register_backend("lmdb", Shouting)
    with pytest.raises(ValueError, match="'https' is taken"):
        register_backend("mine", Shouting, prefixes="https")
    assert "mine" not in choose.BACKENDS


def test_petrel_reads_its_own_prefix_when_missing_too():
    assert issubclass(choose.BACKENDS[choose.PREFIXES["petrel"]], PetrelBackend)
    with pytest.raises(DataError, match=r"petrel://b/a: .*petrel_client is not installed"):
        choose_backend("petrel://b/a")

import pickle

import pytest
from torch.utils.data import DataLoader, Dataset

from mmlight.data.storage import package
from mmlight.data.storage import web as web_module
from mmlight.data.storage.web import FsspecBackend, HTTPBackend, parse_protocol
from mmlight.errors import DataError

# a loader's workers are forked beside fsspec's thread and the server's
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch):
    monkeypatch.setattr(web_module, "FIRST_PAUSE_SECONDS", 0.01)


class Files(Dataset):
    """The bytes behind addresses."""

    def __init__(self, addresses):
        self.addresses = addresses
        self.backend = HTTPBackend()

    def __len__(self):
        return len(self.addresses)

    def __getitem__(self, index):
        return self.backend.get(self.addresses[index])


def test_file_is_fetched_when_the_server_has_it(web, tmp_path):
    (tmp_path / "ä b.txt").write_text("ü")
    backend = pickle.loads(pickle.dumps(HTTPBackend()))
    assert backend.get_text(f"{web.address}/ä b.txt") == "ü"
    with backend.get_local_path(f"{web.address}/ä b.txt") as path, open(path) as file:
        assert file.read() == "ü"
    assert backend.join_path(f"{web.address}/", "a", "b.txt") == f"{web.address}/a/b.txt"


def test_connection_is_kept_when_files_follow(web, tmp_path):
    (tmp_path / "a.txt").write_text("a")
    for _ in range(5):
        HTTPBackend().get(f"{web.address}/a.txt")
    assert (len(web.asked), len(web.connections)) == (5, 1)


def test_workers_fetch_when_the_parent_has_fetched_before(web, tmp_path):
    for number in range(12):
        (tmp_path / f"{number}.txt").write_text(str(number))
    files = Files([f"{web.address}/{number}.txt" for number in range(12)])
    want = [str(number).encode() for number in range(12)]
    assert files[0] == want[0]
    for _ in range(2):  # new workers each time
        loader = DataLoader(files, batch_size=None, num_workers=2, multiprocessing_context="fork")
        assert list(loader) == want
    assert files[11] == want[11]
    assert len(web.connections) == 5  # one per process


@pytest.mark.parametrize("trouble", [[503], ["drop", "drop"], [500, "drop", 429]])
def test_file_is_fetched_when_trouble_passes(web, tmp_path, trouble):
    (tmp_path / "a.txt").write_text("there")
    web.plan = list(trouble)
    assert HTTPBackend().get_text(f"{web.address}/a.txt") == "there"
    assert len(web.asked) == len(trouble) + 1


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (404, "cannot be fetched: there is no such file"),
        (403, "cannot be fetched: ClientResponseError: 403"),
    ],
)
def test_server_is_asked_once_when_trouble_lasts(web, status, problem):
    web.plan = [status]
    address = f"{web.address}/a.txt"
    with pytest.raises(DataError, match=f"{address}: {problem}"):
        HTTPBackend().get(address)
    assert len(web.asked) == 1


def test_attempts_are_told_when_all_fail(web):
    web.plan = [503] * 3
    with pytest.raises(DataError, match=r"ClientResponseError: 503.*\(3 attempts\)"):
        HTTPBackend(retries=2).get(f"{web.address}/a.txt")
    address = "http://127.0.0.1:1/a.txt"
    with pytest.raises(DataError, match=rf"{address}: cannot be fetched: .*127\.0\.0\.1:1"):
        HTTPBackend(retries=0).get(address)


def test_fetching_ends_when_the_server_is_slow(web):
    web.plan = [3.0]
    with pytest.raises(DataError, match=r"a\.txt: cannot be fetched: FSTimeoutError"):
        HTTPBackend(timeout=0.2, retries=0).get(f"{web.address}/a.txt")


def test_headers_are_sent_when_given(web, tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("there")
    seen = []
    handler = web.RequestHandlerClass
    get = handler.do_GET
    monkeypatch.setattr(handler, "do_GET", lambda self: (seen.append(self.headers), get(self)))
    backend = HTTPBackend(client_kwargs={"headers": {"X-Token": "secret"}})
    assert backend.get_text(f"{web.address}/a.txt") == "there"
    assert seen[0]["X-Token"] == "secret"


def test_objects_are_stored_and_listed_when_the_protocol_can():
    backend = FsspecBackend()  # memory:// is fsspec's own object store
    backend.put(b"jpeg", "memory://bucket/b/2.jpg")
    backend.put_text("ü", "memory://bucket/a.txt")
    assert backend.get("memory://bucket/b/2.jpg") == b"jpeg"
    assert backend.get_text("memory://bucket/a.txt") == "ü"
    assert set(backend.list_dir_or_file("memory://bucket")) == {"a.txt", "b"}
    found = backend.list_dir_or_file("memory://bucket/", False, suffix=".jpg", recursive=True)
    assert list(found) == ["b/2.jpg"]
    assert list(backend.list_dir_or_file("memory://bucket", list_file=False)) == ["b"]
    assert (backend.isdir("memory://bucket/b"), backend.isfile("memory://bucket/b")) == (
        True,
        False,
    )
    backend.remove("memory://bucket/a.txt")
    assert not backend.exists("memory://bucket/a.txt")
    with pytest.raises(DataError, match=r"memory://bucket/a\.txt: .* there is no such file"):
        backend.get("memory://bucket/a.txt")


def test_package_is_named_when_the_protocol_lacks_it(monkeypatch):
    if package.has_package("s3fs"):
        monkeypatch.setitem(__import__("sys").modules, "s3fs", None)
    with pytest.raises(DataError, match="package that reads s3:// is not installed") as caught:
        FsspecBackend(key="not cached").get("s3://bucket/a.jpg")
    assert caught.value.next_step == "Install s3fs to access S3."


def test_protocol_is_named_when_unknown():
    with pytest.raises(DataError, match=r"ftps://a: ftps:// cannot be read: .*not known") as caught:
        FsspecBackend().get("ftps://a")
    assert caught.value.nearest == "ftp"
    with pytest.raises(DataError, match=r"data/a\.jpg: this is no address"):
        parse_protocol("data/a.jpg")


def test_options_are_refused_when_out_of_range():
    with pytest.raises(ValueError, match="timeout must be positive, got 0"):
        HTTPBackend(timeout=0)
    with pytest.raises(ValueError, match="retries must not be negative, got -1"):
        FsspecBackend(retries=-1)

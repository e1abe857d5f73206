import hashlib
from pathlib import Path

import pytest

from mmlight.weights.fetch import FetchError, fetch_file, find_hash

WEIGHTS = b"\x80\x02weights" * 100
DIGEST = hashlib.sha256(WEIGHTS).hexdigest()


def test_fetches_once(server, cache: Path) -> None:
    server.files["/a.pth"] = WEIGHTS
    for _ in range(2):
        fetch_file(f"{server.url}/a.pth", cache / "a.pth")
    assert (cache / "a.pth").read_bytes() == WEIGHTS
    assert server.asked == ["/a.pth"]
    assert [path.name for path in cache.iterdir()] == ["a.pth"]


def test_makes_the_folder(server, tmp_path: Path) -> None:
    server.files["/a.pth"] = WEIGHTS
    fetch_file(f"{server.url}/a.pth", tmp_path / "x" / "y" / "a.pth")
    assert (tmp_path / "x" / "y" / "a.pth").is_file()


def test_keeps_nothing_when_the_connection_breaks(server, cache: Path) -> None:
    server.files["/a.pth"] = WEIGHTS
    server.cut.add("/a.pth")
    with pytest.raises(FetchError, match=rf"450 of {len(WEIGHTS)} bytes arrived|IncompleteRead"):
        fetch_file(f"{server.url}/a.pth", cache / "a.pth")
    assert not list(cache.iterdir())


def test_keeps_nothing_when_the_hash_differs(server, cache: Path) -> None:
    name = "net_8xb32-0a1b2c3d.pth"
    server.files[f"/{name}"] = WEIGHTS
    with pytest.raises(FetchError, match=f"begins with 0a1b2c3d, .* with {DIGEST[:8]}"):
        fetch_file(f"{server.url}/{name}", cache / name)
    assert not list(cache.iterdir())


@pytest.mark.parametrize("name", [f"net-{DIGEST[:8]}.pth", f"net-{DIGEST}.pth", "net-20210831.pth"])
def test_takes_a_file_when_its_hash_fits_or_is_none(server, cache: Path, name: str) -> None:
    server.files[f"/{name}"] = WEIGHTS
    fetch_file(f"{server.url}/{name}", cache / name)
    assert (cache / name).read_bytes() == WEIGHTS


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"<!DOCTYPE html><html>log in</html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 3", "a Git LFS pointer"),
        (b"", "nothing"),
    ],
)
def test_keeps_nothing_when_the_server_sends_no_weights(
    server, cache: Path, content: bytes, what: str
) -> None:
    server.files["/a.pth"] = content
    with pytest.raises(FetchError, match=f"the server sent {what} and no weights"):
        fetch_file(f"{server.url}/a.pth", cache / "a.pth")
    assert not list(cache.iterdir())


def test_fails_when_the_server_does_not_have_it(server, cache: Path) -> None:
    with pytest.raises(OSError, match="404"):
        fetch_file(f"{server.url}/a.pth", cache / "a.pth")
    assert not list(cache.iterdir())


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("resnet50_8xb32_in1k_20210831-ea4938fc.pth", "ea4938fc"),
        ("shufflenetv2_x1-5666bf0f80.pth", "5666bf0f80"),
        ("net-00000001.safetensors", "00000001"),
        ("net-20210831.pth", ""),
        ("vit-base-p16.pth", ""),
        ("net_ea4938fc.pth", ""),
        ("net-EA4938FC.pth", ""),
    ],
)
def test_finds_the_hash_in_a_name(name: str, digest: str) -> None:
    assert find_hash(name) == digest

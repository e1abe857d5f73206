import zipfile
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save

from mmlight.weights.signature import AGAIN, explain_file, find_kind

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 102530333\n"


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"PK\x03\x04...", "zip"),
        (b"\x80\x02\x8a\nl\xfc", "pickle"),
        (save({"a": torch.zeros(1)}), "safetensors"),
        (b"", "empty"),
        (b"\n <HTML><head>", "a web page"),
        (b"<?xml version", "a web page"),
        (LFS, "a Git LFS pointer"),
        (b"model = dict(type='ResNet')\n", "a text"),
        ("größe".encode() * 200, "a text"),
        (b"\x1f\x8b\x08", "a gzip archive"),
        (b"a.pth".ljust(257, b"\x00") + b"ustar\x00", "a tar archive"),
        (b"\x89HDF\r\n", "an HDF5 file"),
        (b"\x93NUMPY\x01", "a numpy array"),
        (b"\xff\xd8\xff\xe0", "a picture"),
        (b"\x00\x01\x02\xff", ""),
    ],
)
def test_tells_files_apart(start: bytes, kind: str) -> None:
    assert find_kind(start[:512]) == kind


@given(st.binary(max_size=600))
def test_names_every_file(start: bytes) -> None:
    assert isinstance(find_kind(start[:512]), str)


@pytest.mark.parametrize(
    ("content", "problem", "next_step"),
    [
        (b"", "the checkpoint is empty; it has 0 bytes", AGAIN),
        (b"\x80\x02abc", "the checkpoint is damaged, not whole (5 bytes), or not written", AGAIN),
        (b"PK\x03\x04abc", "the checkpoint is damaged, not whole (7 bytes), or not written", AGAIN),
        (LFS, "this is a Git LFS pointer, the weights of 102530333 bytes were not fetched", "Run "),
        (b"<html>", "this is a web page and no checkpoint; it begins with b'<html>'", AGAIN),
        (b"a = 1", "this is a text and no checkpoint; it begins with b'a = 1'", AGAIN),
        (b"\x1f\x8b", "this is a gzip archive and no checkpoint; it begins with", "Unpack it"),
        (b"\x01\xff", "this is no checkpoint; it begins with b'\\x01\\xff'", AGAIN),
    ],
)
def test_says_what_a_file_is(tmp_path: Path, content: bytes, problem: str, next_step: str) -> None:
    (tmp_path / "a.pth").write_bytes(content)
    found = explain_file(tmp_path / "a.pth")
    assert found[0].startswith(problem)
    assert found[1].startswith(next_step)


@pytest.mark.parametrize(
    ("names", "problem", "next_step"),
    [
        (
            ["a.pth", "b.txt"],
            "this is a zip archive and no checkpoint; it holds a.pth, b.txt",
            "Un",
        ),
        (list("abcd"), "this is a zip archive and no checkpoint; it holds a, b, c, ...", "Unpack"),
        ([], "this is a zip archive and no checkpoint; it holds nothing", "Unpack it"),
        (["x/data.pkl", "x/constants.pkl"], "this is a TorchScript program, which holds", "Save"),
        (["w.npy", "b.npy"], "this is a numpy archive (.npz) and no checkpoint", "Convert it"),
        (["x/data.pkl"], "the checkpoint is damaged (", "Fetch or save"),
    ],
)
def test_looks_into_zip_archives(
    tmp_path: Path, names: list[str], problem: str, next_step: str
) -> None:
    with zipfile.ZipFile(tmp_path / "a.pth", "w") as archive:
        for name in names:
            archive.writestr(name, b"1")
    found = explain_file(tmp_path / "a.pth")
    assert found[0].startswith(problem)
    assert found[1].startswith(next_step)

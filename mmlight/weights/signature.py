"""Tells by its first bytes what a file is, whatever its name says."""

import re
import zipfile
from pathlib import Path
from typing import Final

CHUNK_BYTES: Final = 2**20
START_BYTES: Final = 512
AGAIN: Final = "Fetch or save the file again."
_TAR_MAGIC: Final = slice(257, 262)
_MAGIC: Final = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\x80", "pickle"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x93NUMPY", "a numpy array"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"%PDF", "a PDF"),
    (b"version https://git-lfs", "a Git LFS pointer"),
)
_WEB_PAGE: Final = re.compile(rb"\s*<(!doctype|html|head|body|\?xml|script)", re.IGNORECASE)
_LFS: Final = re.compile(rb"version https://git-lfs\.github\.com/spec/\S+\noid \S+\nsize (\d+)")


def find_kind(start: bytes) -> str:
    """Name the kind of file that begins with some bytes.

    Args:
        start: The first `START_BYTES` of the file, or fewer when it is shorter.

    Returns:
        'zip', 'pickle', 'safetensors' or 'empty'; else a phrase such as 'a web page' or 'a text',
        '' when unknown.

    Examples:
        >>> find_kind(b"<!DOCTYPE html><html>")
        'a web page'
    """
    kind = next((name for magic, name in _MAGIC if start.startswith(magic)), "")
    if not start:
        kind = "empty"
    elif start[8:9] == b"{" and int.from_bytes(start[:8], "little") < 2**40:
        kind = "safetensors"  # the length of its header, which can begin as a pickle does
    elif kind:
        pass
    elif _WEB_PAGE.match(start):
        kind = "a web page"
    elif start[_TAR_MAGIC] == b"ustar":
        kind = "a tar archive"
    elif _is_text(start):
        kind = "a text"
    return kind


def check_sums(path: Path) -> None:
    """Compare the checksums of a zip archive, which takes half a second per GB.

    Raises:
        BadZipFile: If the bytes of an entry are not those that were written.
    """
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            if entry.CRC:  # 0 where torch was told to write none
                with archive.open(entry) as file:
                    while file.read(CHUNK_BYTES):
                        pass


def explain_file(path: Path) -> tuple[str, str]:
    """Say why a file is no checkpoint, and what to do.

    Args:
        path: A file that could not be read as one.

    Returns:
        The problem and the next step.
    """
    with path.open("rb") as file:
        start = file.read(START_BYTES)
    kind, size = find_kind(start), path.stat().st_size
    shown, next_step = f"it begins with {start[:16]!r}", AGAIN
    if kind == "zip" and zipfile.is_zipfile(path):
        return _explain_zip(path, size)
    if kind == "empty":
        problem = "the checkpoint is empty; it has 0 bytes"
    elif kind in ("zip", "pickle", "safetensors"):
        problem = f"the checkpoint is damaged, not whole ({size} bytes), or not written by torch"
    elif kind == "a Git LFS pointer":
        pointed = _LFS.match(start)
        whole = f" of {pointed[1].decode()} bytes" if pointed else ""
        problem = f"this is {kind}, the weights{whole} were not fetched"
        next_step = "Run 'git lfs pull' in its folder."
    else:
        problem = f"this is {kind + ' and ' if kind else ''}no checkpoint; {shown}"
        next_step = "Unpack it and name the file inside." if "archive" in kind else AGAIN
    return problem, next_step


def _explain_zip(path: Path, size: int) -> tuple[str, str]:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    inner = {name.rsplit("/", 1)[-1] for name in names}
    if "constants.pkl" in inner:
        return (
            "this is a TorchScript program, which holds code besides weights",
            "Save the state dict of the module that it was made of.",
        )
    if "data.pkl" in inner:
        return (
            f"the checkpoint is damaged ({size} bytes), or of another kind than torch.save writes",
            AGAIN,
        )
    if names and all(name.endswith(".npy") for name in names):
        return "this is a numpy archive (.npz) and no checkpoint", "Convert it to a state dict."
    shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    return (
        f"this is a zip archive and no checkpoint; it holds {shown or 'nothing'}",
        "Unpack it and name the file inside.",
    )


def _is_text(start: bytes) -> bool:
    try:
        text = start.decode("utf-8", errors="strict" if len(start) < START_BYTES else "ignore")
    except UnicodeDecodeError:
        return False
    return all(char.isprintable() or char.isspace() for char in text)

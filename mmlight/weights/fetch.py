"""Fetches a file from an address, whole or not at all."""

import hashlib
import logging
import os
import re
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import Final

from filelock import FileLock

from mmlight.weights.signature import START_BYTES, find_kind

TIMEOUT_SECONDS: Final = 30.0
CHUNK_BYTES: Final = 1 << 20
REFUSED: Final = ("empty", "a web page", "a Git LFS pointer")
"""What servers send in place of weights."""
_HASH = re.compile(r"-([0-9a-f]{8,64})\.[a-z]+$")
_DATE = re.compile(r"20\d{6}")
_logger = logging.getLogger("mmlight")


class FetchError(OSError):
    """What arrived is not what was asked for."""


def fetch_file(url: str, path: Path) -> None:
    """Fetch a file, unless it is there.

    It gets its name only when it is complete and its hash fits; several processes wait for the one
    that fetches.

    Args:
        url: `http`, `https` or `file` address.
        path: Where to put it.

    Raises:
        OSError: If the address cannot be reached or what arrives is not whole.
        ValueError: If it is no address.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(f"{path}.lock")
    try:
        with lock:
            if not path.is_file():
                _fetch(url, path)
    finally:
        Path(lock.lock_file).unlink(missing_ok=True)


def find_hash(name: str) -> str:
    """Return the beginning of the SHA-256 that a file name promises; '' when there is none.

    Examples:
        >>> find_hash("resnet50_8xb32_in1k_20210831-ea4938fc.pth")
        'ea4938fc'
        >>> find_hash("net-20210831.pth")  # a date
        ''

    From: the names of torch.hub and of `publish_model` of mm; the originals do not compare them.
    """
    found = _HASH.search(name)
    return found[1] if found and not _DATE.fullmatch(found[1]) else ""


def _fetch(url: str, path: Path) -> None:
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    request = urllib.request.Request(url, headers={"User-Agent": "mmlight"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            promised = int(answer.headers.get("Content-Length") or 0)
            _logger.info("fetching %s (%.1f MB) to %s", url, promised / 1e6, path.parent)
            digest, size = hashlib.sha256(), 0
            with part.open("wb") as file:
                while chunk := answer.read(CHUNK_BYTES):
                    digest.update(chunk)
                    size += file.write(chunk)
        _check(part, path.name, digest.hexdigest(), size, promised)
        os.replace(part, path)
    except HTTPException as error:
        raise FetchError(f"the connection broke: {error!r}") from error
    finally:
        part.unlink(missing_ok=True)


def _check(part: Path, name: str, digest: str, size: int, promised: int) -> None:
    if size < promised:
        raise FetchError(f"only {size} of {promised} bytes arrived")
    with part.open("rb") as file:
        kind = find_kind(file.read(START_BYTES))
    if kind in REFUSED:
        kind = "nothing" if kind == "empty" else kind
        raise FetchError(f"the server sent {kind} and no weights")
    wanted = find_hash(name)
    if not digest.startswith(wanted):
        raise FetchError(
            f"the name promises a file whose SHA-256 begins with {wanted}, that of what arrived "
            f"begins with {digest[: len(wanted)]}"
        )

"""Files inside zip and tar archives, which are never unpacked: `images.zip/class_a/1.jpg`."""

import os
import re
import struct
import tarfile
import zipfile
import zlib
from array import array
from collections.abc import Iterator
from functools import cache
from typing import Final

import numpy as np

from mmlight.data.storage.backend import Backend, PathLike, list_below
from mmlight.errors import DataError

_ARCHIVE: Final = re.compile(r"(.+?\.(?:zip|tar))(?:/+(.*))?$", re.DOTALL)
_PLAIN: Final = -1  # a member of a tar, where zips name their method
_LOCKED: Final = -2  # an encrypted one
_HEAD_BYTES: Final = 30
_Place = tuple[str, int, int, int, int]


class ArchiveBackend(Backend):
    """Members of archives on disk, under the archive's path and their own: `a.zip/b/c.jpg`.

    An archive's table is read once: that of a zip, at its end, in some 8 seconds per million
    members, that of a tar, all along it, in 40. Archives that are compressed as a whole
    (`.tar.gz`) cannot be read at random, so they are not read.
    """

    def get(self, filepath: PathLike) -> bytes:
        """Return the bytes of a member.

        Raises:
            DataError: If there is no such archive or member, or it is damaged.
        """
        path, member = self._split(filepath)
        archive = _open_archive(path)
        place = archive.find(member)
        if place is None:
            raise DataError(
                str(filepath),
                f"the archive has no member '{member}'",
                next_step="Compare its members with data_root, data_prefix and ann_file.",
            )
        try:
            return archive.read(*place)
        except (OSError, zlib.error, struct.error) as error:
            raise DataError(str(filepath), f"the member cannot be read: {error}") from error

    def isfile(self, filepath: PathLike) -> bool:
        """Tell whether it is a member."""
        archive, member = self._split(filepath)
        return _open_archive(archive).find(member) is not None

    def isdir(self, filepath: PathLike) -> bool:
        """Tell whether members lie below it."""
        return next(self.list_dir_or_file(filepath), None) is not None

    def exists(self, filepath: PathLike) -> bool:
        """Tell whether it is a member or a folder of members."""
        return self.isfile(filepath) or self.isdir(filepath)

    def join_path(self, filepath: PathLike, *filepaths: PathLike) -> str:
        """Join the parts of a path."""
        return os.path.join(filepath, *filepaths)

    def list_dir_or_file(
        self,
        dir_path: PathLike,
        list_dir: bool = True,
        list_file: bool = True,
        suffix: str | tuple[str, ...] | None = None,
        recursive: bool = False,
    ) -> Iterator[str]:
        """Yield the members in a folder, relative to it; see `LocalBackend.list_dir_or_file`."""
        archive, folder = self._split(dir_path)
        root = f"{folder}/" if folder else ""
        names = (
            name[len(root) :]
            for name in _open_archive(archive).list_names()
            if name.startswith(root)
        )
        return list_below(
            names, list_dir=list_dir, list_file=list_file, suffix=suffix, recursive=recursive
        )

    def _split(self, filepath: PathLike) -> tuple[str, str]:
        found = split_archive(str(filepath))
        if found is None:
            raise DataError(
                str(filepath), "no archive lies there", expected="a path like 'images.zip/a/1.jpg'"
            )
        return found


def split_archive(path: str) -> tuple[str, str] | None:
    """Return the archive of a path and what follows in it; None where no file is an archive.

    Examples:
        >>> split_archive("no/such/images.zip/a.jpg") is None
        True
    """
    found = _ARCHIVE.match(path) if ".zip" in path or ".tar" in path else None
    if found is None or not os.path.isfile(found[1]):
        return None
    return found[1], (found[2] or "").strip("/")


class _Archive:
    """The table of an archive and its file, which forked processes and threads read at once.

    Names are found by their hashes: a dict of a million members would take 300 MB per process, this
    takes 80 MB, which forked processes share.
    """

    def __init__(self, path: str) -> None:
        names, places = [], array("q")
        for name, *place in _list_zip(path) if path.endswith(".zip") else _list_tar(path):
            names.append(name)
            places.extend(place)
        hashes = np.fromiter(map(hash, names), np.int64, len(names))
        order = np.argsort(hashes, kind="stable")
        self._hashes = hashes[order]
        self._places = np.array(places, np.int64).reshape(-1, 4)[order]
        self._names = "\0".join(names)
        self._file = os.open(path, os.O_RDONLY)  # as long as the process lives

    def list_names(self) -> list[str]:
        """Return the names of all members."""
        return self._names.split("\0") if self._names else []

    def find(self, name: str) -> list[int] | None:
        """Return where a member lies, the last of that name; None where there is none."""
        row = int(np.searchsorted(self._hashes, hash(name), side="right")) - 1
        found = row >= 0 and self._hashes[row] == hash(name)
        return [int(number) for number in self._places[row]] if found else None

    def read(self, offset: int, size: int, method: int, crc: int) -> bytes:
        """Return the bytes of a member; raise OSError or zlib.error where it is damaged."""
        if method == _PLAIN:
            return os.pread(self._file, size, offset)
        if method not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise OSError("it is encrypted, or packed otherwise than stored or deflated")
        head = os.pread(self._file, _HEAD_BYTES, offset)
        begin = offset + _HEAD_BYTES + sum(struct.unpack("<HH", head[-4:]))  # name, extra field
        content = os.pread(self._file, size, begin)
        if method == zipfile.ZIP_DEFLATED:
            content = zlib.decompress(content, -zlib.MAX_WBITS)
        if zlib.crc32(content) != crc:
            raise OSError("its checksum is wrong")
        return content


def _list_zip(path: str) -> Iterator[_Place]:
    """Yield name, offset of the header, packed size, method and checksum of each member."""
    with zipfile.ZipFile(path) as file:
        for info in file.infolist():
            method = _LOCKED if info.flag_bits & 1 else info.compress_type
            if not info.is_dir():
                yield info.filename, info.header_offset, info.compress_size, method, info.CRC


def _list_tar(path: str) -> Iterator[_Place]:
    """Yield name, offset and size of each member."""
    with tarfile.open(path, "r:") as file:
        for member in file:
            if member.isreg() and not member.issparse():
                yield member.name.removeprefix("./"), member.offset_data, member.size, _PLAIN, 0
            file.members.clear()  # type: ignore[attr-defined]  # it would keep them all


@cache
def _open_archive(path: str) -> _Archive:
    try:
        return _Archive(path)
    except (OSError, zipfile.BadZipFile, tarfile.TarError) as error:
        raise DataError(
            path,
            f"the archive cannot be read: {error}",
            next_step="Make it anew; a compressed tar has to be unpacked or made a zip.",
        ) from error

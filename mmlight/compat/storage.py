"""Where files lie: on a local disk, or behind an http address."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

from mmlight.compat.path import mkdir_or_exist
from mmlight.errors import DataError, list_names, nearest_name

PathLike = str | Path


class LocalBackend:
    """Files on a disk of this machine.

    Args:
        **_: Accepted: options of other backends that configs leave beside `backend`.

    From: mmengine 0.10 `LocalBackend` / mmcv 1.7 `HardDiskBackend`.
    """

    name = "LocalBackend"
    allow_symlink = True

    def __init__(self, **_: Any) -> None:
        pass

    def get(self, filepath: PathLike) -> bytes:
        """Return the bytes of a file."""
        return Path(filepath).read_bytes()

    def get_text(self, filepath: PathLike, encoding: str = "utf-8") -> str:
        """Return the text of a file."""
        return Path(filepath).read_text(encoding=encoding)

    def put(self, obj: bytes, filepath: PathLike) -> None:
        """Write bytes to a file; its folder is made."""
        mkdir_or_exist(os.path.dirname(filepath))
        Path(filepath).write_bytes(obj)

    def put_text(self, obj: str, filepath: PathLike, encoding: str = "utf-8") -> None:
        """Write text to a file; its folder is made."""
        mkdir_or_exist(os.path.dirname(filepath))
        Path(filepath).write_text(obj, encoding=encoding)

    def exists(self, filepath: PathLike) -> bool:
        """Tell whether there is such a file or folder."""
        return os.path.exists(filepath)

    def isdir(self, filepath: PathLike) -> bool:
        """Tell whether it is a folder."""
        return os.path.isdir(filepath)

    def isfile(self, filepath: PathLike) -> bool:
        """Tell whether it is a file."""
        return os.path.isfile(filepath)

    def join_path(self, filepath: PathLike, *filepaths: PathLike) -> str:
        """Join the parts of a path."""
        return os.path.join(filepath, *filepaths)

    @contextmanager
    def get_local_path(self, filepath: PathLike) -> Iterator[PathLike]:
        """Give the path itself."""
        yield filepath

    def copyfile(self, src: PathLike, dst: PathLike) -> str:
        """Copy a file and its permissions; return where it went."""
        return str(shutil.copy(src, dst))

    def copytree(self, src: PathLike, dst: PathLike) -> str:
        """Copy a folder to a new one; return it."""
        return str(shutil.copytree(src, dst))

    copyfile_from_local = copyfile_to_local = copyfile
    copytree_from_local = copytree_to_local = copytree

    def remove(self, filepath: PathLike) -> None:
        """Remove a file.

        Raises:
            FileNotFoundError: If there is none.
            IsADirectoryError: If it is a folder.
        """
        if self.isdir(filepath):
            raise IsADirectoryError(f"{filepath} is a folder")
        os.remove(filepath)

    def rmtree(self, dir_path: PathLike) -> None:
        """Remove a folder with all that is in it."""
        shutil.rmtree(dir_path)

    def copy_if_symlink_fails(self, src: PathLike, dst: PathLike) -> bool:
        """Link `dst` to `src`, copy it where links are not possible; tell whether it is a link."""
        try:
            os.symlink(src, dst)
        except OSError:
            (self.copyfile if self.isfile(src) else self.copytree)(src, dst)
            return False
        return True

    def list_dir_or_file(
        self,
        dir_path: PathLike,
        list_dir: bool = True,
        list_file: bool = True,
        suffix: str | tuple[str, ...] | None = None,
        recursive: bool = False,
    ) -> Iterator[str]:
        """Yield what is in a folder, relative to it; no files whose name begins with a dot.

        Args:
            dir_path: The folder.
            list_dir: Whether to yield folders.
            list_file: Whether to yield files.
            suffix: Only files with this ending, or one of several; then `list_dir` must be False.
            recursive: Whether to look into folders.
        """
        if list_dir and suffix is not None:
            raise TypeError(f"suffix must be None when folders are listed, got {suffix!r}")
        if not (suffix is None or isinstance(suffix, str | tuple)):
            raise TypeError(f"suffix must be a string or a tuple of them, got {suffix!r}")
        for entry in _walk(dir_path, recursive):
            name = os.path.relpath(entry.path, dir_path)
            if entry.is_dir():
                if list_dir:
                    yield name
            elif list_file and (suffix is None or name.endswith(suffix)):
                yield name


def _walk(folder: PathLike, recursive: bool) -> Iterator[os.DirEntry[str]]:
    for entry in os.scandir(folder):
        is_dir = entry.is_dir()
        if is_dir or (entry.is_file() and not entry.name.startswith(".")):
            yield entry
        if is_dir and recursive:
            yield from _walk(entry.path, recursive)


class HTTPBackend:
    """Files behind an address; they can only be read.

    Args:
        **_: Accepted: options of other backends that configs leave beside `backend`.

    From: mmcv 1.7 and mmengine 0.10 `HTTPBackend`.
    """

    name = "HTTPBackend"
    allow_symlink = False

    def __init__(self, **_: Any) -> None:
        pass

    def get(self, filepath: PathLike) -> bytes:
        """Fetch the bytes behind an address.

        Raises:
            DataError: If it cannot be fetched.
        """
        try:
            with urlopen(str(filepath)) as answer:
                content: bytes = answer.read()
        except (OSError, ValueError) as error:
            raise DataError(
                str(filepath),
                f"cannot be fetched: {getattr(error, 'reason', error)}",
                next_step="Check the address and the network, or fetch it by hand.",
            ) from error
        return content

    def get_text(self, filepath: PathLike, encoding: str = "utf-8") -> str:
        """Fetch the text behind an address; errors as in `get`."""
        return self.get(filepath).decode(encoding)

    @contextmanager
    def get_local_path(self, filepath: PathLike) -> Iterator[str]:
        """Fetch into a file that is removed at the end, and give its path."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / (os.path.basename(str(filepath)) or "file")
            path.write_bytes(self.get(filepath))
            yield str(path)


BACKENDS: Final[Mapping[str, type[LocalBackend] | type[HTTPBackend]]] = {
    "disk": LocalBackend,
    "local": LocalBackend,
    "http": HTTPBackend,
}
_BY_PREFIX: Final = {"": "local", "http": "http", "https": "http"}


def choose_backend(
    uri: PathLike | None = None,
    file_client_args: Mapping[str, Any] | None = None,
    backend_args: Mapping[str, Any] | None = None,
) -> Any:
    """Return the backend that two ways of saying it name, else the one that an address begins with.

    Args:
        uri: A path or an address.
        file_client_args: Options with `backend` or `prefix`, as in 0.x.
        backend_args: Options with `backend`, as in 1.x.

    Raises:
        ValueError: If both ways are used.
        DataError: If the backend is not here.
    """
    if file_client_args is not None and backend_args is not None:
        raise ValueError(
            "one of file_client_args and backend_args must be given, "
            f"got {file_client_args!r} and {backend_args!r}"
        )
    options = dict(file_client_args or backend_args or {})
    name = options.pop("backend", None)
    prefix = options.pop("prefix", None)
    if name is None:
        prefix = parse_uri_prefix(uri) if prefix is None and uri is not None else prefix or ""
        name = _BY_PREFIX.get(prefix, prefix)
    if name not in BACKENDS:
        raise DataError(
            str(uri or name),
            f"there is no file backend {name!r}",
            expected=list_names(BACKENDS),
            nearest=nearest_name(str(name), BACKENDS),
            next_step="Bring the files to a local disk and use their path.",
        )
    return BACKENDS[name](**options)


def parse_uri_prefix(uri: PathLike) -> str:
    """Return what stands before `://`, without the name of a cluster; nothing for a path.

    Examples:
        >>> parse_uri_prefix("my:s3://bucket/a.jpg"), parse_uri_prefix("a.jpg")
        ('s3', '')
    """
    prefix, mark, _ = str(uri).partition("://")
    return prefix.rpartition(":")[2] if mark else ""

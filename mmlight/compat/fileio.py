"""Reads and writes files wherever they lie.

Other places than a local disk and http addresses raise a DataError that names them.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from mmlight.compat.storage import LocalBackend, choose_backend, parse_uri_prefix
from mmlight.errors import DataError

PathLike = str | Path
Options = Mapping[str, Any] | None


class FileClient:
    """A file backend under the name that 0.x gives it; its methods are those of the backend.

    Args:
        backend: 'disk' or 'http'; None means 'disk', or what `prefix` says.
        prefix: What an address begins with.
        **kwargs: Options of the backend.

    Examples:
        >>> FileClient(backend="disk").isfile("no/such/file")
        False

    From: mmcv 1.7 and mmengine 0.10 `FileClient`, for local files and http addresses.
    """

    def __init__(
        self, backend: str | None = None, prefix: str | None = None, **kwargs: Any
    ) -> None:
        named = {"backend": backend, "prefix": prefix}
        options = {key: value for key, value in named.items() if value is not None}
        self.client = choose_backend(file_client_args={**options, **kwargs})

    @classmethod
    def infer_client(
        cls, file_client_args: Options = None, uri: PathLike | None = None
    ) -> "FileClient":
        """Return the client that the options name, else the one for an address."""
        if file_client_args is not None:
            return cls(**file_client_args)
        return cls(prefix=parse_uri_prefix(uri or ""))

    @staticmethod
    def parse_uri_prefix(uri: PathLike) -> str | None:
        """Return what stands before `://`, None for a path."""
        return parse_uri_prefix(uri) or None

    def __getattr__(self, name: str) -> Any:
        if name == "client":  # asked while being copied
            raise AttributeError(name)
        return getattr(self.client, name)


def get_file_backend(
    uri: PathLike | None = None, *, backend_args: Options = None, enable_singleton: bool = False
) -> Any:
    """Return the backend for an address, or the one that `backend_args` names.

    Args:
        uri: A path or an address.
        backend_args: Options with `backend`.
        enable_singleton: Accepted; the backends hold nothing, so one is as good as another.

    From: mmengine 0.10 `get_file_backend`, for local files and http addresses.
    """
    if uri is None and "backend" not in (backend_args or {}):
        raise ValueError("uri must be given without a backend in backend_args, got None")
    return choose_backend(uri, backend_args=backend_args)


# -------------------------------------------------------------------------- one call each


def get(filepath: PathLike, backend_args: Options = None) -> bytes:
    """Return the bytes of a file."""
    content: bytes = choose_backend(filepath, backend_args=backend_args).get(filepath)
    return content


def get_text(filepath: PathLike, encoding: str = "utf-8", backend_args: Options = None) -> str:
    """Return the text of a file."""
    backend = choose_backend(filepath, backend_args=backend_args)
    text: str = backend.get_text(filepath, encoding)
    return text


def get_local_path(
    filepath: PathLike, backend_args: Options = None
) -> AbstractContextManager[PathLike]:
    """Give, in a `with` statement, a path on disk; what was fetched is removed at the end."""
    backend = choose_backend(filepath, backend_args=backend_args)
    context: AbstractContextManager[PathLike] = backend.get_local_path(filepath)
    return context


def put(obj: bytes, filepath: PathLike, backend_args: Options = None) -> None:
    """Write bytes to a file; its folder is made."""
    _local(filepath, backend_args).put(obj, filepath)


def put_text(obj: str, filepath: PathLike, backend_args: Options = None) -> None:
    """Write text to a file; its folder is made."""
    _local(filepath, backend_args).put_text(obj, filepath)


def exists(filepath: PathLike, backend_args: Options = None) -> bool:
    """Tell whether there is such a file or folder."""
    return _local(filepath, backend_args).exists(filepath)


def isdir(filepath: PathLike, backend_args: Options = None) -> bool:
    """Tell whether it is a folder."""
    return _local(filepath, backend_args).isdir(filepath)


def isfile(filepath: PathLike, backend_args: Options = None) -> bool:
    """Tell whether it is a file."""
    return _local(filepath, backend_args).isfile(filepath)


def join_path(filepath: PathLike, *filepaths: PathLike, backend_args: Options = None) -> str:
    """Join the parts of a path."""
    return _local(filepath, backend_args).join_path(filepath, *filepaths)


def copyfile(src: PathLike, dst: PathLike, backend_args: Options = None) -> str:
    """Copy a file; return where it went."""
    return _local(src, backend_args).copyfile(src, dst)


def copytree(src: PathLike, dst: PathLike, backend_args: Options = None) -> str:
    """Copy a folder to a new one; return it."""
    return _local(src, backend_args).copytree(src, dst)


copyfile_from_local = copyfile_to_local = copyfile
copytree_from_local = copytree_to_local = copytree


def remove(filepath: PathLike, backend_args: Options = None) -> None:
    """Remove a file."""
    _local(filepath, backend_args).remove(filepath)


def rmtree(dir_path: PathLike, backend_args: Options = None) -> None:
    """Remove a folder with all that is in it."""
    _local(dir_path, backend_args).rmtree(dir_path)


def copy_if_symlink_fails(src: PathLike, dst: PathLike, backend_args: Options = None) -> bool:
    """Link `dst` to `src`, copy it where links are not possible; tell whether it is a link."""
    return _local(src, backend_args).copy_if_symlink_fails(src, dst)


def list_dir_or_file(
    dir_path: PathLike,
    list_dir: bool = True,
    list_file: bool = True,
    suffix: str | tuple[str, ...] | None = None,
    recursive: bool = False,
    backend_args: Options = None,
) -> Iterator[str]:
    """Yield what is in a folder; see `LocalBackend.list_dir_or_file`."""
    backend = _local(dir_path, backend_args)
    return backend.list_dir_or_file(dir_path, list_dir, list_file, suffix, recursive)


def _local(uri: PathLike, backend_args: Options) -> LocalBackend:
    backend = choose_backend(uri, backend_args=backend_args)
    if not isinstance(backend, LocalBackend):
        raise DataError(
            str(uri),
            f"a {backend.name} can only read",
            expected="a path on a local disk",
            next_step="Use get or get_text, or a local copy.",
        )
    return backend

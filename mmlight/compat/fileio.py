"""Reads and writes files wherever they lie; the backends are those of the data room."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from mmlight.data.storage.backend import PathLike
from mmlight.data.storage.choose import (
    Options,
    choose_backend,
    parse_uri_prefix,
    register_backend,
)
from mmlight.errors import DataError


class FileClient:
    """A file backend under the name that 0.x gives it; its methods are those of the backend.

    Args:
        backend: A name of `BACKENDS` in `mmlight/data/storage/choose.py`; None means 'disk', or
            what `prefix` says.
        prefix: What an address begins with.
        **kwargs: Options of the backend.

    Raises:
        ValueError: If there is no such backend, it does not take the options, or lacks its package.

    Examples:
        >>> FileClient(backend="disk").isfile("no/such/file")
        False

    From: mmcv 1.7 and mmengine 0.10 `FileClient`. Clients of equal options share their backend.
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

    @classmethod
    def register_backend(
        cls,
        name: str,
        backend: type | None = None,
        force: bool = False,
        prefixes: str | Sequence[str] | None = None,
    ) -> Any:
        """Add a backend, or return a decorator that adds one; see `register_backend`."""
        return register_backend(name, backend, force, prefixes)

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
        enable_singleton: Accepted; equal options always give the same backend.

    From: mmengine 0.10 `get_file_backend`.
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
    _method("put", filepath, backend_args)(obj, filepath)


def put_text(obj: str, filepath: PathLike, backend_args: Options = None) -> None:
    """Write text to a file; its folder is made."""
    _method("put_text", filepath, backend_args)(obj, filepath)


def exists(filepath: PathLike, backend_args: Options = None) -> bool:
    """Tell whether there is such a file or folder."""
    return bool(_method("exists", filepath, backend_args)(filepath))


def isdir(filepath: PathLike, backend_args: Options = None) -> bool:
    """Tell whether it is a folder."""
    return bool(_method("isdir", filepath, backend_args)(filepath))


def isfile(filepath: PathLike, backend_args: Options = None) -> bool:
    """Tell whether it is a file."""
    return bool(_method("isfile", filepath, backend_args)(filepath))


def join_path(filepath: PathLike, *filepaths: PathLike, backend_args: Options = None) -> str:
    """Join the parts of a path."""
    return str(_method("join_path", filepath, backend_args)(filepath, *filepaths))


def copyfile(src: PathLike, dst: PathLike, backend_args: Options = None) -> str:
    """Copy a file; return where it went."""
    return str(_method("copyfile", src, backend_args)(src, dst))


def copytree(src: PathLike, dst: PathLike, backend_args: Options = None) -> str:
    """Copy a folder to a new one; return it."""
    return str(_method("copytree", src, backend_args)(src, dst))


copyfile_from_local = copyfile_to_local = copyfile
copytree_from_local = copytree_to_local = copytree


def remove(filepath: PathLike, backend_args: Options = None) -> None:
    """Remove a file."""
    _method("remove", filepath, backend_args)(filepath)


def rmtree(dir_path: PathLike, backend_args: Options = None) -> None:
    """Remove a folder with all that is in it."""
    _method("rmtree", dir_path, backend_args)(dir_path)


def copy_if_symlink_fails(src: PathLike, dst: PathLike, backend_args: Options = None) -> bool:
    """Link `dst` to `src`, copy it where links are not possible; tell whether it is a link."""
    return bool(_method("copy_if_symlink_fails", src, backend_args)(src, dst))


def list_dir_or_file(
    dir_path: PathLike,
    list_dir: bool = True,
    list_file: bool = True,
    suffix: str | tuple[str, ...] | None = None,
    recursive: bool = False,
    backend_args: Options = None,
) -> Iterator[str]:
    """Yield what is in a folder; see `LocalBackend.list_dir_or_file`."""
    scan = _method("list_dir_or_file", dir_path, backend_args)
    found: Iterator[str] = scan(dir_path, list_dir, list_file, suffix, recursive)
    return found


def _method(name: str, uri: PathLike, backend_args: Options) -> Any:
    backend = choose_backend(uri, backend_args=backend_args)
    if not hasattr(backend, name):
        raise DataError(
            str(uri),
            f"a {backend.name} has no {name}",
            expected="a path on a local disk",
            next_step="Use get or get_text, or a local copy.",
        )
    return getattr(backend, name)

"""Turns `file_client_args`, `backend_args` or the beginning of a path into a backend."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from mmlight.data.storage.archive import ArchiveBackend, split_archive
from mmlight.data.storage.backend import Backend, PathLike
from mmlight.data.storage.lmdb import LmdbBackend
from mmlight.data.storage.local import LocalBackend
from mmlight.data.storage.memcached import MemcachedBackend
from mmlight.data.storage.package import has_package
from mmlight.data.storage.petrel import CephBackend, PetrelBackend
from mmlight.data.storage.web import FsspecBackend, HTTPBackend
from mmlight.errors import DataError, list_names, nearest_name

Options = Mapping[str, Any] | None
Kind = TypeVar("Kind", bound=type)

BACKENDS: dict[str, type] = {
    "disk": LocalBackend,
    "local": LocalBackend,
    "http": HTTPBackend,
    "fsspec": FsspecBackend,
    "lmdb": LmdbBackend,
    "memcached": MemcachedBackend,
    "petrel": PetrelBackend,
    "ceph": CephBackend,
    "archive": ArchiveBackend,
}
PREFIXES = {"": "local", "http": "http", "https": "http", "petrel": "petrel"}
_made: dict[tuple[str, str], Any] = {}


def choose_backend(
    uri: PathLike | None = None, file_client_args: Options = None, backend_args: Options = None
) -> Any:
    """Return the backend that options name, else the one that a path begins with.

    `s3://` is read by petrel_client where that is installed, as in the originals, else by fsspec,
    which reads every other prefix as well. A path inside a zip or tar is read from there. Equal
    options give the same backend.

    Args:
        uri: A path or an address.
        file_client_args: Options with `backend` or `prefix`, as in 0.x; neither means the disk.
        backend_args: Options with `backend`, as in 1.x; without it the path tells.

    Raises:
        ValueError: If both are given, the backend is unknown, does not take the options, or lacks
            its package.
        DataError: If no options are given, and what the path names cannot be read.
    """
    if file_client_args is not None and backend_args is not None:
        raise ValueError(
            "file_client_args and backend_args must not both be given, "
            f"got {file_client_args!r} and {backend_args!r}"
        )
    word = "backend_args" if file_client_args is None else "file_client_args"
    options = dict(backend_args or {} if file_client_args is None else file_client_args)
    name, prefix = options.pop("backend", None), options.pop("prefix", None)
    if name is not None:
        return _make(name, options, word)
    if prefix is not None:
        return _make(_infer(f"{prefix}://"), options, word)
    if file_client_args is not None:
        return _make("disk", options, word)
    try:
        return _make(_infer(str(uri or "")), options, word)
    except ValueError as error:
        if options:
            raise
        raise DataError(str(uri), f"there is no way to read it: {error}") from error


def _infer(uri: str) -> str:
    """Return the name of the backend for an address or a path."""
    prefix = parse_uri_prefix(uri)
    if prefix in PREFIXES:
        inside = not prefix and split_archive(uri) is not None
        return "archive" if inside else PREFIXES[prefix]
    is_petrel = prefix == "s3" and (has_package("petrel_client") or not uri.startswith("s3"))
    return "petrel" if is_petrel else "fsspec"


def _make(name: Any, options: dict[str, Any], word: str) -> Any:
    if name not in BACKENDS:
        near = nearest_name(str(name), BACKENDS)
        hint = f" (nearest: {near!r})" if near else ""
        raise ValueError(f"{word} must name a backend, {list_names(BACKENDS)}, got {name!r}{hint}")
    key = (name, repr(sorted(options.items())))
    if key not in _made:
        signature = inspect.signature(BACKENDS[name])
        try:
            signature.bind(**options)
        except TypeError as error:
            takes = ", ".join(signature.parameters) or "no options"
            raise ValueError(
                f"{word} must fit the backend {name!r}, which takes {takes}: {error}"
            ) from error
        try:
            _made[key] = BACKENDS[name](**options)
        except ValueError as error:
            raise ValueError(f"{word} cannot be used for the backend {name!r}: {error}") from error
    return _made[key]


def register_backend(
    name: str,
    backend: type | None = None,
    force: bool = False,
    prefixes: str | Sequence[str] | None = None,
) -> Any:
    """Add a backend, or return a decorator that adds one.

    Args:
        name: What configs call it.
        backend: A class derived from `Backend`.
        force: Replace a backend of that name, or one for a prefix.
        prefixes: Beginnings of addresses, without '://', that it reads.

    Raises:
        TypeError: If it is no such class.
        ValueError: If a name or prefix is taken.

    From: mmengine 0.10 `register_backend`, mmcv 1.7 `FileClient.register_backend`, which raises
    KeyError for what is taken.
    """
    if backend is None:
        return _decorate(name, force, prefixes)
    if not (isinstance(backend, type) and issubclass(backend, Backend)):
        raise TypeError(f"backend must be a subclass of BaseStorageBackend, got {backend!r}")
    if not isinstance(name, str):
        raise TypeError(f"name must be a string, got {name!r}")
    starts = [prefixes] if isinstance(prefixes, str) else list(prefixes or ())
    taken = [*([name] if name in BACKENDS else []), *(p for p in starts if p in PREFIXES)]
    if taken and not force:
        raise ValueError(f"{taken[0]!r} is taken by another backend; force=True replaces it")
    BACKENDS[name] = backend
    PREFIXES.update(dict.fromkeys(starts, name))
    for key in [key for key in _made if key[0] == name]:
        del _made[key]
    return None


def _decorate(
    name: str, force: bool, prefixes: str | Sequence[str] | None
) -> Callable[[Kind], Kind]:
    def decorate(backend: Kind) -> Kind:
        register_backend(name, backend, force, prefixes)
        return backend

    return decorate


def parse_uri_prefix(uri: PathLike) -> str:
    """Return what stands before `://`, without the name of a cluster; nothing for a path.

    Examples:
        >>> parse_uri_prefix("my:s3://bucket/a.jpg"), parse_uri_prefix("a.jpg")
        ('s3', '')
    """
    prefix, mark, _ = str(uri).partition("://")
    return prefix.rpartition(":")[2] if mark else ""


def is_remote(path: PathLike) -> bool:
    """Tell whether a path is an address, or leads into an archive.

    Examples:
        >>> is_remote("s3://bucket/a.jpg"), is_remote("data/a.jpg")
        (True, False)
    """
    return "://" in str(path) or split_archive(str(path)) is not None

"""Files in an object store, by the originals' own clients."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mmlight.data.storage.backend import Backend, PathLike, check_listing
from mmlight.data.storage.opened import open_once
from mmlight.data.storage.package import import_package
from mmlight.errors import DataError

ADVICE = (
    "it is not on PyPI; without it use paths s3://bucket/..., read by s3fs, "
    "or backend 'local' and a copy on disk"
)


class PetrelBackend(Backend):
    """Files of Petrel object stores, by the package petrel_client.

    Args:
        path_mapping: Replaced in each path, once: `{'data/imagenet/': 's3://imagenet/'}`.
        enable_mc: Let the client use memcached.
        conf_path: The client's own config; None for its default.

    Raises:
        ValueError: If petrel_client is not installed.

    Examples:
        A path can name the cluster: `'cluster:s3://bucket/a.jpg'`.

    From: mmcv 1.7 and mmengine 0.10 `PetrelBackend`. Each process makes a client of its own, and a
    missing file raises `DataError`.
    """

    def __init__(
        self,
        path_mapping: Mapping[str, str] | None = None,
        enable_mc: bool = True,
        conf_path: str | None = None,
    ) -> None:
        import_package("petrel_client.client", advice=ADVICE)
        if not isinstance(path_mapping, Mapping | None):
            raise ValueError(f"path_mapping must be a dict, got {path_mapping!r}")
        self.path_mapping = path_mapping
        self.enable_mc = enable_mc
        self.conf_path = conf_path

    @property
    def client(self) -> Any:
        """The client of this process."""
        options = {"conf_path": self.conf_path, "enable_mc": self.enable_mc}
        module = import_package("petrel_client.client", advice=ADVICE)
        return open_once(("petrel", *options.values()), lambda: module.Client(**options))

    def get(self, filepath: PathLike) -> bytes:
        """Return the bytes of a file.

        Raises:
            DataError: If there is none.
        """
        path = self._map(filepath)
        content: bytes | None = self.client.Get(path)
        if content is None:
            raise missing_object(path, filepath)
        return content

    def put(self, obj: bytes, filepath: PathLike) -> None:
        """Write bytes to a file."""
        self.client.put(self._map(filepath), obj)

    def put_text(self, obj: str, filepath: PathLike, encoding: str = "utf-8") -> None:
        """Write text to a file."""
        self.put(obj.encode(encoding), filepath)

    def exists(self, filepath: PathLike) -> bool:
        """Tell whether there is such a file or folder."""
        return self.isfile(filepath) or self.isdir(filepath)

    def isdir(self, filepath: PathLike) -> bool:
        """Tell whether it is a folder."""
        return bool(self.client.isdir(self._map(filepath)))

    def isfile(self, filepath: PathLike) -> bool:
        """Tell whether it is a file."""
        return bool(self.client.contains(self._map(filepath)))

    def remove(self, filepath: PathLike) -> None:
        """Remove a file."""
        self.client.delete(self._map(filepath))

    def join_path(self, filepath: PathLike, *filepaths: PathLike) -> str:
        """Join the parts of a path by '/'."""
        parts = [self._map(part).lstrip("/") for part in filepaths]
        return "/".join([self._map(filepath).removesuffix("/"), *parts])

    def list_dir_or_file(
        self,
        dir_path: PathLike,
        list_dir: bool = True,
        list_file: bool = True,
        suffix: str | tuple[str, ...] | None = None,
        recursive: bool = False,
    ) -> Iterator[str]:
        """Yield what is in a folder, relative to it; see `LocalBackend.list_dir_or_file`."""
        check_listing(list_dir, suffix)
        root = self._map(dir_path).rstrip("/") + "/"
        pending = [root]
        while pending:
            folder = pending.pop()
            for name in self.client.list(folder):
                below = folder[len(root) :] + name
                if not name.endswith("/"):
                    if list_file and (suffix is None or name.endswith(suffix)):
                        yield below
                    continue
                if list_dir:
                    yield below[:-1]
                if recursive:
                    pending.append(folder + name)

    def _map(self, filepath: PathLike) -> str:
        path = map_path(filepath, self.path_mapping)
        return re.sub(r"\\+", "/", path).replace("petrel://", "s3://")


class CephBackend(Backend):
    """Files of a Ceph object store, by the package ceph of the originals' authors.

    Args:
        path_mapping: See `PetrelBackend`.

    Raises:
        ValueError: If ceph is not installed.

    From: mmcv 1.7 `CephBackend`.
    """

    def __init__(self, path_mapping: Mapping[str, str] | None = None) -> None:
        import_package("ceph", advice=ADVICE)
        self.path_mapping = path_mapping

    def get(self, filepath: PathLike) -> bytes:
        """Return the bytes of a file; errors as in `PetrelBackend.get`."""
        path = map_path(filepath, self.path_mapping)
        ceph = import_package("ceph", advice=ADVICE)
        content: bytes | None = open_once("ceph", ceph.S3Client).Get(path)
        if content is None:
            raise missing_object(path, filepath)
        return content


def map_path(filepath: PathLike, mapping: Mapping[str, str] | None) -> str:
    """Replace each key of `mapping` in a path, once.

    Examples:
        >>> map_path("data/imagenet/a.jpg", {"data/imagenet/": "s3://imagenet/"})
        's3://imagenet/a.jpg'
    """
    path = str(filepath)
    for old, new in (mapping or {}).items():
        path = path.replace(old, new, 1)
    return path


def missing_object(path: str, filepath: PathLike) -> DataError:
    """Return the error for a file that the store does not hold."""
    return DataError(
        path,
        f"the object store holds no such file (asked for as '{filepath}')",
        next_step="Compare the path with data_root, data_prefix and path_mapping.",
    )

"""Files behind addresses: http, https, s3, gs, hf and whatever else fsspec reads."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mmlight.data.storage.backend import Backend, PathLike, check_listing
from mmlight.data.storage.opened import open_once
from mmlight.data.storage.package import import_package
from mmlight.errors import DataError, nearest_name

FIRST_PAUSE_SECONDS = 0.2
LASTING = (
    *(FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError),
    *(ImportError, NotImplementedError, TypeError, ValueError),
)
"""Errors that trying again does not mend."""


class HTTPBackend(Backend):
    """Files behind http and https addresses; they can only be read.

    Connections stay open, and the environment's proxies are used. What fails is tried again after
    0.2, 0.4, 0.8 seconds and so on; a file that is not there, or forbidden, is not.

    Args:
        timeout: Longest time for a file [seconds].
        retries: How often to try again.
        client_kwargs: For `aiohttp.ClientSession`, such as `{'headers': {...}}`.

    Raises:
        ValueError: If `timeout` is not positive, or `retries` negative.

    From: mmcv 1.7 and mmengine 0.10 `HTTPBackend`, which waits for ever and tries once.
    """

    def __init__(
        self,
        timeout: float = 30,
        retries: int = 3,
        client_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        if not timeout > 0:
            raise ValueError(f"timeout must be positive, got {timeout!r}")
        if retries < 0:
            raise ValueError(f"retries must not be negative, got {retries!r}")
        self.timeout = timeout
        self.retries = retries
        self.options: dict[str, Any] = {"client_kwargs": dict(client_kwargs or {})}

    def get(self, filepath: PathLike) -> bytes:
        """Fetch the bytes behind an address.

        Raises:
            DataError: If it cannot be fetched.
        """
        content: bytes = self._ask(
            filepath, lambda fs, **limit: fs.cat_file(str(filepath), **limit)
        )
        return content

    def join_path(self, filepath: PathLike, *filepaths: PathLike) -> str:
        """Join the parts of an address by '/'."""
        parts = [str(part).strip("/") for part in filepaths]
        return "/".join([str(filepath).removesuffix("/"), *parts])

    def _ask(self, filepath: PathLike, question: Callable[..., Any]) -> Any:
        """Put a question to the file system of an address, again where that may help."""
        address = str(filepath)
        fs = self._open(address)
        limit = {"timeout": self.timeout} if fs.async_impl else {}
        for attempt in range(self.retries + 1):
            try:
                return question(fs, **limit)
            except Exception as error:  # each file system has errors of its own
                if attempt == self.retries or not _may_pass(error):
                    raise _not_fetched(address, error, attempt + 1) from error
            time.sleep(FIRST_PAUSE_SECONDS * 2**attempt)
        raise AssertionError  # the last attempt returns or raises

    def _open(self, address: str) -> Any:
        protocol = parse_protocol(address)
        options = dict(self.options)
        if protocol in ("http", "https"):  # aiohttp by itself does not look for proxies
            options["client_kwargs"] = {"trust_env": True, **options.get("client_kwargs", {})}
        return open_once(
            ("fsspec", protocol, repr(options)), lambda: _open(protocol, options, address)
        )


class FsspecBackend(HTTPBackend):
    """Files behind addresses of any protocol that fsspec knows, such as `s3://bucket/a.jpg`.

    Args:
        timeout: Longest time for a file [seconds], where the protocol's file system is
            asynchronous, as most are.
        retries: How often to try again, see `HTTPBackend`.
        **options: For fsspec's file system: `anon=True`, `endpoint_url='http://...'`.

    Raises:
        ValueError: As in `HTTPBackend`.

    From: ours; the originals read s3 by their own client, see `PetrelBackend`.
    """

    def __init__(self, timeout: float = 30, retries: int = 3, **options: Any) -> None:
        super().__init__(timeout, retries)
        self.options = options

    def put(self, obj: bytes, filepath: PathLike) -> None:
        """Write bytes to a file."""
        self._ask(filepath, lambda fs, **limit: fs.pipe_file(str(filepath), obj, **limit))

    def put_text(self, obj: str, filepath: PathLike, encoding: str = "utf-8") -> None:
        """Write text to a file."""
        self.put(obj.encode(encoding), filepath)

    def exists(self, filepath: PathLike) -> bool:
        """Tell whether there is such a file or folder."""
        return bool(self._ask(filepath, lambda fs, **_: fs.exists(str(filepath))))

    def isdir(self, filepath: PathLike) -> bool:
        """Tell whether it is a folder."""
        return bool(self._ask(filepath, lambda fs, **_: fs.isdir(str(filepath))))

    def isfile(self, filepath: PathLike) -> bool:
        """Tell whether it is a file."""
        return bool(self._ask(filepath, lambda fs, **_: fs.isfile(str(filepath))))

    def remove(self, filepath: PathLike) -> None:
        """Remove a file."""
        self._ask(filepath, lambda fs, **_: fs.rm_file(str(filepath)))

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
        path = str(dir_path)
        root = self._open(path)._strip_protocol(path).rstrip("/") + "/"
        depth = None if recursive else 1
        options = {"maxdepth": depth, "withdirs": list_dir, "detail": True}
        found = self._ask(path, lambda fs, **_: fs.find(path, **options))
        for name, facts in found.items():
            is_dir = facts["type"] == "directory"
            listed = is_dir or (list_file and (suffix is None or name.endswith(suffix)))
            if name.startswith(root) and len(name) > len(root) and listed:
                yield name[len(root) :].rstrip("/")


def parse_protocol(address: str) -> str:
    """Return what stands before `://`.

    Raises:
        DataError: If nothing does.
    """
    protocol, mark, _ = address.partition("://")
    if not mark:
        raise DataError(
            address, "this is no address", expected="something like 'https://host/a.jpg'"
        )
    return protocol


def _open(protocol: str, options: dict[str, Any], address: str) -> Any:
    fsspec = import_package("fsspec")
    try:
        return fsspec.filesystem(protocol, **options)
    except ImportError as error:  # its text says what to install
        raise DataError(
            address,
            f"the package that reads {protocol}:// is not installed",
            next_step=f"{error}." if str(error) else "Install it.",
        ) from error
    except (TypeError, ValueError) as error:
        known = fsspec.available_protocols()
        near = None if protocol in known else nearest_name(protocol, known)
        raise DataError(address, f"{protocol}:// cannot be read: {error}", nearest=near) from error


def _may_pass(error: Exception) -> bool:
    status = getattr(error, "status", None)
    if isinstance(status, int):
        return status >= 500 or status in (408, 429)
    return not isinstance(error, LASTING)


def _not_fetched(address: str, error: Exception, attempts: int) -> DataError:
    reason = f"{type(error).__name__}: {error}".rstrip(": ")
    if isinstance(error, FileNotFoundError):
        reason = "there is no such file"
    again = f" ({attempts} attempts)" if attempts > 1 else ""
    return DataError(
        address,
        f"cannot be fetched: {reason}{again}",
        next_step="Check the address and the network, or fetch it by hand.",
    )

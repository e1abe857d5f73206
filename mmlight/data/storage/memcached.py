"""Files that memcached servers hold in memory."""

import hashlib
import sys
from collections.abc import Sequence
from contextlib import suppress
from os.path import abspath
from pathlib import Path
from typing import Any

from mmlight.data.storage.backend import Backend, PathLike
from mmlight.data.storage.opened import open_once
from mmlight.data.storage.package import has_package, import_package
from mmlight.errors import DataError

MAX_KEY_BYTES = 250
MAX_SECONDS_TO_CONNECT = 5
MAX_SECONDS_TO_ANSWER = 30


class MemcachedBackend(Backend):
    """Files on disk, kept in memcached servers once they have been read.

    Where the originals' client `mc` is installed, it does all the work: its servers read what they
    do not hold. Else pymemcache asks the servers; a file that they do not hold is read from disk
    and given to them, under its absolute path. A file that is too large for them (1 MB unless they
    say otherwise) is read from disk each time. **A file that changes on disk stays as it was in the
    servers.**

    Args:
        server_list_cfg: A text file with a server per line, 'host:port' or 'host port'.
        client_cfg: Options of the client `mc`; not read without it.
        sys_path: Folder of the module `mc`.
        servers: Servers as 'host:port', instead of `server_list_cfg`.

    Raises:
        ValueError: If no server is named, or neither `mc` nor pymemcache is installed.

    From: mmcv 1.7 and mmengine 0.10 `MemcachedBackend`; pymemcache and `servers` are ours.
    """

    def __init__(
        self,
        server_list_cfg: str | None = None,
        client_cfg: str | None = None,
        sys_path: str | None = None,
        servers: Sequence[str] | None = None,
    ) -> None:
        if not (server_list_cfg or servers):
            raise ValueError("server_list_cfg or servers must name the servers, got neither")
        if sys_path is not None and sys_path not in sys.path:
            sys.path.append(sys_path)
        self.server_list_cfg = server_list_cfg
        self.client_cfg = client_cfg
        self.servers = tuple(servers or ())
        self._has_mc = not servers and has_package("mc")
        if not self._has_mc:
            import_package("pymemcache", advice="pip install pymemcache, or install mc")

    def get(self, filepath: PathLike) -> bytes:
        """Return the bytes of a file.

        Raises:
            DataError: If the file cannot be read, or a server does not answer.
        """
        return self._ask_mc(str(filepath)) if self._has_mc else self._ask(str(filepath))

    def _ask_mc(self, path: str) -> bytes:
        mc = import_package("mc")
        files = (self.server_list_cfg, self.client_cfg)
        client = open_once(("mc", *files), lambda: mc.MemcachedClient.GetInstance(*files))
        buffer = mc.pyvector()
        client.Get(path, buffer)
        content: bytes = mc.ConvertBuffer(buffer)
        return content

    def _ask(self, path: str) -> bytes:
        errors = import_package("pymemcache.exceptions")
        servers = self.servers or _read_servers(str(self.server_list_cfg))
        client = open_once(("memcached", servers), lambda: _connect(servers))
        key = _to_key(path)
        try:
            content: bytes | None = client.get(key)
            if content is None:
                content = _read_file(path)
                with suppress(errors.MemcacheServerError):  # too large: it stays on disk
                    client.set(key, content, noreply=False)
        except (errors.MemcacheError, OSError) as error:
            raise DataError(
                path,
                f"the memcached servers {', '.join(servers)} do not answer: {error}",
                next_step="Start them, or correct the options of the backend 'memcached'.",
            ) from error
        return content


def _connect(servers: tuple[str, ...]) -> Any:
    return import_package("pymemcache.client.hash").HashClient(
        servers,
        connect_timeout=MAX_SECONDS_TO_CONNECT,
        timeout=MAX_SECONDS_TO_ANSWER,
        no_delay=True,
        use_pooling=True,  # threads of one process share the client
    )


def _to_key(path: str) -> bytes:
    """Return the key of a file: its absolute path, or that path's digest where it is no key."""
    key = abspath(path).encode()
    if len(key) <= MAX_KEY_BYTES and not any(byte <= 32 or byte == 127 for byte in key):
        return key
    return b"sha256:" + hashlib.sha256(key).hexdigest().encode()


def _read_file(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise DataError(path, f"the file cannot be read: {error.strerror}") from error


def _read_servers(path: str) -> tuple[str, ...]:
    return open_once(("server list", path), lambda: _parse_servers(path))


def _parse_servers(path: str) -> tuple[str, ...]:
    lines = _read_file(path).decode().splitlines()
    entries = [line.partition("#")[0].strip() for line in lines]
    servers = tuple(":".join(entry.replace(":", " ").split()) for entry in entries if entry)
    wrong = [name for name in servers if not name.rpartition(":")[2].isdigit()]
    if wrong or not servers:
        raise DataError(
            path,
            f"{wrong[0]!r} is no server" if wrong else "the file names no server",
            expected="a line 'host:port' or 'host port' for each",
        )
    return servers

"""Files that are values of an LMDB database, under their paths as keys."""

from typing import Any

from mmlight.data.storage.backend import Backend, PathLike
from mmlight.data.storage.opened import open_once
from mmlight.data.storage.package import import_package
from mmlight.errors import DataError


class LmdbBackend(Backend):
    """Files of an LMDB database; a path, as the dataset makes it, is the key in UTF-8.

    Args:
        db_path: The database, opened at the first reading in each process.
        readonly: Open it for reading only.
        lock: Lock it, where others may write at the same time.
        readahead: Let the system read ahead, which is good for reading in order and bad for random
            reading of a database larger than the memory.
        **kwargs: Further options of `lmdb.open`.

    Raises:
        ValueError: If lmdb is not installed.

    From: mmcv 1.7 and mmengine 0.10 `LmdbBackend`. Differences: a missing key raises `DataError`,
    there it gives None; forked processes open the database anew.
    """

    def __init__(
        self,
        db_path: PathLike,
        readonly: bool = True,
        lock: bool = False,
        readahead: bool = False,
        **kwargs: Any,
    ) -> None:
        import_package("lmdb")
        self.db_path = str(db_path)
        self.readonly = readonly
        self.lock = lock
        self.readahead = readahead
        self.kwargs = kwargs

    def get(self, filepath: PathLike) -> bytes:
        """Return the value of a key.

        Raises:
            DataError: If there is no such key, or no database.
        """
        with self._open().begin(write=False) as transaction:
            value: bytes | None = transaction.get(str(filepath).encode())
        if value is None:
            raise DataError(
                str(filepath),
                f"the database {self.db_path} has no such key",
                next_step="Compare the keys with data_root, data_prefix and ann_file.",
            )
        return value

    def _open(self) -> Any:
        options = {"readonly": self.readonly, "lock": self.lock, "readahead": self.readahead}
        options |= self.kwargs
        key = ("lmdb", self.db_path, repr(options))
        # lmdb knows that a fork holds its parent's environment, and opens no second one beside it
        return open_once(key, lambda: _open(self.db_path, options), lambda env: env.close())


def _open(path: str, options: dict[str, Any]) -> Any:
    lmdb = import_package("lmdb")
    try:
        return lmdb.open(path, **options)
    except (lmdb.Error, OSError, TypeError) as error:
        raise DataError(
            path,
            f"the database cannot be opened with {options}: {error}",
            next_step="Correct db_path, or the other options of the backend 'lmdb'.",
        ) from error

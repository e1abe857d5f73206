"""Reads pickles of arrays, numbers, texts and containers; refuses anything else, and never runs it.

CIFAR and many annotation files come as pickles, and a plain unpickler runs whatever code a pickle
names.
"""

import io
import pickle
from pathlib import Path
from typing import Any, Final

from mmlight.errors import DataError

_BUILTINS = ("set", "frozenset", "bytearray", "complex", "slice", "range")
ALLOWED: Final = frozenset(
    {(f"numpy.{core}.multiarray", "_reconstruct") for core in ("core", "_core")}
    | {(f"numpy.{core}.multiarray", "scalar") for core in ("core", "_core")}
    | {(f"numpy.{core}.numeric", "_frombuffer") for core in ("core", "_core")}
    | {("numpy", "ndarray"), ("numpy", "dtype"), ("_codecs", "encode")}
    | {("collections", "OrderedDict")}
    | {(module, name) for module in ("builtins", "__builtin__") for name in _BUILTINS}
)


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which is not plain data")
        return super().find_class(module, name)


def read_pickle(path: str | Path, *, encoding: str = "latin1") -> Any:
    """Read plain data from a pickle.

    Args:
        path: The file.
        encoding: How texts of Python 2 are decoded; CIFAR's batches need 'latin1'.

    Returns:
        Numbers, texts, arrays, and containers of them.

    Raises:
        DataError: If the file is missing, damaged, or names any class or function that is not plain
            data.
    """
    try:
        raw = Path(path).read_bytes()
    except OSError as err:
        raise DataError(str(path), f"cannot be read: {err.strerror}") from err
    return load_pickle(raw, str(path), encoding=encoding)


def load_pickle(content: bytes, name: str, *, encoding: str = "latin1") -> Any:
    """Read plain data from the bytes of a pickle.

    Args:
        content: The bytes.
        name: Where they come from, for error texts.
        encoding: See `read_pickle`.

    Raises:
        DataError: See `read_pickle`.
    """
    try:
        return _Unpickler(io.BytesIO(content), encoding=encoding).load()
    except Exception as err:  # damaged pickles raise nearly any type
        raise DataError(
            name,
            f"is no pickle of plain data: {err}",
            next_step="Fetch the file again from its publisher, or convert it to JSON.",
        ) from err

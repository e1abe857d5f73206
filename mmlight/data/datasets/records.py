"""Turns a list of samples into columns: packed text and numbers in place of dicts.

A million dicts cost some 400 bytes each, and every worker process copies them when it touches their
reference counts. Columns cost the text itself plus 16 bytes, in a few large buffers that forked
workers share.
"""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final, overload

import numpy as np
from numpy.typing import NDArray

from mmlight.data.datasets.packed import (
    Constant,
    Packed,
    PackedLists,
    PackedObjects,
    PackedScalars,
    PackedStrings,
)

Column = Sequence[Any] | NDArray[Any]
NUMBERS: Final[dict[type, type]] = {int: np.int64, float: np.float64, bool: np.bool_}


class Records(Sequence[dict[str, Any]]):
    """A list of sample dicts, held as columns; each access makes a fresh dict, free to be changed.

    Args:
        columns: Values per key, all of length `N`: what `pack_column` makes. An array `(N,)` gives
            Python numbers, one of more dimensions gives arrays.

    Examples:
        >>> names = PackedStrings(["a.png", "b.png"])
        >>> records = Records({"img_path": names, "gt_label": np.array([3, 5])})
        >>> records[1]
        {'img_path': 'b.png', 'gt_label': 5}
    """

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self.columns = dict(columns)
        self._length = len(next(iter(self.columns.values()))) if self.columns else 0

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (self[i] for i in range(len(self)))

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> "Records": ...
    def __getitem__(self, index: int | slice) -> "dict[str, Any] | Records":
        if isinstance(index, slice):
            return self.take(range(*index.indices(len(self))))
        place = range(len(self))[index]
        return {key: _read(column, place) for key, column in self.columns.items()}

    def take(self, places: Sequence[int]) -> "Records":
        """Return the samples at these places from 0 to `len(self) - 1`, in their order."""
        return Records({key: _take(column, places) for key, column in self.columns.items()})


def pack_records(samples: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """Turn sample dicts into `Records`; dicts of different keys are packed one by one.

    Args:
        samples: `N` dicts, such as `load_data_list` of a dataset returns.

    Returns:
        The same samples, equal value by value, of the same types and in the same order; each access
        makes a copy.
    """
    if isinstance(samples, (Records, Packed)) or not samples:
        return samples
    keys = samples[0].keys()
    if not keys or any(sample.keys() != keys for sample in samples):
        return _pack_objects(samples)
    return Records({key: pack_column([sample[key] for sample in samples]) for key in keys})


def pack_column(values: Sequence[Any]) -> Column:
    """Turn values of one key into the densest column that gives them back exactly.

    Examples:
        >>> type(pack_column([[1], [2, 3]])).__name__, type(pack_column([1, "a"])).__name__
        ('PackedLists', 'PackedObjects')
    """
    kinds = {type(value) for value in values}
    pack = _PACK.get(kinds.pop()) if len(kinds) == 1 else None
    column = pack(values) if pack is not None else None
    if column is None:
        column = _pack_scalars(values)
    return _pack_objects(values) if column is None else column


def _pack_strings(values: Sequence[str]) -> Column:
    if all(value == values[0] for value in values):
        return Constant(values[0], len(values))
    return PackedStrings(values)


def _pack_numbers(values: Sequence[Any]) -> Column | None:
    try:
        return np.array(values, dtype=NUMBERS[type(values[0])])
    except OverflowError:  # integers beyond 64 bits
        return None


def _pack_lists(values: Sequence[Any]) -> Column | None:
    """Pack lists or tuples of numbers of one type."""
    kinds = set(map(type, chain.from_iterable(values))) or {int}
    dtype = NUMBERS.get(kinds.pop()) if len(kinds) == 1 else None
    if dtype is None:
        return None
    ends = np.cumsum([len(value) for value in values], dtype=np.int64)
    try:
        flat: NDArray[Any] = np.fromiter(chain.from_iterable(values), dtype, int(ends[-1]))
    except OverflowError:
        return None
    return PackedLists(type(values[0]), flat, ends)


def _pack_arrays(values: Sequence[NDArray[Any]]) -> Column | None:
    first = values[0]
    if any(value.dtype != first.dtype or value.ndim != first.ndim for value in values):
        return None
    if first.dtype.hasobject or not first.dtype.isnative or first.dtype.names:
        return None
    if first.ndim == 0:
        flat = np.fromiter((value[()] for value in values), first.dtype, len(values))
        return PackedScalars(flat, as_array=True)
    if all(value.shape == first.shape for value in values):
        # faster than np.stack: N arrays (n, ...) -> (N * n, ...) -> (N, n, ...)
        return np.concatenate(values).reshape(len(values), *first.shape)
    if first.ndim > 1:
        return None
    ends = np.cumsum([len(value) for value in values], dtype=np.int64)
    return PackedLists(np.ndarray, np.concatenate(values), ends)


def _pack_scalars(values: Sequence[Any]) -> Column | None:
    """Pack NumPy scalars of one type."""
    kind = type(values[0])
    is_scalar = issubclass(kind, (np.number, np.bool_)) and kind is not np.timedelta64
    if not is_scalar or any(type(value) is not kind for value in values):
        return None
    return PackedScalars(np.array(values), as_array=False)


def _pack_dicts(values: Sequence[dict[str, Any]]) -> Column | None:
    packed = pack_records(values)
    return packed if isinstance(packed, Records) else None


def _pack_none(values: Sequence[None]) -> Column:
    return Constant(None, len(values))


def _pack_objects(values: Sequence[Any]) -> Sequence[Any]:
    """Pack by pickle; what cannot be pickled stays as it is."""
    try:
        return PackedObjects(values)
    except Exception:  # whatever a user's class raises
        return list(values)


_PACK: Final[dict[type, Callable[[Any], Column | None]]] = {
    str: _pack_strings,
    type(None): _pack_none,
    **dict.fromkeys(NUMBERS, _pack_numbers),
    **dict.fromkeys((list, tuple), _pack_lists),
    np.ndarray: _pack_arrays,
    dict: _pack_dicts,
}


def _read(column: Column, place: int) -> Any:
    if isinstance(column, np.ndarray):
        value = column[place]
        return value.copy() if column.ndim > 1 else value.item()
    if isinstance(column, Packed):
        return column.read(place)
    value = column[place]
    return value if isinstance(column, Records) else copy.deepcopy(value)


def _take(column: Column, places: Sequence[int]) -> Column:
    if isinstance(column, np.ndarray):
        taken: NDArray[Any] = column[np.asarray(places, dtype=np.int64)]
        return taken
    if isinstance(column, (Packed, Records)):
        return column.take(places)
    return [column[place] for place in places]

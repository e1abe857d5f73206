"""Turns a list of samples into columns: packed text and number arrays in place of dicts.

A million dicts cost some 400 bytes each, and every worker process copies them when it touches their
reference counts. Columns cost the text itself plus 16 bytes, in a few large buffers that forked
workers share.
"""

import copy
from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

Column = Sequence[Any] | NDArray[Any]


class PackedStrings(Sequence[str]):
    """A list of strings in one byte buffer.

    Examples:
        >>> names = PackedStrings(["a/1.png", "b/2.png"])
        >>> names[1], len(names)
        ('b/2.png', 2)
    """

    def __init__(self, strings: Sequence[str] = ()) -> None:
        self._buffer = bytearray()
        self._ends = array("q", [0])
        for text in strings:
            self.append(text)

    def append(self, text: str) -> None:
        """Add one string; file names that are no valid UTF-8 survive as the OS gave them."""
        self._buffer += text.encode("utf-8", "surrogateescape")
        self._ends.append(len(self._buffer))

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        return self._buffer[self._ends[place] : self._ends[place + 1]].decode(
            "utf-8", "surrogateescape"
        )


class Records(Sequence[dict[str, Any]]):
    """A list of sample dicts, held as columns; each access makes a fresh dict, free to be changed.

    Args:
        columns: Values per key, all of length `N`: `PackedStrings`, an array `(N, ...)`, or any
            sequence.

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
        return {key: _value(column, place) for key, column in self.columns.items()}

    def take(self, indices: Sequence[int]) -> "Records":
        """Return the samples at `indices`, in that order."""
        return Records({key: _subset(column, indices) for key, column in self.columns.items()})


def pack_records(samples: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """Turn sample dicts into `Records`; returns them as they are when their keys differ.

    Args:
        samples: `N` dicts, such as `load_data_list` of a dataset returns.

    Returns:
        The same samples, equal value by value and in the same order.
    """
    if isinstance(samples, Records) or not samples:
        return samples
    keys = samples[0].keys()
    if any(sample.keys() != keys for sample in samples):
        return samples
    return Records({key: _pack([sample[key] for sample in samples]) for key in keys})


def _pack(values: list[Any]) -> Column:
    kinds = {type(value) for value in values}
    if kinds == {str}:
        return PackedStrings(values)
    if kinds == {int} and all(-(2**63) <= value < 2**63 for value in values):
        return np.array(values, dtype=np.int64)
    if kinds == {float}:
        return np.array(values, dtype=np.float64)
    if kinds == {np.ndarray} and values[0].ndim and _same_layout(values):
        return np.stack(values)
    return values


def _same_layout(arrays: list[NDArray[Any]]) -> bool:
    return len({(value.shape, value.dtype) for value in arrays}) == 1


def _value(column: Column, place: int) -> Any:
    value = column[place]
    if isinstance(column, np.ndarray):
        return value.copy() if isinstance(value, np.ndarray) else value.item()
    return value if isinstance(value, str | int | float) else copy.deepcopy(value)


def _subset(column: Column, indices: Sequence[int]) -> Column:
    if isinstance(column, np.ndarray):
        subset: NDArray[Any] = column[np.asarray(indices, dtype=np.int64)]
        return subset
    values = [column[i] for i in indices]
    return PackedStrings(values) if isinstance(column, PackedStrings) else values

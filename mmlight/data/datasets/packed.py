"""Turns lists of values into a few large buffers that forked workers share.

A Python object is copied into a worker as soon as the worker looks at it, for that changes its
reference count. Each class here is a list of one kind of values, and makes a new object at each
access.
"""

import pickle
from abc import abstractmethod
from array import array
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")


class Packed(Sequence[T]):
    """A list whose values are made at each access; for subclasses."""

    @abstractmethod
    def read(self, place: int) -> T:
        """Return the value at a place from 0 to `len(self) - 1`."""

    @abstractmethod
    def take(self, places: Sequence[int]) -> "Packed[T]":
        """Return the values at these places, in their order."""

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> "Packed[T]": ...
    def __getitem__(self, index: int | slice) -> "T | Packed[T]":
        places = range(len(self))[index]
        return self.take(places) if isinstance(places, range) else self.read(places)


class PackedBytes(Packed[T]):
    """Values that become bytes and back; for subclasses, which say how.

    Args:
        values: What to hold at first.
    """

    def __init__(self, values: Iterable[T] = ()) -> None:
        self._buffer = bytearray()
        self._ends = array("q", [0])
        self.extend(values)

    @abstractmethod
    def encode(self, value: T) -> bytes:
        """Turn a value into bytes."""

    @abstractmethod
    def decode(self, content: bytearray) -> T:
        """Turn bytes back into the value."""

    def append(self, value: T) -> None:
        """Add one value."""
        self._buffer += self.encode(value)
        self._ends.append(len(self._buffer))

    def extend(self, values: Iterable[T]) -> None:
        """Add several values."""
        buffer, ends, encode = self._buffer, self._ends, self.encode
        for value in values:
            buffer += encode(value)
            ends.append(len(buffer))

    def __len__(self) -> int:
        return len(self._ends) - 1

    def read(self, place: int) -> T:
        """Decode one value."""
        return self.decode(self._buffer[self._ends[place] : self._ends[place + 1]])

    def take(self, places: Sequence[int]) -> "PackedBytes[T]":
        """Copy the bytes of these values."""
        taken = type(self)()
        for place in places:
            taken._buffer += self._buffer[self._ends[place] : self._ends[place + 1]]
            taken._ends.append(len(taken._buffer))
        return taken


class PackedStrings(PackedBytes[str]):
    """A list of strings; file names that are no valid UTF-8 survive as the OS gave them.

    Examples:
        >>> names = PackedStrings(["a/1.png", "b/2.png"])
        >>> names[1], len(names)
        ('b/2.png', 2)
    """

    def encode(self, value: str) -> bytes:
        """Encode a string, lone surrogates too."""
        return value.encode("utf-8", "surrogatepass")

    def decode(self, content: bytearray) -> str:
        """Decode a string."""
        return content.decode("utf-8", "surrogatepass")


class PackedObjects(PackedBytes[Any]):
    """A list of anything that can be pickled, held in memory only; each access makes a copy.

    Examples:
        >>> PackedObjects([{"box": (1, 2)}, None])[0]
        {'box': (1, 2)}
    """

    def encode(self, value: Any) -> bytes:
        """Pickle an object."""
        return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)

    def decode(self, content: bytearray) -> Any:
        """Make the object again; the bytes are our own."""
        return pickle.loads(content)


class PackedLists(Packed[Any]):
    """Lists, tuples or arrays `(n,)` of numbers, each of any length.

    Args:
        kind: `list`, `tuple` or `np.ndarray`, what each access makes.
        flat: All numbers, one list after the other, `(M,)`.
        ends: Where each list ends, int64 `(N,)`.

    Examples:
        >>> labels = PackedLists(list, np.array([3, 5, 7]), np.array([2, 2, 3]))
        >>> labels[0], labels[1], labels[2]
        ([3, 5], [], [7])
    """

    def __init__(self, kind: type, flat: NDArray[Any], ends: NDArray[np.int64]) -> None:
        self.kind = kind
        self.flat = flat
        self.ends = ends

    def __len__(self) -> int:
        return len(self.ends)

    def read(self, place: int) -> Any:
        """Copy one list."""
        part = self.flat[self.ends[place - 1] if place else 0 : self.ends[place]]
        return part.copy() if self.kind is np.ndarray else self.kind(part.tolist())

    def take(self, places: Sequence[int]) -> "PackedLists":
        """Copy the numbers of these lists."""
        chosen = np.asarray(places, dtype=np.int64)
        starts = np.concatenate(([0], self.ends[:-1]))[chosen]
        lengths = self.ends[chosen] - starts
        ends = np.cumsum(lengths)
        # one index per number: where its list starts here, plus its place in that list
        indices = np.arange(lengths.sum()) + np.repeat(starts - (ends - lengths), lengths)
        return PackedLists(self.kind, self.flat[indices], ends)


class PackedScalars(Packed[Any]):
    """NumPy scalars, or arrays without a dimension, of one dtype.

    Args:
        values: The numbers, `(N,)`.
        as_array: Whether each access makes an array `()` in place of a scalar.

    Examples:
        >>> labels = PackedScalars(np.array([3, 5]), as_array=True)
        >>> labels[1]
        array(5)
    """

    def __init__(self, values: NDArray[Any], *, as_array: bool) -> None:
        self.values = values
        self.as_array = as_array

    def __len__(self) -> int:
        return len(self.values)

    def read(self, place: int) -> Any:
        """Make one scalar."""
        value = self.values[place]
        return np.array(value, self.values.dtype) if self.as_array else value

    def take(self, places: Sequence[int]) -> "PackedScalars":
        """Copy these numbers."""
        chosen = self.values[np.asarray(places, dtype=np.int64)]
        return PackedScalars(chosen, as_array=self.as_array)


class Constant(Packed[Any]):
    """One value that cannot be changed, many times.

    Args:
        value: The value.
        length: How many times.

    Examples:
        >>> list(Constant("train", 2))
        ['train', 'train']
    """

    def __init__(self, value: Any, length: int) -> None:
        self.value = value
        self.length = length

    def __len__(self) -> int:
        return self.length

    def read(self, place: int) -> Any:
        """Return the value."""
        return self.value

    def take(self, places: Sequence[int]) -> "Constant":
        """Repeat it as often."""
        return Constant(self.value, len(places))

"""The values of one quantity over time."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, Final

import numpy as np

from mmlight.compat.scalars import to_numbers

MAX_WAITING: Final = 1000
"""So many values of one quantity may stay on the device."""


class HistoryBuffer:
    """Values of one quantity, in the order in which they came, each with a count.

    Args:
        log_history: The values, each already summed over its count.
        count_history: Their counts.
        max_length: How many are kept.

    From: mmengine 0.10 `HistoryBuffer`.
    """

    _statistics: ClassVar[dict[str, Callable[..., Any]]] = {}

    def __init__(
        self,
        log_history: Sequence[float] = (),
        count_history: Sequence[float] = (),
        max_length: int = 1_000_000,
    ) -> None:
        if len(log_history) != len(count_history):
            raise ValueError(
                f"count_history must have {len(log_history)} values, got {len(count_history)}"
            )
        self.max_length = max_length
        self._values: list[Any] = list(log_history)[-max_length:]
        self._counts = list(count_history)[-max_length:]
        self._has_floats = any(isinstance(value, float) for value in self._values)
        self._waiting = 0  # so many of the last values may be tensors

    def __len__(self) -> int:
        return min(len(self._values), self.max_length)

    def update(self, log_val: float, count: float = 1) -> None:
        """Add a value."""
        if not isinstance(log_val, int | float) or not isinstance(count, int | float):
            raise TypeError(f"log_val and count must be numbers, got {log_val!r} and {count!r}")
        self.append(log_val, count)

    def append(self, value: Any, count: float = 1) -> None:
        """Add a value that may be a tensor of one element; it is a number when it is looked at."""
        self._values.append(value)
        self._counts.append(count)
        self._waiting += 1
        if self._waiting > MAX_WAITING:
            settle([self])

    def export(self, last: int | None) -> list[list[Any]]:
        """Return the last values and counts, or all, as plain numbers."""
        settle([self])
        places = slice(-last if last else None, None)
        return [self._values[places], self._counts[places]]

    @property
    def data(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """The values and the counts."""
        return self._log_history, self._count_history

    @property
    def _log_history(self) -> np.ndarray[Any, Any]:  # what users' statistics read
        return self._last(None)

    @property
    def _count_history(self) -> np.ndarray[Any, Any]:
        settle([self])
        return np.array(self._counts)

    def _last(self, window_size: int | None) -> np.ndarray[Any, Any]:
        settle([self])
        values = self._values[-window_size:] if window_size else self._values
        return np.array(values, dtype=self._dtype())

    def _dtype(self) -> type | None:
        """Return what numpy would make of all values, without looking at them again."""
        return float if self._has_floats else None

    def mean(self, window_size: int | None = None) -> Any:
        """Return the sum of the last values over the sum of their counts."""
        total = self._last(window_size).sum()
        counts = self._counts[-window_size:] if window_size else self._counts
        return total / np.sum(counts)

    def max(self, window_size: int | None = None) -> Any:
        """Return the largest of the last values."""
        return self._last(window_size).max()

    def min(self, window_size: int | None = None) -> Any:
        """Return the smallest of the last values."""
        return self._last(window_size).min()

    def current(self) -> Any:
        """Return the last value.

        Raises:
            ValueError: If there is none.
        """
        if not self._values:
            raise ValueError("the buffer holds no values, got 0")
        settle([self])
        return np.array(self._values[-1:], dtype=self._dtype())[0]

    @classmethod
    def register_statistics(cls, method: Callable[..., Any]) -> Callable[..., Any]:
        """Offer a function of a buffer to `statistics`, by its name; a decorator."""
        cls._statistics[method.__name__] = method
        return method

    def statistics(self, method_name: str, *args: Any, **kwargs: Any) -> Any:
        """Return 'mean', 'max', 'min', 'current' or what a registered function says.

        Raises:
            KeyError: If there is no such function.
        """
        own = {"mean": self.mean, "max": self.max, "min": self.min, "current": self.current}
        if method_name in own:
            return own[method_name](*args, **kwargs)
        return self._statistics[method_name](self, *args, **kwargs)


def settle(buffers: Iterable[HistoryBuffer]) -> None:
    """Turn the tensors of several buffers into numbers, all at once, and drop what is too old.

    That is not done with each value: it moves all others, a million of them in a long run.
    """
    found = list(buffers)
    for buffer in found:
        extra = max(len(buffer._values) - buffer.max_length, 0)
        del buffer._values[:extra], buffer._counts[:extra]
    waiting = [
        (buffer, place)
        for buffer in found
        for place in range(max(len(buffer._values) - buffer._waiting, 0), len(buffer._values))
    ]
    numbers = to_numbers([buffer._values[place] for buffer, place in waiting])
    for (buffer, place), number in zip(waiting, numbers, strict=True):
        buffer._values[place] = number
        buffer._has_floats = buffer._has_floats or isinstance(number, float)
        buffer._waiting = 0

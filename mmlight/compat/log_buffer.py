"""The buffer through which the runner and hooks of 0.x write into the log."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from mmlight.compat.scalars import to_numbers

MAX_WAITING = 1000
"""So many values of one quantity may stay on the device."""


class LogBuffer:
    """Keeps the values of each quantity until they are averaged, and what the next line shows.

    Values may be tensors of one element; they become numbers when they are averaged, all at once.

    Attributes:
        n_history: For each value how many samples it stands for.
        output: What the next line of the log shows, by name.
        ready: Whether `output` is to be shown now.
        reduce: Turns means by name into those over all processes; None for one process.

    From: mmcv 1.7 `LogBuffer`.
    """

    def __init__(self) -> None:
        self._values: OrderedDict[str, list[Any]] = OrderedDict()
        self._settled: dict[str, int] = {}  # values before this place are numbers
        self._shared: set[str] = set()
        self.n_history: OrderedDict[str, list[int]] = OrderedDict()
        self.output: OrderedDict[str, Any] = OrderedDict()
        self.ready = False
        self.reduce: Callable[[dict[str, float]], dict[str, float]] | None = None

    @property
    def val_history(self) -> OrderedDict[str, list[Any]]:
        """Values by name, as numbers."""
        self._settle()
        return self._values

    def update(self, vars: Mapping[str, Any], count: int = 1, *, shared: bool = False) -> None:
        """Add a value of each quantity.

        Args:
            vars: Numbers, or tensors of one element, by name.
            count: How many samples each is the mean of.
            shared: Whether the log shows the mean over all processes.
        """
        for name, value in vars.items():
            values = self._values.get(name)
            if values is None:
                values = self._values[name] = []
                self.n_history[name] = []
                if shared:
                    self._shared.add(name)
            values.append(value)
            self.n_history[name].append(count)
            if len(values) - self._settled.get(name, 0) > MAX_WAITING:
                self._settle()

    def _settle(self) -> None:
        """Turn tensors into numbers."""
        places = [
            (values, place)
            for name, values in self._values.items()
            for place in range(self._settled.get(name, 0), len(values))
        ]
        numbers = to_numbers([values[place] for values, place in places])
        for (values, place), number in zip(places, numbers, strict=True):
            values[place] = number
        self._settled = {name: len(values) for name, values in self._values.items()}

    def average(self, n: int = 0) -> None:
        """Put the weighted means of the last `n` values into `output`; of all where `n` is 0."""
        if n < 0:
            raise ValueError(f"n must be 0 or more, got {n}")
        for name, values in self.val_history.items():
            weights = np.array(self.n_history[name][-n:])
            self.output[name] = np.sum(np.array(values[-n:]) * weights) / np.sum(weights)
        if self.reduce is not None and self._shared:
            self.output.update(
                self.reduce({name: self.output[name] for name in self._shared_names})
            )
        self.ready = True

    @property
    def _shared_names(self) -> list[str]:
        return [name for name in self._values if name in self._shared]

    def clear_output(self) -> None:
        """Forget what the next line was to show."""
        self.output.clear()
        self.ready = False

    def clear(self) -> None:
        """Forget everything."""
        self._values.clear()
        self._settled.clear()
        self.n_history.clear()
        self.clear_output()

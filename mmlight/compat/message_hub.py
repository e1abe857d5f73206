"""A store of values that parts of users' code leave for each other."""

import copy
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final

import numpy as np

from mmlight.compat.named_instance import ManagerMixin
from mmlight.errors import UnsupportedValueError

# what the runner of mmengine keeps here and mmlight does not
OF_THE_RUNNER: Final = ("epoch", "iter", "max_epochs", "max_iters", "loop_stage", "dataset_meta")


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
        self._values = list(log_history)[-max_length:]
        self._counts = list(count_history)[-max_length:]

    def update(self, log_val: float, count: float = 1) -> None:
        """Add a value."""
        if not isinstance(log_val, int | float) or not isinstance(count, int | float):
            raise TypeError(f"log_val and count must be numbers, got {log_val!r} and {count!r}")
        self._values.append(log_val)
        self._counts.append(count)
        del self._values[: -self.max_length], self._counts[: -self.max_length]

    @property
    def data(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """The values and the counts."""
        return np.array(self._values), np.array(self._counts)

    def _last(self, window_size: int | None) -> np.ndarray[Any, Any]:
        return np.array(self._values[-window_size:] if window_size else self._values)

    def mean(self, window_size: int | None = None) -> Any:
        """Return the sum of the last values over the sum of their counts."""
        counts = self._counts[-window_size:] if window_size else self._counts
        return self._last(window_size).sum() / np.sum(counts)

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
        return np.float64(self._values[-1])

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


class MessageHub(ManagerMixin):
    """Keeps quantities with their history (`log_scalars`) and any other values (`runtime_info`).

    Args:
        name: Name of the instance.
        log_scalars: Quantities to begin with.
        runtime_info: Values to begin with.
        resumed_keys: Which of them `state_dict` gives out.

    From: mmengine 0.10 `MessageHub`. There the runner adds its state; here it holds what users put
        into it, and asking for the runner's `epoch`, `iter` and the like is an error and not None.
    """

    def __init__(
        self,
        name: str,
        log_scalars: Mapping[str, HistoryBuffer] | None = None,
        runtime_info: Mapping[str, Any] | None = None,
        resumed_keys: Mapping[str, bool] | None = None,
    ) -> None:
        super().__init__(name)
        self.log_scalars: OrderedDict[str, HistoryBuffer] = OrderedDict(log_scalars or {})
        self.runtime_info: OrderedDict[str, Any] = OrderedDict(runtime_info or {})
        self._resumed_keys = dict(resumed_keys or {})

    @classmethod
    def get_current_instance(cls) -> "MessageHub":
        """Return the instance that was made last; one named 'mmengine' when there is none."""
        if not cls._instances:
            return cls.get_instance("mmengine")
        return super().get_current_instance()

    def update_scalar(self, key: str, value: Any, count: int = 1, resumed: bool = True) -> None:
        """Add a value to a quantity.

        Args:
            key: Name of the quantity.
            value: A number, or an array or tensor of one.
            count: How many values it is the sum of.
            resumed: Whether `state_dict` gives the quantity out; the same in every call.
        """
        self._remember(key, resumed)
        number = value if isinstance(value, int | float) else value.item()
        self.log_scalars.setdefault(key, HistoryBuffer()).update(number, count)

    def update_scalars(self, log_dict: Mapping[str, Any], resumed: bool = True) -> None:
        """Add a value to several quantities; a value may be a dict of `value` and `count`."""
        for key, entry in log_dict.items():
            value, count = entry, 1
            if isinstance(entry, Mapping):
                value, count = entry["value"], int(entry.get("count", 1))
            self.update_scalar(key, value, count, resumed)

    def update_info(self, key: str, value: Any, resumed: bool = True) -> None:
        """Set a value; `resumed` as in `update_scalar`."""
        self._remember(key, resumed)
        self.runtime_info[key] = value

    def update_info_dict(self, info_dict: Mapping[str, Any], resumed: bool = True) -> None:
        """Set several values."""
        for key, value in info_dict.items():
            self.update_info(key, value, resumed)

    def pop_info(self, key: str, default: Any = None) -> Any:
        """Take a value out."""
        return self.runtime_info.pop(key, default)

    def _remember(self, key: str, resumed: bool) -> None:
        if self._resumed_keys.setdefault(key, resumed) != resumed:
            raise ValueError(f"resumed of {key!r} must stay {not resumed}, got {resumed}")

    def get_scalar(self, key: str) -> HistoryBuffer:
        """Return the history of a quantity.

        Raises:
            KeyError: If there is none of that name.
        """
        if key not in self.log_scalars:
            raise KeyError(f"{key!r} is not among {list(self.log_scalars)}")
        return self.log_scalars[key]

    def get_info(self, key: str, default: Any = None) -> Any:
        """Return a value.

        Raises:
            UnsupportedValueError: If it is one that mmengine's runner keeps and nobody has set.
        """
        if key not in self.runtime_info and key in OF_THE_RUNNER:
            raise UnsupportedValueError(
                f"MessageHub.{key}",
                f"the value {key!r} of mmengine's runner is not kept here",
                next_step="Ask the runner that hooks get, or the Trainer: current_epoch, "
                "global_step, max_epochs.",
            )
        return self.runtime_info.get(key, default)

    def state_dict(self) -> dict[str, Any]:
        """Return copies of what is to be resumed."""
        resumed = {key for key, value in self._resumed_keys.items() if value}
        return {
            "log_scalars": _copy(self.log_scalars, resumed),
            "runtime_info": _copy(self.runtime_info, resumed),
            "resumed_keys": dict(self._resumed_keys),
        }

    def load_state_dict(self, state_dict: "Mapping[str, Any] | MessageHub") -> None:
        """Take over what another store gave out."""
        if isinstance(state_dict, MessageHub):
            self.log_scalars.clear()
            self.runtime_info.clear()
            state_dict = state_dict.state_dict()
        self.log_scalars.update(copy.deepcopy(state_dict["log_scalars"]))
        self.runtime_info.update(copy.deepcopy(state_dict["runtime_info"]))
        self._resumed_keys.update(state_dict["resumed_keys"])


def _copy(values: Mapping[str, Any], keys: set[str]) -> OrderedDict[str, Any]:
    return OrderedDict((key, copy.deepcopy(values[key])) for key in values if key in keys)

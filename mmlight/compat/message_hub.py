"""A store of values that parts of users' code leave for each other."""

import copy
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from mmlight.compat.history_buffer import HistoryBuffer, settle
from mmlight.compat.named_instance import ManagerMixin

OF_THE_RUNNER: Final = ("epoch", "iter", "max_epochs", "max_iters", "experiment_name", "seed")
"""What the runner of a run tells when it is asked for."""
OF_A_RUN: Final = ("train/", "val/", "test/")
"""How the names of values begin that the log of a run shows."""


class MessageHub(ManagerMixin):
    """Keeps quantities with their history (`log_scalars`) and any other values (`runtime_info`).

    Args:
        name: Name of the instance.
        log_scalars: Quantities to begin with.
        runtime_info: Values to begin with.
        resumed_keys: Which of them `state_dict` gives out.

    Attributes:
        runner: The runner of the run; it is asked for `epoch`, `iter`, ... when they are wanted.

    From: mmengine 0.10 `MessageHub`. Losses stay on the device until somebody looks at them.
    """

    def __init__(
        self,
        name: str,
        log_scalars: Mapping[str, HistoryBuffer] | None = None,
        runtime_info: Mapping[str, Any] | None = None,
        resumed_keys: Mapping[str, bool] | None = None,
    ) -> None:
        super().__init__(name)
        self.runner: Any = None
        self._scalars: OrderedDict[str, HistoryBuffer] = OrderedDict(log_scalars or {})
        self.runtime_info: OrderedDict[str, Any] = OrderedDict(runtime_info or {})
        self._resumed_keys = dict(resumed_keys or {})

    @classmethod
    def get_current_instance(cls) -> "MessageHub":
        """Return the instance that was made last; one named 'mmengine' when there is none."""
        if not cls._instances:
            return cls.get_instance("mmengine")
        return super().get_current_instance()

    @property
    def log_scalars(self) -> OrderedDict[str, HistoryBuffer]:
        """The quantities by name, with all values as numbers."""
        settle(self._scalars.values())
        return self._scalars

    def reserve(self, *keys: str) -> None:
        """Give quantities their places before the first values come."""
        for key in keys:
            self._remember(key, True)
            self._scalars.setdefault(key, HistoryBuffer())

    def record(self, key: str, value: Any) -> None:
        """Add a value that may be a tensor of one element, which is not looked at yet."""
        buffer = self._scalars.get(key)
        if buffer is None:
            self.reserve(key)
            buffer = self._scalars[key]
        buffer.append(value)

    def export_scalars(self, last: int | None) -> dict[str, list[list[Any]]]:
        """Return the last values and counts of each quantity that is resumed, as plain numbers."""
        kept = (item for item in self.log_scalars.items() if self._resumed_keys.get(item[0], True))
        return {key: buffer.export(last) for key, buffer in kept}

    def export_infos(self) -> dict[str, Any]:
        """Return the values that are resumed."""
        return {k: v for k, v in self.runtime_info.items() if self._resumed_keys.get(k)}

    def import_scalars(self, scalars: Mapping[str, Sequence[Sequence[Any]]]) -> None:
        """Take over what `export_scalars` gave out."""
        for key, (values, counts) in scalars.items():
            self._scalars[key] = HistoryBuffer(values, counts)

    def start(self, runner: Any) -> None:
        """Begin a run: forget the quantities and results of the one before, not users' values."""
        self._scalars.clear()
        for key in [key for key in self.runtime_info if key.startswith(OF_A_RUN)]:
            del self.runtime_info[key]
        self.runner = runner

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
        self._scalars.setdefault(key, HistoryBuffer()).update(number, count)

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
        if key not in self._scalars:
            raise KeyError(f"{key!r} is not among {list(self._scalars)}")
        return self._scalars[key]

    def get_info(self, key: str, default: Any = None) -> Any:
        """Return a value; that of the runner where nobody has set another one."""
        if key not in self.runtime_info and self.runner is not None:
            if key == "loop_stage":
                return self.runner.mode
            if key in OF_THE_RUNNER:
                return getattr(self.runner, key)
            if key == "cfg":
                return self.runner.cfg.pretty_text
            if key == "dataset_meta":
                dataset = getattr(self.runner.train_dataloader, "dataset", None)
                return getattr(dataset, "metainfo", default)
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
            self._scalars.clear()
            self.runtime_info.clear()
            state_dict = state_dict.state_dict()
        self._scalars.update(copy.deepcopy(state_dict["log_scalars"]))
        self.runtime_info.update(copy.deepcopy(state_dict["runtime_info"]))
        self._resumed_keys.update(state_dict["resumed_keys"])


def _copy(values: Mapping[str, Any], keys: set[str]) -> OrderedDict[str, Any]:
    return OrderedDict((key, copy.deepcopy(values[key])) for key in values if key in keys)

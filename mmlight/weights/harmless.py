"""Stand-ins for the classes that checkpoints hold beside tensors: logs, configs, numbers, paths.

`torch.load(weights_only=True)` refuses every class that is not listed. Those listed here are
replaced by classes of our own that hold what was stored and can do nothing; not even numpy's own
classes are used, for a crafted `numpy.ndarray` reads memory that it does not own.

To add a class: 1. write a stand-in that only keeps its arguments, or take `Record`; 2. add it with
the name that files use; 3. add the file to tests/weights/test_harmless.py.
"""

from collections import OrderedDict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt

NUMBER_KINDS: Final = "biufcSU"
"""Kinds of numpy types that hold plain values: booleans, numbers and strings."""


class HarmError(ValueError):
    """A value that could do harm, although its class is listed."""


class Record:
    """Stands in for a class whose attributes are plain values.

    Args:
        *args: What the class was made of.
        **kwargs: What the class was made of, by name.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args = args
        self.__dict__.update(kwargs)


class HistoryBuffer(Record):
    """Stands in for mmengine's log of one value."""


class Namespace(Record):
    """Stands in for the options that a training script was given."""


class Settings:
    """Stands in for the dicts of configs, whose entries are attributes as well."""

    def __new__(cls, *args: Any) -> Any:
        """Make a plain dict, the only kind that `torch.load` fills, of a mapping or of pairs."""
        is_whole = len(args) == 1 and not isinstance(args[0], tuple)
        return OrderedDict(args[0] if is_whole else args)


class Dtype:
    """Stands in for `numpy.dtype`.

    Args:
        name: Kind and size, such as 'f8'.
        *_: Ignored.

    Raises:
        HarmError: If it is not the type of a plain value.
    """

    def __init__(self, name: str, *_: Any) -> None:
        if not isinstance(name, str) or name.lstrip("<>=|")[:1] not in tuple(NUMBER_KINDS):
            raise HarmError(f"numpy values that are no numbers or strings but of dtype {name!r}")
        self.dtype: np.dtype[Any] = np.dtype(name)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        """Take the byte order."""
        self.dtype = self.dtype.newbyteorder(state[1])


class Array(np.ndarray[Any, Any]):
    """Stands in for `numpy.ndarray`; holds numbers and strings only."""

    def __new__(cls, *_: Any) -> "Array":
        """Make an empty one, whatever is asked for."""
        made: Array = np.ndarray.__new__(cls, (0,), "u1")
        return made

    def __setstate__(self, state: Any) -> None:
        """Take the values.

        Raises:
            HarmError: If they are not numbers or strings.
        """
        *_, shape, dtype, is_fortran, data = state
        if not isinstance(dtype, Dtype) or not isinstance(data, (bytes, str)):
            raise HarmError(f"numpy values whose bytes are {data!r}")
        data = data.encode("latin1") if isinstance(data, str) else data
        super().__setstate__((1, shape, dtype.dtype, is_fortran, data))


def _make_array(*_: Any) -> Array:
    """Stand in for the function by which numpy makes an array that is filled afterwards."""
    return Array()


def _make_scalar(dtype: Dtype, data: bytes | str) -> Any:
    """Stand in for the function by which numpy makes a number."""
    raw = data.encode("latin1") if isinstance(data, str) else data
    values: npt.NDArray[Any] = np.frombuffer(raw, dtype.dtype)
    return values[0]


def _name_of_method(owner: Any, name: str) -> str:
    """Stand in for `getattr`, by which a HistoryBuffer names its own methods; looks nothing up."""
    return name


def _join_path(*parts: str) -> str:
    """Stand in for a path: its text."""
    return "/".join(parts).replace("//", "/")


def _make_dict(*_: Any) -> OrderedDict[Any, Any]:
    """Stand in for `defaultdict`, which is made of a function: an empty dict."""
    return OrderedDict()


def _ignore(*_: Any) -> None:
    """Stand in for the function that a `defaultdict` is made of."""


_NUMPY: Final[dict[str, Any]] = {
    "numpy.ndarray": Array,
    "numpy.dtype": Dtype,
    **{
        f"numpy.{core}.multiarray.{name}": function  # numpy 2 has renamed its core
        for core in ("core", "_core")
        for name, function in (("_reconstruct", _make_array), ("scalar", _make_scalar))
    },
}
_CONFIGS: Final[dict[str, Any]] = dict.fromkeys(
    (
        *("mmcv.utils.config.ConfigDict", "mmengine.config.config.ConfigDict"),
        *("addict.addict.Dict", "addict.Dict"),
        "lightning.fabric.utilities.data.AttributeDict",
        "lightning_fabric.utilities.data.AttributeDict",
        "pytorch_lightning.utilities.parsing.AttributeDict",
        "lightning.pytorch.utilities.parsing.AttributeDict",
    ),
    Settings,
)
_PATHS: Final[dict[str, Any]] = {
    f"{module}.{name}": _join_path
    for module in ("pathlib", "pathlib._local")  # Python 3.13 has renamed it
    for name in ("Path", "PosixPath", "WindowsPath", "PurePath", "PurePosixPath", "PureWindowsPath")
}
HARMLESS: Final[dict[str, Callable[..., Any]]] = {
    "mmengine.logging.history_buffer.HistoryBuffer": HistoryBuffer,
    "builtins.getattr": _name_of_method,
    "mmengine.optim.scheduler.param_scheduler.OneCycleParamScheduler": Record,
    "argparse.Namespace": Namespace,
    "collections.defaultdict": _make_dict,
    **{f"builtins.{name}": _ignore for name in ("dict", "float", "int", "list", "str")},
    "datetime.datetime": datetime,
    "datetime.date": date,
    "datetime.timedelta": timedelta,
    **_NUMPY,
    **_CONFIGS,
    **_PATHS,
}
"""Name in a file -> what is used in its place."""


def list_harmless() -> list[Any]:
    """Return the stand-ins as `torch.serialization.safe_globals` takes them."""
    return [(stand_in, name) for name, stand_in in HARMLESS.items()]

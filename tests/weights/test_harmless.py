import argparse
import collections
import datetime
import functools
import pickle
import sys
import types
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest
import torch

from mmlight.errors import WeightsError
from mmlight.weights import harmless
from mmlight.weights.read import read_checkpoint


class Fake:
    """Builds modules of packages that are not installed, so that files can name them."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.patch = patch

    def __call__(self, name: str, code: str) -> Any:
        parts = name.split(".")
        for end in range(1, len(parts) + 1):
            path = ".".join(parts[:end])
            self.patch.setitem(sys.modules, path, types.ModuleType(path))
        module = sys.modules[name]
        exec(code, module.__dict__)
        return module


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    return Fake(monkeypatch)


def there_and_back(folder: Path, content: Any, **options: Any) -> Any:
    torch.save({"x": content}, folder / "a.pth", **options)
    return read_checkpoint(folder / "a.pth")["x"]


# ------------------------------------------------------------------ what comes through


@pytest.mark.parametrize(
    "name", ["f2", "f4", "f8", "i1", "i4", "i8", "u1", "u8", "b1", "c8", ">f4"]
)
@pytest.mark.parametrize("zipped", [True, False])
def test_reads_numbers_of_numpy(tmp_path: Path, name: str, zipped: bool) -> None:
    array = np.arange(6).reshape(2, 3).astype(name)
    options = {"_use_new_zipfile_serialization": zipped}
    found = there_and_back(tmp_path, [array, array.T, array[1, 2]], **options)
    assert found[0].tolist() == array.tolist()
    assert found[1].tolist() == array.T.tolist()
    assert (found[0].dtype, found[0].shape) == (array.dtype.newbyteorder("="), (2, 3))
    assert found[2] == array[1, 2]


def test_reads_strings_of_numpy(tmp_path: Path) -> None:
    assert there_and_back(tmp_path, np.array(["cat", "dog"])).tolist() == ["cat", "dog"]


CONFIG_DICT = """
class ConfigDict(dict):
    def __setstate__(self, state): pass
"""
MMENGINE = """
class ConfigDict(dict):
    def __reduce_ex__(self, proto):
        return (ConfigDict, (dict(self),), None, None, None)
"""
ADDICT = """
class Dict(dict):
    def __getnewargs__(self): return tuple(self.items())
    def __new__(cls, *args, **kwargs): return super().__new__(cls)
    def __init__(self, *args, **kwargs): self.update(dict(*args, **kwargs))
    def __getstate__(self): return self
    def __setstate__(self, state): self.update(state)
"""


@pytest.mark.parametrize(
    ("module", "name", "code"),
    [
        ("mmcv.utils.config", "ConfigDict", CONFIG_DICT),
        ("mmengine.config.config", "ConfigDict", MMENGINE),
        ("addict.addict", "Dict", ADDICT),
        ("pytorch_lightning.utilities.parsing", "AttributeDict", "class AttributeDict(dict): pass"),
    ],
)
def test_reads_configs(tmp_path: Path, fake: Fake, module: str, name: str, code: str) -> None:
    made = getattr(fake(module, code), name)
    content = made(lr=0.1, model=made(depth=50))
    torch.save({"meta": content}, tmp_path / "a.pth")
    fake.patch.undo()
    assert read_checkpoint(tmp_path / "a.pth")["meta"] == {"lr": 0.1, "model": {"depth": 50}}


def test_reads_the_log_of_mmengine(tmp_path: Path, fake: Fake) -> None:
    """A HistoryBuffer holds its own methods, which a pickle names by `getattr`."""
    code = "class HistoryBuffer:\n    def mean(self): return 1"
    made = fake("mmengine.logging.history_buffer", code).HistoryBuffer
    buffer = made()
    buffer.history, buffer.methods = np.arange(2.0), {"mean": made.mean}
    torch.save({"message_hub": {"loss": buffer}}, tmp_path / "a.pth")
    fake.patch.undo()
    found = read_checkpoint(tmp_path / "a.pth")["message_hub"]["loss"]
    assert type(found) is harmless.HistoryBuffer
    assert found.history.tolist() == [0, 1]
    assert found.methods == {"mean": "mean"}


def test_reads_the_state_of_a_schedule(tmp_path: Path, fake: Fake) -> None:
    code = "class OneCycleParamScheduler:\n    @staticmethod\n    def _annealing_cos(): pass"
    made = fake("mmengine.optim.scheduler.param_scheduler", code).OneCycleParamScheduler
    state = {"last_step": 3, "anneal_func": made._annealing_cos}
    torch.save({"param_schedulers": [state]}, tmp_path / "a.pth")
    fake.patch.undo()
    (found,) = read_checkpoint(tmp_path / "a.pth")["param_schedulers"]
    assert found == {"last_step": 3, "anneal_func": "_annealing_cos"}


def test_reads_what_training_scripts_leave_behind(tmp_path: Path) -> None:
    days = collections.defaultdict(list, {"a": [1]})
    found = there_and_back(
        tmp_path,
        {
            "args": argparse.Namespace(lr=0.1, output_dir=Path("/a/b")),
            "time": datetime.datetime(2024, 5, 6, 7),
            "day": datetime.date(2024, 5, 6),
            "took": datetime.timedelta(seconds=3),
            "days": days,
            "path": PurePosixPath("a/b.py"),
        },
    )
    assert (found["args"].lr, found["args"].output_dir) == (0.1, "/a/b")
    assert (found["time"].year, found["day"].month, found["took"].seconds) == (2024, 5, 3)
    assert (found["days"], found["path"]) == ({"a": [1]}, "a/b.py")


# ------------------------------------------------------------------ what does not


class Call:
    """Pickles as a call of a function."""

    def __init__(self, function: Any, *args: Any) -> None:
        self.call = function, args

    def __reduce__(self) -> Any:
        return self.call


def test_looks_nothing_up_for_a_file_that_asks_by_getattr(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="HistoryBuffer', which could run code"):
        there_and_back(tmp_path, Call(getattr, harmless.HistoryBuffer, "__init__"))


def test_makes_no_array_over_memory_that_is_not_its_own(tmp_path: Path) -> None:
    """numpy's own class would take the bytes for addresses of objects."""
    found = there_and_back(tmp_path, Call(np.ndarray, (1,), "O", b"\x41" * 8))
    assert (found.size, found.dtype) == (0, np.uint8)


@pytest.mark.parametrize(
    ("content", "dtype"),
    [
        (np.array([None, {}], dtype=object), "O8"),
        (np.zeros(2, dtype=[("a", "f4")]), "V4"),
        (np.array(["2024-01-01"], dtype="M8[D]"), "M8"),
    ],
)
def test_refuses_arrays_of_anything_but_numbers(tmp_path: Path, content: Any, dtype: str) -> None:
    words = f"holds numpy values that are no numbers or strings but of dtype '{dtype}', which could"
    with pytest.raises(WeightsError, match=words):
        there_and_back(tmp_path, content)


def test_refuses_arrays_filled_with_objects(tmp_path: Path) -> None:
    function, arguments, state = np.arange(2).__reduce__()[:3]

    class Filled:
        def __reduce__(self) -> Any:
            return function, arguments, (*state[:4], [{}, {}])

    with pytest.raises(WeightsError, match=r"numpy values whose bytes are \[{}, {}\], which could"):
        there_and_back(tmp_path, Filled())


def test_refuses_what_is_not_listed(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"holds 'functools\.partial', which could run code"):
        there_and_back(tmp_path, functools.partial(print))
    assert "functools.partial" not in harmless.HARMLESS


def test_uses_none_of_the_classes_that_it_stands_for() -> None:
    """Dates aside, which hold numbers only."""
    for name, stand_in in harmless.HARMLESS.items():
        is_ours = stand_in.__module__ == harmless.__name__
        assert is_ours or name.startswith("datetime."), name


def test_stand_ins_can_be_written_again() -> None:
    record = harmless.Namespace(lr=1)
    assert pickle.loads(pickle.dumps(record)).lr == 1

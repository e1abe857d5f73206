import functools
import os
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import torch

from mmlight.errors import WeightsError
from mmlight.weights import read
from mmlight.weights.read import find_state_dict, read_checkpoint

UNREACHABLE = "http://127.0.0.1:1/models/net_8xb32.pth?download=true"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of torch.hub of our own."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv(read.MIRROR_VARIABLE, raising=False)
    folder = tmp_path / "home" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def _save(path: Path, content: object, **options: bool) -> Path:
    torch.save(content, path, **options)
    return path


@pytest.mark.parametrize("zipped", [True, False])
def test_reads_the_file_format_of_torch_before_and_after_1_6(tmp_path: Path, zipped: bool) -> None:
    content = {"state_dict": {"a": torch.arange(3)}, "meta": {"epoch": 3, "time": "now"}}
    options = {"_use_new_zipfile_serialization": zipped}
    found = read_checkpoint(_save(tmp_path / "a.pth", content, **options))
    assert torch.equal(found["state_dict"]["a"], torch.arange(3))
    assert found["meta"] == {"epoch": 3, "time": "now"}


def test_reads_numpy_values_of_a_log(tmp_path: Path) -> None:
    content = {"a": np.float64(0.5), "b": np.arange(3), "c": np.float32(2), "d": np.int64(7)}
    found = read_checkpoint(_save(tmp_path / "a.pth", content))
    assert (found["a"], found["c"], found["d"]) == (0.5, 2.0, 7)
    assert found["b"].tolist() == [0, 1, 2]


def test_reads_the_log_of_mmengine_without_mmengine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A HistoryBuffer holds its own methods, which a pickle names by `getattr`."""
    name = "mmengine.logging.history_buffer"
    module = types.ModuleType(name)
    code = "class HistoryBuffer:\n    def mean(self): return 1"
    exec(code, module.__dict__)
    module.HistoryBuffer.__module__ = name
    monkeypatch.setitem(sys.modules, "mmengine", types.ModuleType("mmengine"))
    monkeypatch.setitem(sys.modules, "mmengine.logging", types.ModuleType("mmengine.logging"))
    monkeypatch.setitem(sys.modules, name, module)
    buffer = module.HistoryBuffer()
    buffer.history, buffer.methods = np.arange(2.0), {"mean": module.HistoryBuffer.mean}
    path = _save(tmp_path / "a.pth", {"message_hub": {"loss": buffer}, "epoch": 1})
    monkeypatch.undo()
    found = read_checkpoint(path)["message_hub"]["loss"]
    assert type(found) is read.HistoryBuffer
    assert found.history.tolist() == [0, 1]
    assert found.methods == {"mean": "mean"}


def test_looks_nothing_up_for_a_file_that_asks_by_getattr(tmp_path: Path) -> None:
    class Lookup:
        def __reduce__(self) -> tuple[object, tuple[object, str]]:
            return getattr, (read.HistoryBuffer, "__init__")

    monkey = {"x": Lookup()}
    with pytest.raises(WeightsError, match="HistoryBuffer', which could run code"):
        read_checkpoint(_save(tmp_path / "a.pth", monkey))


class _Touch:
    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.file}",)


def test_runs_nothing_when_a_file_holds_code(tmp_path: Path) -> None:
    path = _save(tmp_path / "a.pth", {"state_dict": {}, "x": _Touch(tmp_path / "touched")})
    with pytest.raises(WeightsError, match=r"holds 'posix\.system', which could run code") as error:
        read_checkpoint(path)
    assert error.value.path == str(path)
    assert "weights_only" not in str(error.value)
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (torch.nn.ReLU(), "torch.nn.modules.activation.ReLU"),
        ({"a": functools.partial(print)}, "functools.partial"),
    ],
)
def test_names_the_class_when_it_is_not_allowed(tmp_path: Path, content: object, name: str) -> None:
    with pytest.raises(WeightsError, match=f"holds '{name}', which could run code"):
        read_checkpoint(_save(tmp_path / "a.pth", content))


@pytest.mark.parametrize("zipped", [True, False])
def test_says_how_much_there_is_when_a_file_is_cut(tmp_path: Path, zipped: bool) -> None:
    content = {"a": torch.zeros(500)}
    path = _save(tmp_path / "a.pth", content, _use_new_zipfile_serialization=zipped)
    path.write_bytes(path.read_bytes()[:1234])
    with pytest.raises(WeightsError, match=r"damaged, not whole \(1234 bytes\)"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"version https://git-lfs", "this is no checkpoint; it begins with b'version https://"),
        (b"", "the checkpoint is empty; it has 0 bytes"),
    ],
)
def test_says_what_a_file_is_when_it_is_no_checkpoint(
    tmp_path: Path, content: bytes, problem: str
) -> None:
    (tmp_path / "a.pth").write_bytes(content)
    with pytest.raises(WeightsError) as error:
        read_checkpoint(tmp_path / "a.pth")
    assert error.value.problem.startswith(problem)


def test_says_what_a_checkpoint_holds_when_it_is_no_dict(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="the checkpoint holds a list"):
        read_checkpoint(_save(tmp_path / "a.pth", [1]))


def test_names_the_neighbour_when_a_file_is_missing(tmp_path: Path) -> None:
    _save(tmp_path / "epoch_10.ckpt", {})
    with pytest.raises(WeightsError, match="no such checkpoint file") as error:
        read_checkpoint(tmp_path / "epoch_1.ckpt")
    assert error.value.nearest == "epoch_10.ckpt"
    assert error.value.next_step == f"Correct the path; it starts at {Path.cwd()}."
    with pytest.raises(WeightsError, match="this is a folder"):
        read_checkpoint(tmp_path)


# ------------------------------------------------------------------ addresses


def test_takes_a_file_from_the_cache(cache: Path) -> None:
    _save(cache / "net_8xb32.pth", {"epoch": 1})
    assert read_checkpoint(UNREACHABLE) == {"epoch": 1}


def test_takes_a_file_from_the_mirror_folder_first(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _save(cache / "net_8xb32.pth", {"epoch": 1})
    _save(tmp_path / "net_8xb32.pth", {"epoch": 2})
    monkeypatch.setenv(read.MIRROR_VARIABLE, str(tmp_path))
    assert read_checkpoint(UNREACHABLE) == {"epoch": 2}


def test_fetches_once_from_the_mirror_address(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = tmp_path / "served" / "models"
    served.mkdir(parents=True)
    path = _save(served / "net_8xb32.pth", {"epoch": 3})
    monkeypatch.setenv(read.MIRROR_VARIABLE, (tmp_path / "served").as_uri())
    assert read_checkpoint(UNREACHABLE) == {"epoch": 3}
    path.unlink()
    assert (cache / "net_8xb32.pth").is_file()
    assert read_checkpoint(UNREACHABLE) == {"epoch": 3}


def test_names_file_and_folders_when_an_address_cannot_be_reached(cache: Path) -> None:
    with pytest.raises(WeightsError, match="the weights cannot be fetched from http://") as error:
        read_checkpoint(UNREACHABLE)
    assert error.value.path == UNREACHABLE
    assert error.value.next_step == (
        f"Get net_8xb32.pth elsewhere and put it into {cache}, or into the folder that the "
        "environment variable MMLIGHT_WEIGHTS_MIRROR names."
    )
    assert not list(cache.iterdir())


@pytest.mark.parametrize("url", ["torchvision://resnet50", "open-mmlab://resnet50"])
def test_names_the_scheme_when_it_is_unknown(url: str) -> None:
    scheme = url.split(":")[0]
    with pytest.raises(WeightsError, match=f"unknown url type: {scheme}") as error:
        read_checkpoint(url)
    assert "Get resnet50 elsewhere" in error.value.next_step


# ------------------------------------------------------------------ layouts


@pytest.mark.parametrize("wrap", [lambda s: s, lambda s: {"state_dict": s}, lambda s: {"model": s}])
def test_finds_the_weights_in_every_layout(wrap: object) -> None:
    state = {"module.a.weight": torch.ones(1), "b": torch.zeros(2)}
    found = find_state_dict(wrap(state))  # type: ignore[operator]
    assert list(found) == ["a.weight", "b"]


def test_leaves_out_what_is_no_tensor() -> None:
    assert list(find_state_dict({"a": torch.ones(1), "_metadata": {}, "version": 2})) == ["a"]

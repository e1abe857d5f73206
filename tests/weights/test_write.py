from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import Tensor

import mmlight
from mmlight.errors import WeightsError
from mmlight.weights.read import read_checkpoint
from mmlight.weights.write import (
    SUFFIXES,
    check_suffix,
    write_again,
    write_ckpt,
    write_file,
    write_mm,
    write_plain,
)

BASE = torch.arange(1000.0).reshape(10, 100)
STATE: dict[str, Tensor] = {"a.weight": BASE[:2], "a.turned": BASE[:2].t(), "b": torch.tensor(3)}


def assert_same(found: dict[str, Tensor]) -> None:
    assert found.keys() == STATE.keys()
    for name, value in STATE.items():
        assert torch.equal(found[name], value), name


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".bin", ".safetensors"])
def test_writes_for_the_originals(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    write_mm(path, STATE, ["cat", "dog"])
    content = read_checkpoint(path)
    assert_same(content["state_dict"])
    meta = content["meta"]
    assert meta["CLASSES"] == meta["dataset_meta"]["classes"] == ["cat", "dog"]
    assert (meta["mmcls_version"], meta["mmpretrain_version"]) == ("0.25.0", "1.2.0")
    assert (meta["mmlight_version"], meta["words"]) == (mmlight.__version__, "mm")


def test_leaves_the_classes_out_when_there_are_none(tmp_path: Path) -> None:
    write_mm(tmp_path / "a.pth", STATE)
    assert not {"CLASSES", "dataset_meta"} & read_checkpoint(tmp_path / "a.pth")["meta"].keys()


def test_writes_nothing_but_tensors_for_timm(tmp_path: Path) -> None:
    write_plain(tmp_path / "a.pth", STATE, ["cat"])
    assert_same(torch.load(tmp_path / "a.pth", weights_only=True))
    write_plain(tmp_path / "a.safetensors", STATE, ["cat"])
    with safe_open(tmp_path / "a.safetensors", "pt") as file:
        words = file.metadata()
    assert (words["format"], words["words"]) == ("pt", "timm")
    assert words["dataset_meta"] == '{"classes": ["cat"]}'


def test_writes_a_checkpoint_that_describes_its_run(tmp_path: Path) -> None:
    write_ckpt(tmp_path / "a.ckpt", STATE, ["cat"], "model: {}")
    content = read_checkpoint(tmp_path / "a.ckpt")
    assert_same(content["state_dict"])
    assert content["mmlight"] == {"spec": "model: {}", "classes": ["cat"]}
    assert content["epoch"] == 0


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_keeps_what_stood_beside_the_weights(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    write_again(path, STATE, {"epoch": 3, "CLASSES": ["cat"], "cfg": "a = 1"})
    content = read_checkpoint(path)
    assert_same(content["state_dict"])
    assert {**content["meta"]}.items() >= {"epoch": 3, "CLASSES": ["cat"], "cfg": "a = 1"}.items()
    write_again(path, STATE, None)
    assert "epoch" not in read_checkpoint(path).get("meta", {})


def test_writes_no_more_than_it_must(tmp_path: Path) -> None:
    """Views would be written with all that they look at."""
    write_plain(tmp_path / "a.pth", {"a": torch.zeros(1_000_000)[:10]})
    assert (tmp_path / "a.pth").stat().st_size < 10_000


def test_writes_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.pth").write_bytes(b"before")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", fail)
    with pytest.raises(WeightsError, match="the file cannot be written: No space left") as error:
        write_file(tmp_path / "a.pth", {"state_dict": STATE})
    assert error.value.path == str(tmp_path / "a.pth")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["a.pth"]
    assert (tmp_path / "a.pth").read_bytes() == b"before"


def test_names_the_file_when_its_folder_is_missing(tmp_path: Path) -> None:
    for name in ("a.pth", "a.safetensors"):
        with pytest.raises(
            WeightsError, match=f"no/{name}: the file cannot be written: .*(o such|not exist)"
        ):
            write_plain(tmp_path / "no" / name, STATE)


@pytest.mark.parametrize(
    ("name", "nearest"), [("a.safetensor", ".safetensors"), ("a.h5", None), ("a", None)]
)
def test_names_the_suffixes_when_one_is_unknown(name: str, nearest: str | None) -> None:
    suffix = Path(name).suffix
    with pytest.raises(
        WeightsError, match=f"{name}: the suffix {suffix!r} says no format"
    ) as error:
        check_suffix(name)
    assert error.value.nearest == nearest
    for known in SUFFIXES:
        assert known in error.value.expected
        assert check_suffix(f"x{known}").suffix == known

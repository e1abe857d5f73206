import contextlib
import gzip
import io
import os
import pickle
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn

from mmlight.errors import WeightsError
from mmlight.weights import locate
from mmlight.weights.read import (
    REVISE_KEYS,
    find_state_dict,
    find_weights,
    read_checkpoint,
    read_state,
    select_part,
)

ONE = torch.ones(1)


def _save(path: Path, content: object, **options: Any) -> Path:
    torch.save(content, path, **options)
    return path


# ------------------------------------------------------------------ what can be read


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("lazily", [True, False])
def test_reads_the_file_format_of_torch_before_and_after_1_6(
    tmp_path: Path, zipped: bool, lazily: bool
) -> None:
    content = {"state_dict": {"a": torch.arange(3)}, "meta": {"epoch": 3, "time": "now"}}
    options = {"_use_new_zipfile_serialization": zipped}
    found = read_checkpoint(_save(tmp_path / "a.pth", content, **options), lazily=lazily)
    assert torch.equal(found["state_dict"]["a"], torch.arange(3))
    assert found["meta"] == {"epoch": 3, "time": "now"}


@pytest.mark.parametrize("name", ["a.safetensors", "a.pth", "a"])
def test_reads_safetensors_whatever_they_are_called(tmp_path: Path, name: str) -> None:
    words = {"format": "pt", "dataset_meta": '{"classes": ["cat"]}'}
    save_file({"a": torch.arange(3)}, tmp_path / name, metadata=words)
    found = read_checkpoint(tmp_path / name)
    assert torch.equal(found["state_dict"]["a"], torch.arange(3))
    assert found["meta"] == {"format": "pt", "dataset_meta": {"classes": ["cat"]}}


def test_reads_a_pth_whatever_it_is_called(tmp_path: Path) -> None:
    assert read_checkpoint(_save(tmp_path / "a.safetensors", {"a": 1})) == {"a": 1}


def test_reads_to_a_device(tmp_path: Path) -> None:
    path = _save(tmp_path / "a.pth", {"a": ONE})
    assert read_checkpoint(path, map_location="meta")["a"].device.type == "meta"
    assert read_state(path, map_location=torch.device("meta"))["a"].device.type == "meta"


@pytest.mark.parametrize("device", ["cuda:99", "gpu"])
def test_names_the_device_when_there_is_none(tmp_path: Path, device: str) -> None:
    path = _save(tmp_path / "a.pth", {"a": ONE})
    with pytest.raises(WeightsError, match=f"map_location='{device}' is no device of this") as e:
        read_checkpoint(path, map_location=device)
    assert e.value.path == str(path)


# ------------------------------------------------------------------ what runs nothing


class Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, file: Path, function: Any = os.system) -> None:
        self.file, self.function = file, function

    def __reduce__(self) -> Any:
        if self.function is os.system:
            return os.system, (f"touch {self.file}",)
        return self.function, (str(self.file), "w")


def _wrap_in_zip(path: Path, data: bytes) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", data)
        archive.writestr("archive/version", "3\n")
        archive.writestr("archive/byteorder", "little")


def _write_tar(path: Path, data: bytes) -> None:
    with tarfile.open(path, "w") as archive:
        info = tarfile.TarInfo("sys_info")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))


NESTED = {
    "top": lambda trap: trap,
    "state": lambda trap: {"state_dict": {"a": ONE, "b": trap}},
    "meta": lambda trap: {"state_dict": {"a": ONE}, "meta": {"deep": [{"x": (trap,)}]}},
    "key": lambda trap: {"state_dict": {"a": ONE}, "meta": [trap, trap]},
    "optimizer": lambda trap: {"state_dict": {"a": ONE}, "optimizer": {"state": {0: trap}}},
}


@pytest.mark.parametrize("place", NESTED)
@pytest.mark.parametrize("zipped", [True, False])
def test_runs_nothing_wherever_code_hides(tmp_path: Path, place: str, zipped: bool) -> None:
    trap = NESTED[place](Touch(tmp_path / "touched"))
    options = {"_use_new_zipfile_serialization": zipped}
    path = _save(tmp_path / "a.pth", trap, **options)
    with pytest.raises(WeightsError, match=r"holds 'posix\.system', which could run code") as error:
        read_checkpoint(path)
    assert error.value.path == str(path)
    assert "weights_only" not in str(error.value)
    assert "add_safe_globals" not in str(error.value)
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("write", ["plain", "zip", "tar", "legacy"])
def test_runs_nothing_in_any_container(tmp_path: Path, write: str, protocol: int) -> None:
    trap = {"a": Touch(tmp_path / "touched", open)}
    data = pickle.dumps(trap, protocol)
    path = tmp_path / "a.pth"
    if write == "plain":
        path.write_bytes(data)
    elif write == "zip":
        _wrap_in_zip(path, data)
    elif write == "tar":
        _write_tar(path, data)
    else:
        _save(path, trap, pickle_protocol=protocol, _use_new_zipfile_serialization=False)
    with pytest.raises(WeightsError, match=r"a\.pth: ") as error:
        read_checkpoint(path)
    assert "weights_only" not in str(error.value)
    assert not (tmp_path / "touched").exists()
    pickle.loads(data)["a"].close()  # the trap itself works
    assert (tmp_path / "touched").exists()


def test_runs_nothing_when_code_comes_as_a_tensor_attribute(tmp_path: Path) -> None:
    tensor = nn.Parameter(torch.ones(2))
    tensor.trap = Touch(tmp_path / "touched")  # type: ignore[attr-defined]
    with pytest.raises(WeightsError, match=r"holds 'posix\.system'"):
        read_checkpoint(_save(tmp_path / "a.pth", {"a": tensor}))
    assert not (tmp_path / "touched").exists()


def test_runs_nothing_of_a_pickled_module(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"holds 'torch\.nn\.modules\.activation\.ReLU'"):
        read_checkpoint(_save(tmp_path / "a.pth", nn.ReLU()))


def test_the_trap_is_a_trap(tmp_path: Path) -> None:
    """Otherwise the tests above would pass for nothing."""
    path = _save(tmp_path / "a.pth", {"x": Touch(tmp_path / "touched")})
    torch.load(path, weights_only=False)
    assert (tmp_path / "touched").exists()


@given(st.binary(max_size=60))
def test_reads_or_refuses_whatever_a_pickle_says(noise: bytes) -> None:
    data = b"\x80\x02" + noise
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"noise-{os.getpid()}.pth"
    _wrap_in_zip(path, data)
    with contextlib.suppress(WeightsError):
        assert isinstance(read_checkpoint(path), dict)
    path.unlink()


# ------------------------------------------------------------------ what is no checkpoint


@pytest.mark.parametrize("zipped", [True, False])
def test_says_how_much_there_is_when_a_file_is_cut(tmp_path: Path, zipped: bool) -> None:
    content = {"a": torch.zeros(500)}
    path = _save(tmp_path / "a.pth", content, _use_new_zipfile_serialization=zipped)
    path.write_bytes(path.read_bytes()[:1234])
    with pytest.raises(WeightsError, match=r"damaged, not whole \(1234 bytes\)") as error:
        read_checkpoint(path)
    assert error.value.next_step == "Fetch or save the file again."


def test_says_how_much_there_is_when_safetensors_are_cut(tmp_path: Path) -> None:
    save_file({"a": torch.zeros(500)}, tmp_path / "a.safetensors")
    path = tmp_path / "a.safetensors"
    path.write_bytes(path.read_bytes()[:1234])
    with pytest.raises(WeightsError, match=r"damaged, not whole \(1234 bytes\)"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:a\nsize 3", "this is a Git LFS"),
        (b"<!doctype html>", "this is a web page and no checkpoint; it begins with b'<!doctype"),
        (b"model = dict(type='ImageClassifier')", "this is a text and no checkpoint"),
        (gzip.compress(b"a", mtime=0), "this is a gzip archive and no checkpoint"),
        (b"", "the checkpoint is empty; it has 0 bytes"),
    ],
)
def test_says_what_a_file_is_when_it_is_no_checkpoint(
    tmp_path: Path, content: bytes, problem: str
) -> None:
    (tmp_path / "a.pth").write_bytes(content)
    with pytest.raises(WeightsError) as error:
        read_checkpoint(tmp_path / "a.pth")
    assert error.value.path == str(tmp_path / "a.pth")
    assert error.value.problem.startswith(problem)


def test_says_that_a_program_is_no_state_dict(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.pt", "w") as archive:  # as torch.jit.save lays it out
        for name in ("data.pkl", "constants.pkl", "version", "code/__torch__.py"):
            archive.writestr(f"archive/{name}", b"\x80\x02}.")
    with pytest.raises(WeightsError, match="this is a TorchScript program, which holds code"):
        read_checkpoint(tmp_path / "a.pt")


def test_says_that_numbers_alone_are_no_checkpoint(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", a=np.zeros(3))
    with pytest.raises(WeightsError, match=r"this is a numpy archive \(\.npz\)"):
        read_checkpoint(tmp_path / "a.npz")


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


def test_reads_what_it_has_fetched(server, cache: Path, tmp_path: Path) -> None:
    server.files["/v0/a.pth"] = _save(tmp_path / "a.pth", {"epoch": 1}).read_bytes()
    for _ in range(2):
        assert read_checkpoint(f"{server.url}/v0/a.pth?download=true") == {"epoch": 1}
    assert server.asked == ["/v0/a.pth"]
    assert (cache / "a.pth").is_file()


def test_reads_the_backbone_of_a_classifier_of_the_zoo(cache: Path) -> None:
    state = {"backbone.conv1.weight": ONE, "head.fc.weight": ONE}
    name = "resnet18_8xb32_in1k_20210831-fbbb1da6.pth"
    _save(cache / name, {"state_dict": state, "meta": {}})
    assert list(read_state("mmcls://resnet18")) == ["conv1.weight"]


def test_reads_published_weights_of_timm_by_the_names_of_today(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(1)
    theirs = timm.create_model("test_resnet").state_dict()
    save_file(dict(theirs), cache / "test_resnet.r160_in1k.safetensors")
    monkeypatch.setattr(locate, "fetch_file", lambda *_: pytest.fail("nothing may be fetched"))
    found = read_state("timm/test_resnet")
    assert found.keys() == theirs.keys()
    assert all(torch.equal(found[name], value) for name, value in theirs.items())


# ------------------------------------------------------------------ layouts


@pytest.mark.parametrize(
    "wrap",
    [
        lambda s: s,
        lambda s: {"state_dict": s, "meta": {}, "optimizer": {"state": {}}},
        lambda s: {"model": s, "epoch": 3},
        lambda s: {"model": {"state_dict": s}},
        lambda s: {"module": s},
        lambda s: {"state_dict": s, "state_dict_ema": {"a.weight": ONE * 2}},
        lambda s: {"state_dict": s, "ema_state_dict": {"module.a.weight": ONE * 2}},
    ],
)
def test_finds_the_weights_in_every_layout(wrap: Any) -> None:
    state = {"module.a.weight": torch.ones(1), "b": torch.zeros(2)}
    found = find_state_dict(wrap(state))
    assert list(found) == ["a.weight", "b"]
    assert found["a.weight"] is state["module.a.weight"]


def test_leaves_out_what_is_no_tensor() -> None:
    assert list(find_state_dict({"a": ONE, "_metadata": {}, "version": 2})) == ["a"]


@pytest.mark.parametrize(
    ("content", "has", "next_step"),
    [
        (
            {"teacher": {"a": ONE}, "epoch": 3},
            r"teacher \(dict\), epoch \(int\)",
            "Save 'teacher' by itself",
        ),
        ({}, "nothing", ""),
        ({"state_dict": {}}, "state_dict", ""),
    ],
)
def test_names_what_there_is_when_there_are_no_weights(
    content: dict[str, Any], has: str, next_step: str
) -> None:
    with pytest.raises(
        WeightsError, match=f"a.pth: the checkpoint holds no weights; .* {has}"
    ) as e:
        find_weights(content, "a.pth")
    assert e.value.next_step.startswith(next_step)


# ------------------------------------------------------------------ names

parts = st.lists(st.sampled_from(["module", "backbone", "a", "b1"]), min_size=1, max_size=4)
states = st.lists(parts.map(".".join), unique=True, max_size=6).map(lambda n: dict.fromkeys(n, ONE))


@given(states)
def test_changes_no_name_when_nothing_is_revised(state: dict[str, torch.Tensor]) -> None:
    assert list(find_state_dict(state, ())) == list(state)


@given(states, st.sampled_from(["x.", "backbone.", "y1.z."]))
def test_takes_away_the_prefix_that_it_has_added(state: Any, prefix: str) -> None:
    added = find_state_dict(state, [("^", prefix)])
    assert list(added) == [prefix + name for name in state]
    assert list(find_state_dict(added, [(f"^{prefix}", "")])) == list(state)
    if state:
        assert list(select_part(added, prefix, "a.pth")) == list(state)
        assert list(select_part(added, prefix.rstrip("."), "a.pth")) == list(state)


@given(states)
def test_revises_in_the_order_given(state: Any) -> None:
    """Two lists one after the other are one list."""
    first, second = ("a", "c"), ("c", "dd")
    together = find_state_dict(state, [first, second])
    assert list(together) == list(find_state_dict(find_state_dict(state, [first]), [second]))


def test_takes_module_away_once() -> None:
    state = {"module.module.a": ONE, "b.module.c": ONE}
    assert list(find_state_dict(state, REVISE_KEYS)) == ["module.a", "b.module.c"]


def test_refuses_to_lose_a_tensor_by_its_new_name() -> None:
    with pytest.raises(WeightsError, match=r"revise_keys \('\^\.', ''\) gives two .* name '\.w'"):
        find_state_dict({"a.w": ONE, "b.w": ONE}, [("^.", "")])


def test_names_the_prefixes_when_the_given_one_is_wrong() -> None:
    with pytest.raises(WeightsError, match=r"a.pth: no tensor has the prefix 'encoder\.'") as error:
        select_part({"backbone.a": ONE, "head.b": ONE, "encoder": ONE}, "encoder", "a.pth")
    assert error.value.expected == "one of backbone, encoder, head"


def test_takes_names_that_are_no_texts(tmp_path: Path) -> None:
    torch.save({1: torch.ones(1), "x": torch.ones(1)}, tmp_path / "a.pth")
    assert read_state(str(tmp_path / "a.pth")).keys() == {"1", "x"}


def test_refuses_a_file_with_a_changed_byte(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    torch.save({"state_dict": {"a": torch.zeros(999)}}, path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=rf"the checkpoint is damaged \({len(content)} bytes\)"):
        read_checkpoint(str(path))


def test_takes_a_file_without_checksums(tmp_path: Path) -> None:
    torch.serialization.set_crc32_options(False)
    try:
        torch.save({"a": torch.ones(9)}, tmp_path / "a.pth")
    finally:
        torch.serialization.set_crc32_options(True)
    assert read_state(str(tmp_path / "a.pth"))["a"].tolist() == [1] * 9

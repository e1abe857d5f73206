from pathlib import Path
from typing import Any

import pytest
import timm
import torch

import mmlight
from mmlight.errors import WeightsError
from mmlight.weights.convert import convert_checkpoint, match_checkpoint
from mmlight.weights.read import read_checkpoint, read_state
from mmlight.weights.timm_rules import DIFFERENCES
from tests.runs import LENET_NEW, LENET_OLD, assert_same_weights, write_config

RESNET = """
model = dict(
    type='ImageClassifier',
    backbone=dict(type='ResNetV1d', depth=18, out_indices=(3, )),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=7, in_channels=512))
"""
TIMM_NAME = "layer1.0.downsample.1.weight"


@pytest.fixture
def config(tmp_path: Path) -> str:
    return str(write_config(tmp_path, RESNET))


@pytest.fixture
def theirs(tmp_path: Path) -> str:
    """Weights of a network of timm, which is the config's."""
    torch.manual_seed(0)
    torch.save(timm.create_model("resnet18d", num_classes=7).state_dict(), tmp_path / "theirs.pth")
    return str(tmp_path / "theirs.pth")


@pytest.mark.parametrize("middle", ["mm.pth", "mm.safetensors", "mm.bin"])
def test_comes_back_to_timm(tmp_path: Path, config: str, theirs: str, middle: str) -> None:
    there = convert_checkpoint(theirs, tmp_path / middle, config)
    state = read_state(theirs)
    assert (there.words, there.tensors) == ("mm", len(state))
    assert there.report is not None
    assert (there.report.words, there.report.is_exact) == ("timm", True)
    assert "backbone.stem.0.conv.weight" in read_state(there.path)
    back = convert_checkpoint(there.path, tmp_path / "back.pth", config, to="timm")
    assert back.words == "timm"
    assert_same_weights(torch.load(back.path, weights_only=True), state)
    timm.create_model("resnet18d", num_classes=7).load_state_dict(read_state(back.path))


def test_writes_a_checkpoint_that_is_enough_by_itself(tmp_path: Path) -> None:
    config = write_config(tmp_path, LENET_NEW)
    model = mmlight.init_model(config)
    names = model.name_map().state_dict_to_mm(model.state_dict()).state
    meta = {"dataset_meta": {"classes": tuple("abcdefghij")}}
    torch.save({"state_dict": names, "meta": meta}, tmp_path / "mm.pth")
    done = convert_checkpoint(str(tmp_path / "mm.pth"), tmp_path / "ours.ckpt", config)
    assert done.words == "mmlight"
    again = mmlight.init_model(checkpoint=done.path)
    assert again.classes == tuple("abcdefghij")
    assert_same_weights(again.state_dict(), model.state_dict())
    back = convert_checkpoint(done.path, tmp_path / "back.pth")  # no config: it describes itself
    assert (back.words, back.tensors) == ("mm", len(names))
    assert_same_weights(read_state(back.path), names)
    assert read_checkpoint(back.path)["meta"]["CLASSES"] == list("abcdefghij")


def test_changes_the_container_alone_without_a_config(tmp_path: Path, theirs: str) -> None:
    content = {"state_dict": read_state(theirs), "meta": {"CLASSES": ["cat"], "epoch": 3}}
    torch.save(content, tmp_path / "mm.pth")
    done = convert_checkpoint(str(tmp_path / "mm.pth"), tmp_path / "a.safetensors")
    assert (done.words, done.report) == ("", None)
    convert_checkpoint(done.path, tmp_path / "b.pth")
    found = read_checkpoint(tmp_path / "b.pth")
    assert_same_weights(found["state_dict"], content["state_dict"])
    assert (found["meta"]["CLASSES"], found["meta"]["epoch"]) == (["cat"], 3)


def test_takes_overrides_and_reads_safely(tmp_path: Path, theirs: str) -> None:
    config = str(write_config(tmp_path, RESNET.replace("num_classes=7", "num_classes=1000")))
    with pytest.raises(
        WeightsError, match=r"'head\.fc\.weight' has another shape than in"
    ) as error:
        convert_checkpoint(theirs, tmp_path / "a.pth", config)
    assert error.value.path == theirs
    assert "--cfg-options model.head.num_classes=N" in error.value.next_step
    assert not (tmp_path / "a.pth").exists()
    options: Any = {"overrides": ["model.head.num_classes=7"], "safe": True}
    assert convert_checkpoint(theirs, tmp_path / "a.pth", config, **options).tensors == 134


def test_writes_what_it_has_of_a_part(tmp_path: Path, config: str, theirs: str) -> None:
    state = {name: value for name, value in read_state(theirs).items() if not name.startswith("fc")}
    torch.save(state, tmp_path / "backbone.pth")
    done = convert_checkpoint(str(tmp_path / "backbone.pth"), tmp_path / "mm.pth", config)
    assert done.report is not None
    assert done.report.missing == ("head.fc.weight", "head.fc.bias")
    assert not [name for name in read_state(done.path) if name.startswith("head.")]


@pytest.mark.parametrize(
    ("target", "to", "problem"),
    [
        ("a.pth", "timm", "to give it the names of timm its model must be known"),
        ("a.ckpt", None, "to give it the names of mmlight its model must be known"),
        ("a.pth", "mmlight", "'mmlight' does not go with a.pth"),
        ("a.ckpt", "mm", "'mm' does not go with a.ckpt"),
        ("a.pth", "torchvision", "'torchvision' names nobody whose names are known"),
        ("a.xyz", None, "the suffix '.xyz' says no format that can be written"),
    ],
)
def test_says_what_cannot_be_done(
    tmp_path: Path, theirs: str, target: str, to: str | None, problem: str
) -> None:
    with pytest.raises(WeightsError) as error:
        convert_checkpoint(theirs, tmp_path / target, to=to)
    assert problem in error.value.problem
    assert not (tmp_path / target).exists()


def test_names_the_nearest_words(tmp_path: Path, theirs: str) -> None:
    with pytest.raises(WeightsError, match="'tim' names nobody") as error:
        convert_checkpoint(theirs, tmp_path / "a.pth", to="tim")
    assert (error.value.path, error.value.nearest) == ("--to", "timm")


def test_has_no_twin_of_lenet_in_timm(tmp_path: Path) -> None:
    config = write_config(tmp_path, LENET_OLD)
    torch.save(mmlight.init_model(config).state_dict(), tmp_path / "ours.pth")
    with pytest.raises(WeightsError, match="timm has no network that is a LeNet5"):
        convert_checkpoint(str(tmp_path / "ours.pth"), tmp_path / "a.pth", config, to="timm")


def test_follows_no_description_of_a_checkpoint_when_told_to_be_safe(tmp_path: Path) -> None:
    content = {"state_dict": {"a": torch.ones(1)}, "mmlight": {"spec": "model: {}"}}
    torch.save(content, tmp_path / "a.ckpt")
    with pytest.raises(WeightsError, match="its model must be known"):
        convert_checkpoint(str(tmp_path / "a.ckpt"), tmp_path / "b.pth", safe=True)


def test_says_what_fits(config: str, theirs: str) -> None:
    report = match_checkpoint(theirs, config)
    assert (report.is_exact, report.words, len(report.loaded)) == (True, "timm", 134)
    report = match_checkpoint(theirs, config, overrides=["model.head.num_classes=9"])
    assert report.dropped == ("head.fc.weight", "head.fc.bias")


def test_tells_when_timm_will_compute_something_else(
    config: str, theirs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    convert_checkpoint(theirs, tmp_path / "mm.pth", config)
    source, target = str(tmp_path / "mm.pth"), tmp_path / "timm.pth"
    done = convert_checkpoint(source, target, config, to="timm")
    assert done.report is not None
    assert done.report.caution == ""
    kind = type(mmlight.init_model(config).backbone).__name__
    monkeypatch.setitem(DIFFERENCES, kind, "it pools first")
    done = convert_checkpoint(source, target, config, to="timm")
    assert done.report is not None
    assert done.report.caution == "it pools first"

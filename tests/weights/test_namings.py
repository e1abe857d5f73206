from typing import Any

import pytest
import torch
import torchvision
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from mmlight.models.backbones.resnet import ResNetV1d
from mmlight.models.heads.linear_head import LinearClsHead
from mmlight.models.losses.seesaw_loss import SeesawLoss
from mmlight.weights.name_map import name_map
from mmlight.weights.namings import WRAPPERS, find_naming
from mmlight.weights.timm_names import timm_map


def build() -> nn.Module:
    """Return a classifier whose names differ in all namings."""
    model = nn.Module()
    with torch.device("meta"):
        model.backbone = ResNetV1d(50)
        model.head = nn.ModuleDict({"fc": nn.Linear(2048, 3)})
    return model


MODEL = build()
OURS = MODEL.state_dict()
STATES: dict[str, Any] = {
    "mmlight": OURS,
    "mm": name_map(MODEL).state_dict_to_mm(OURS).state,
    "timm": timm_map(MODEL).state_dict_to_mm(OURS).state,  # type: ignore[union-attr]
}


@pytest.mark.parametrize("words", STATES)
@pytest.mark.parametrize("wrapper", ["", *WRAPPERS, "model.net.", "module._orig_mod."])
def test_knows_whose_names_they_are(words: str, wrapper: str) -> None:
    naming = find_naming(MODEL, {wrapper + name: v for name, v in STATES[words].items()})
    assert (naming.words, naming.other) == (words, {})
    assert naming.fitting.keys() == OURS.keys()


@given(st.sampled_from(sorted(STATES)), st.sets(st.integers(0, len(OURS) - 1)))
def test_puts_every_tensor_in_its_place_when_some_are_missing(words: str, kept: set[int]) -> None:
    names = list(STATES[words])
    state = {names[index]: STATES[words][names[index]] for index in sorted(kept)}
    naming = find_naming(MODEL, {**state, "other": torch.zeros(1)})
    for name, value in naming.fitting.items():
        assert any(value is tensor for tensor in state.values())
        assert OURS[name].shape == value.shape
    if any(name.startswith(("backbone.", "layer")) for name in state):
        assert len(naming.fitting) == len(state)
        assert list(naming.other) == ["other"]


def test_does_not_unwrap_the_backbone_of_a_classifier() -> None:
    """A `Pretrained` without prefix finds nothing in a whole classifier, as in the originals."""
    naming = find_naming(MODEL.backbone, STATES["mm"])
    assert naming.fitting == {}


def test_finds_nothing_in_nothing() -> None:
    assert find_naming(MODEL, {}).fitting == {}


def test_reads_torchvision_as_timm() -> None:
    with torch.device("meta"):
        theirs = torchvision.models.resnet50(num_classes=3).state_dict()
        model = nn.Module()
        from mmlight.models.backbones.resnet import ResNet

        model.backbone, model.head = ResNet(50), nn.ModuleDict({"fc": nn.Linear(2048, 3)})
    naming = find_naming(model, theirs)
    assert naming.fitting.keys() == model.state_dict().keys()
    assert naming.other == {}


def test_loss_of_a_head_has_its_name_of_0x_too() -> None:
    model = nn.Module()
    model.head = LinearClsHead(3, 4, loss=SeesawLoss(num_classes=3))
    state = dict(model.state_dict())
    state["head.compute_loss.cum_samples"] = state.pop("head.loss_module.cum_samples") + 7
    naming = find_naming(model, state)
    assert (naming.words, naming.other) == ("mm", {})
    assert naming.fitting["head.loss_module.cum_samples"].tolist() == [7, 7, 7]


def test_users_own_loss_keeps_its_name() -> None:
    model = nn.Module()
    model.head = nn.ModuleDict({"compute_loss": nn.Linear(1, 1)})
    assert find_naming(model, model.state_dict()).fitting.keys() == model.state_dict().keys()

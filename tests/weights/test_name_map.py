import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from mmlight.errors import WeightsError
from mmlight.models.backbones.lenet import LeNet5
from mmlight.models.backbones.resnet import (
    ResNet,
    ResNet_CIFAR,
    ResNetV1c,
    ResNetV1d,
    ResNeXt,
    SEResNet,
    SEResNeXt,
)
from mmlight.models.backbones.vision_transformer import VisionTransformer
from mmlight.models.heads.linear_head import LinearClsHead
from mmlight.models.necks.gap import GlobalAveragePooling
from mmlight.weights.name_map import (
    NameMap,
    NameRule,
    PathRule,
    TensorTransform,
    find_entries,
    name_map,
)


class Flipped(nn.Module):
    """A module whose weight the original stores the other way round."""

    name_rules = (
        NameRule(r"net\.weight", r"kernel", TensorTransform(torch.t, torch.t)),
        NameRule(r"net\.(.+)", r"\1"),
    )

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Linear(3, 2)


class Colliding(nn.Module):
    name_rules = (NameRule(r".+", r"same"),)

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Linear(3, 2)


def classifier() -> nn.Module:
    model = nn.Module()
    model.backbone = ResNetV1d(18)
    model.neck = GlobalAveragePooling()
    model.head = LinearClsHead(3, 512)
    return model


def test_maps_a_whole_classifier() -> None:
    names = name_map(classifier())
    assert names.to_mm["backbone.network.conv1.3.weight"] == "backbone.stem.1.conv.weight"
    assert names.to_mm["head.fc.bias"] == "head.fc.bias"
    assert names.to_ours["backbone.stem.2.bn.running_var"] == "backbone.network.bn1.running_var"


def test_puts_prefix_in_front_of_both_names() -> None:
    names = name_map(ResNet(18), "backbone.")
    assert names.to_mm["backbone.network.bn1.weight"] == "backbone.bn1.weight"


def test_keeps_names_when_there_are_no_rules() -> None:
    assert name_map(nn.Linear(2, 2)).to_mm == {"weight": "weight", "bias": "bias"}


def test_transforms_tensors_both_ways() -> None:
    module = Flipped()
    names = name_map(module, "x.")
    state = {f"x.{name}": value for name, value in module.state_dict().items()}
    theirs, unknown = names.state_dict_to_mm(state)
    assert unknown == ()
    assert {name: tuple(value.shape) for name, value in theirs.items()} == {
        "x.kernel": (3, 2),
        "x.bias": (2,),
    }
    ours, unknown = names.state_dict_to_ours(theirs)
    assert unknown == ()
    assert all(torch.equal(ours[name], state[name]) for name in state)


def test_reports_unknown_keys_when_renaming() -> None:
    names = name_map(Flipped())
    extra = {"bias": torch.ones(2), "fc.weight": torch.ones(1)}
    assert names.state_dict_to_ours(extra).unknown == ("fc.weight",)
    assert list(names.state_dict_to_ours(extra).state) == ["net.bias"]
    assert names.state_dict_to_mm({"net.bias": torch.ones(2), "b": torch.ones(1)}).unknown == ("b",)


def test_raises_when_two_names_collide() -> None:
    with pytest.raises(WeightsError, match=r"both 'net\.weight' and 'net\.bias'"):
        name_map(Colliding())


def test_raises_when_no_rule_matches() -> None:
    module = Flipped()
    module.other = nn.Linear(1, 1)
    with pytest.raises(WeightsError, match=r"other\.weight: no name rule of Flipped"):
        name_map(module)


def test_rules_of_a_child_yield_to_those_of_its_parent() -> None:
    parent = Flipped()
    parent.net.child = Flipped()
    assert "child.net.weight" in name_map(parent).to_ours


arch = st.fixed_dictionaries(
    {
        "embed_dims": st.sampled_from([8, 16]),
        "num_layers": st.integers(1, 12),
        "num_heads": st.sampled_from([1, 2, 4]),
        "feedforward_channels": st.integers(1, 40),
    }
)
vision_transformers = st.builds(
    lambda **kwargs: lambda: VisionTransformer(img_size=32, **kwargs),
    arch=arch,
    pre_norm=st.booleans(),
    final_norm=st.booleans(),
    qkv_bias=st.booleans(),
    out_type=st.sampled_from(["raw", "cls_token", "featmap", "avg_featmap"]),
    layer_scale_init_value=st.sampled_from([0.0, 0.1]),
    layer_cfgs=st.sampled_from([{}, {"ffn_type": "swiglu_fused"}]),
)
resnets = st.builds(
    lambda kind, **kwargs: lambda: kind(**kwargs),
    st.sampled_from([ResNet, ResNet_CIFAR, ResNetV1c, ResNetV1d, ResNeXt, SEResNet, SEResNeXt]),
    depth=st.sampled_from([50, 101]),
    in_channels=st.integers(1, 4),
    num_stages=st.just(3),
    strides=st.tuples(st.just(1), st.integers(1, 2), st.integers(1, 2)),
    dilations=st.tuples(*[st.integers(1, 2)] * 3),
    out_indices=st.just((2,)),
)
lenets = st.builds(lambda classes: lambda: LeNet5(classes), st.integers(-1, 3))


@settings(max_examples=40, deadline=None)
@given(vision_transformers | resnets | lenets, st.sampled_from(["", "backbone.", "a.b."]))
def test_round_trip_returns_every_tensor_when_module_is_random(build, prefix) -> None:
    with torch.device("meta"):
        module = build()
    names = name_map(module, prefix)
    state = {prefix + name: value for name, value in module.state_dict().items()}
    assert list(names.to_mm) == list(state)
    assert {names.to_ours[mm]: mm for mm in names.to_ours} == names.to_mm
    theirs, unknown = names.state_dict_to_mm(state)
    assert unknown == ()
    assert not any("network" in name for name in theirs)
    back, unknown = names.state_dict_to_ours(theirs)
    assert unknown == ()
    assert all(back[name] is state[name] for name in state)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.from_regex(r"[a-z]{1,4}(\.[0-9])?\.(weight|bias)", fullmatch=True), unique=True))
def test_inverse_undoes_map_when_names_are_any(names: list[str]) -> None:
    mapped = NameMap({name: re.sub(r"^", "mm.", name) for name in names})
    assert [mapped.to_ours[mapped.to_mm[name]] for name in names] == names


def test_finds_entries_that_a_module_does_not_save() -> None:
    net = nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1))
    net.register_buffer("passing", torch.zeros(1), persistent=False)
    saved = net.state_dict()
    net.register_state_dict_post_hook(lambda _, state, *__: state.clear())
    assert list(find_entries(net)) == list(saved)
    assert list(name_map(net).to_mm) == list(saved)


def test_path_rule_passes_over_unknown_modules() -> None:
    assert PathRule({"network.bn1": "bn"}).rename("network.bn11.weight") is None


@pytest.mark.parametrize(
    "rule", [NameRule(r"net\.(.+)", r"\1"), PathRule({"net.conv": "conv"})], ids=["name", "path"]
)
def test_rule_below_a_module_keeps_its_name_on_both_sides(rule) -> None:
    deeper = rule.below("inner.module")
    assert deeper.rename("inner.module.net.conv.bias") == "inner.module.conv.bias"
    assert deeper.rename("net.conv.bias") is None
    assert deeper.rename("inner_module.net.conv.bias") is None

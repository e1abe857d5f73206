from typing import Any

import pytest
import timm
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from mmlight.optim.parameter_groups import ParamwiseRules, group_parameters

LR, DECAY = 0.1, 0.01
mults = st.none() | st.floats(0, 2)


def read_options(
    module: nn.Module, rules: ParamwiseRules, **options: Any
) -> dict[str, tuple[float, float]]:
    options = {"lr": LR, "weight_decay": DECAY, **options}
    names = {parameter: name for name, parameter in module.named_parameters()}
    return {
        names[parameter]: (group.get("lr", LR), group.get("weight_decay", DECAY))
        for group in group_parameters(module, rules, **options)
        for parameter in group["params"]
    }


class Shared(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Linear(2, 2)
        self.two = nn.Linear(2, 2)
        self.two.weight = self.one.weight


def test_knows_norms_and_depth_wise_convolutions_when_timm_writes_them() -> None:
    model = timm.create_model("efficientnet_b0", num_classes=3)
    rules = ParamwiseRules(norm_decay_mult=0.0, dwconv_decay_mult=0.5)
    options = read_options(model, rules)
    assert options["bn1.weight"][1] == options["blocks.1.0.bn2.bias"][1] == 0
    assert options["blocks.1.0.conv_dw.weight"][1] == DECAY * 0.5
    assert options["conv_stem.weight"][1] == DECAY


def test_groups_are_few_and_ordered_when_options_repeat() -> None:
    model = timm.create_model("resnet18", num_classes=3)
    rules = ParamwiseRules(
        norm_decay_mult=0.0, bias_decay_mult=0.0, custom_keys={"layer1": {"lr_mult": 0.5}}
    )
    groups = group_parameters(model, rules, lr=LR, weight_decay=DECAY)
    assert [group["name"] for group in groups] == ["default", "weight_decay=0.0", "lr=0.05"]
    assert groups[0]["params"][0] is next(model.parameters())
    assert sum(len(group["params"]) for group in groups) == len(list(model.parameters()))


def test_uses_mm_names_when_custom_keys_are_matched() -> None:
    module = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    mm_names = {"0.weight": "backbone.layers.0.weight", "0.bias": "backbone.gamma"}
    rules = ParamwiseRules(bias_decay_mult=0.0, custom_keys={"backbone.layers": {"lr_mult": 0.5}})
    options = read_options(module, rules, mm_names=mm_names)
    assert options["0.weight"] == (LR * 0.5, DECAY)
    assert options["0.bias"] == (LR, DECAY)  # no bias by its mm name
    assert options["1.bias"] == (LR, 0)


@pytest.mark.parametrize("keys", [["1", "1.w"], ["1.w", "1"]])
def test_the_longest_key_wins_when_several_match(keys: list[str]) -> None:
    rules = ParamwiseRules(custom_keys={key: {"lr_mult": len(key)} for key in keys})
    options = read_options(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)), rules)
    assert options["1.weight"][0] == LR * 3
    assert options["1.bias"][0] == LR


def test_keeps_further_options_when_a_custom_key_has_them() -> None:
    rules = ParamwiseRules(custom_keys={"bias": {"momentum": 0.5, "lr_mult": 2}})
    groups = group_parameters(nn.Linear(2, 2), rules, lr=LR)
    optimizer = torch.optim.SGD(groups, lr=LR, momentum=0.9)
    read = [(group["lr"], group["momentum"]) for group in optimizer.param_groups]
    assert read == [(LR, 0.9), (LR * 2, 0.5)]


def test_leaves_frozen_parameters_out_when_not_kept() -> None:
    module = nn.Linear(2, 2)
    module.bias.requires_grad_(False)
    rules = {"bias_decay_mult": 0.0}
    assert read_options(module, ParamwiseRules(**rules)) == {"weight": (LR, DECAY)}
    kept = read_options(module, ParamwiseRules(**rules, keep_frozen=True))
    assert kept == {"weight": (LR, DECAY), "bias": (LR, DECAY)}


def test_refuses_or_skips_when_a_parameter_is_shared() -> None:
    with pytest.raises(ValueError, match=r"bypass_duplicate must be True to share two.weight"):
        read_options(Shared(), ParamwiseRules())
    skipped = read_options(Shared(), ParamwiseRules(bypass_duplicate=True))
    assert set(skipped) == {"one.weight", "one.bias", "two.bias"}


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"bias_decay_mult": 0.0}, "bias_decay_mult"),
        ({"custom_keys": {"head": {"decay_mult": 0.0}}}, "head"),
    ],
)
def test_refuses_when_there_is_no_decay_to_multiply(options: dict[str, Any], name: str) -> None:
    with pytest.raises(ValueError, match=f"weight_decay must be given to be multiplied by {name}"):
        group_parameters(nn.Linear(2, 2), ParamwiseRules(**options), lr=LR)


@given(mults, mults, mults, mults, st.booleans())
def test_each_parameter_has_one_place_when_any_rules_are_given(
    bias: float | None,
    norm: float | None,
    dwconv: float | None,
    flat: float | None,
    exclusive: bool,
) -> None:
    module = nn.Sequential(nn.Conv2d(4, 4, 1, groups=4), nn.BatchNorm2d(4), nn.Linear(4, 4))
    rules = ParamwiseRules(
        bias_decay_mult=bias,
        norm_decay_mult=norm,
        dwconv_decay_mult=dwconv,
        flat_decay_mult=flat,
        exclusive_layers=exclusive,
    )
    groups = group_parameters(module, rules, lr=LR, weight_decay=DECAY)
    places = [parameter for group in groups for parameter in group["params"]]
    assert len(places) == len(set(places)) == 6
    assert len({group["name"] for group in groups}) == len(groups)
    if exclusive:  # no bias rule reaches a norm or a depth-wise convolution
        options = read_options(module, rules)
        assert options["1.bias"] == options["1.weight"]
        assert options["0.bias"] == options["0.weight"]

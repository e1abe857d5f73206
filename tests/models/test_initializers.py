import math

import pytest
import torch
from timm.layers import BatchNormAct2d, Conv2dSame
from torch import nn

from mmlight.models.initialize import (
    Caffe2Xavier,
    Constant,
    Kaiming,
    Normal,
    Override,
    TruncNormal,
    Uniform,
    Xavier,
)


class Whole(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.part = nn.Sequential(nn.Linear(2, 2))
        self.other = nn.Linear(2, 2)


def first(layer: nn.Linear) -> tuple[float, float]:
    return layer.weight[0, 0].item(), layer.bias[0].item()


def test_layer_matches_own_class_and_direct_bases_only() -> None:
    model = nn.Sequential(nn.BatchNorm2d(2), nn.Conv2d(2, 2, 1), nn.Linear(2, 2))
    Constant(7, layer=["_BatchNorm", "Linear"])(model)
    assert model[0].weight[0].item() == 7
    assert model[2].weight[0, 0].item() == 7
    before = model[1].weight.clone()
    Constant(9, layer="Module")(model)
    assert torch.equal(model[1].weight, before)


def test_layer_matches_what_timm_derives_from_torch() -> None:
    model = nn.Sequential(BatchNormAct2d(2), Conv2dSame(2, 2, 1))
    Constant(7, layer=["_BatchNorm", "Conv2d"])(model)
    assert (model[0].weight[0].item(), model[1].weight[0, 0].item()) == (7, 7)
    Constant(9, layer="BatchNorm2d")(model)
    assert model[0].weight[0].item() == 9


def test_override_fills_a_part_with_another_initializer() -> None:
    model = Whole()
    Constant(1, layer="Linear", override=Override("part", Constant(2, bias=3)))(model)
    assert first(model.other) == (1, 0)
    assert first(model.part[0]) == (2, 3)


def test_override_without_initializer_uses_its_owner() -> None:
    model = Whole()
    Constant(4, override=[Override("other")])(model)
    assert first(model.other) == (4, 0)


def test_raises_when_override_names_no_part() -> None:
    with pytest.raises(ValueError, match="Whole does not have: 'neck'"):
        Constant(1, override=Override("neck"))(Whole())


def test_bias_prob_sets_the_bias() -> None:
    layer = nn.Linear(2, 2)
    Normal(layer="Linear", bias_prob=0.01)(layer)
    assert layer.bias[0].item() == pytest.approx(-math.log(99))


def test_raises_when_bias_prob_is_no_probability() -> None:
    with pytest.raises(ValueError, match=r"bias_prob must be inside \(0, 1\), got 1"):
        Constant(0, bias_prob=1.0)


@pytest.mark.parametrize("kind", [Xavier, Kaiming])
def test_raises_when_distribution_is_unknown(kind) -> None:
    with pytest.raises(ValueError, match="got 'gamma'"):
        kind(distribution="gamma")


@pytest.mark.parametrize(
    ("initializer", "std"),
    [
        (Normal(1.0, 0.3, layer="Linear"), 0.3),
        (TruncNormal(std=0.02, layer="Linear"), 0.02),
        (Uniform(-1, 1, layer="Linear"), 2 / 12**0.5),
        (Xavier(layer="Linear"), (2 / 500) ** 0.5),
        (Xavier(layer="Linear", gain=2, distribution="uniform"), 2 * (2 / 500) ** 0.5),
        (Kaiming(layer="Linear"), (2 / 200) ** 0.5),
        (Kaiming(layer="Linear", mode="fan_in", distribution="uniform"), (2 / 300) ** 0.5),
        (Caffe2Xavier(layer="Linear"), (1 / 300) ** 0.5),
    ],
)
def test_deviation_is_as_promised(initializer, std) -> None:
    torch.manual_seed(0)
    layer = nn.Linear(300, 200)
    initializer(layer)
    assert layer.weight.std().item() == pytest.approx(std, rel=0.02)
    assert layer.bias.abs().sum().item() == 0


def test_trunc_normal_stays_inside_its_bounds() -> None:
    layer = nn.Linear(30, 20)
    TruncNormal(std=1.0, a=-0.5, b=0.25, layer="Linear")(layer)
    assert layer.weight.min() >= -0.5
    assert layer.weight.max() <= 0.25


def test_override_may_be_words() -> None:
    model = Whole()
    Constant(1, layer="Linear", override=dict(name="part", type="Constant", val=2, bias=3))(model)
    assert first(model.other) == (1, 0)
    assert first(model.part[0]) == (2, 3)
    Normal(override=[dict(name="other"), dict(name="part", type="Constant", val=4)])(model)
    assert first(model.part[0]) == (4, 0)

import pytest
import torch
from torch import nn

from mmlight.models.backbones.res2net import Res2Net
from mmlight.models.initialize import init_weights
from mmlight.weights.name_map import name_map

SMALL = {"depth": 50, "base_channels": 16, "stem_channels": 16}


def test_gives_a_feature_per_stage() -> None:
    with torch.device("meta"):
        features = Res2Net(**SMALL, out_indices=(0, 1, 2, 3))(torch.rand(2, 3, 64, 64))
    shapes = [tuple(feature.shape[1:]) for feature in features]
    assert shapes == [(64, 16, 16), (128, 8, 8), (256, 4, 4), (512, 2, 2)]


@pytest.mark.parametrize(("base_channels", "width"), [(64, 26), (32, 26), (16, 26)])
def test_width_of_a_scale_is_that_of_the_first_stage(base_channels: int, width: int) -> None:
    with torch.device("meta"):
        blocks = [stage[0] for stage in Res2Net(depth=50, base_channels=base_channels).stages()]
    assert [block.width for block in blocks] == [width, 2 * width, 4 * width, 8 * width]


def test_first_block_pools_when_nothing_shrinks() -> None:
    with torch.device("meta"):
        block = Res2Net(depth=50, base_channels=16, stem_channels=64).stages()[0][0]
    assert block.downsample is None
    assert block.is_first
    assert block.pool.stride == 1


def test_shortcut_always_has_the_pool() -> None:
    with torch.device("meta"):
        first = Res2Net(**SMALL).stages()[0][0]
    assert [type(layer) for layer in first.downsample] == [nn.AvgPool2d, nn.Conv2d, nn.BatchNorm2d]


def test_names_are_the_originals() -> None:
    with torch.device("meta"):
        names = name_map(Res2Net(**SMALL)).to_mm
    assert names["network.layer1.0.convs.2.weight"] == "layer1.0.convs.2.weight"
    assert names["network.conv1.3.weight"] == "stem.1.conv.weight"


def test_starts_from_torch_values_but_for_zero_norms() -> None:
    backbone = Res2Net(**SMALL)
    init_weights(backbone, lambda *_: None)
    block = backbone.stages()[0][0]
    bound = block.conv1.in_channels**-0.5
    assert block.conv1.weight.abs().max().item() == pytest.approx(bound, rel=0.02)
    assert block.bn3.weight.abs().max() == 0


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"depth": 18}, r"depth must be one of \(50, 101, 152\), got 18"),
        ({"depth": 50, "scales": 1}, "scales must be at least 2, got 1"),
    ],
)
def test_raises_when_value_cannot_be_honoured(kwargs, message) -> None:
    with pytest.raises(ValueError, match=message), torch.device("meta"):
        Res2Net(**kwargs)

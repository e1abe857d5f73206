import pytest
import torch
from torch import nn

from mmlight.models.backbones.regnet import ARCHS, RegNet, StageShape, stage_shapes
from mmlight.models.initialize import init_weights
from mmlight.weights.name_map import name_map

SMALL = {"w0": 8, "wa": 8.0, "wm": 2.0, "group_w": 4, "depth": 6, "bot_mul": 1.0}


@pytest.mark.parametrize("arch", ARCHS)
def test_named_networks_have_four_stages(arch: str) -> None:
    shapes = stage_shapes(arch)
    assert len(shapes) == 4
    assert all(shape.channels % shape.groups == 0 for shape in shapes)


def test_shapes_follow_the_numbers() -> None:
    assert stage_shapes({**SMALL, "bot_mul": 0.5})[1:3] == [
        StageShape(depth=1, channels=16, mid_channels=8, groups=2),
        StageShape(depth=3, channels=32, mid_channels=16, groups=4),
    ]


def test_inner_channels_are_all_when_there_is_one_group() -> None:
    assert stage_shapes({**SMALL, "bot_mul": 0.5, "group_w": 64})[2].mid_channels == 32


def test_gives_a_feature_per_stage() -> None:
    with torch.device("meta"):
        features = RegNet(SMALL, out_indices=(0, 1, 2, 3))(torch.rand(2, 3, 64, 64))
    shapes = [tuple(feature.shape[1:]) for feature in features]
    assert shapes == [(8, 16, 16), (16, 8, 8), (32, 4, 4), (64, 2, 2)]


@pytest.mark.parametrize(("style", "strides"), [("pytorch", (1, 2)), ("caffe", (2, 1))])
def test_style_places_the_stride(style: str, strides: tuple[int, int]) -> None:
    with torch.device("meta"):
        block = RegNet(SMALL, style=style).stages()[0][0]
    assert (block.conv1.conv.stride[0], block.conv2.conv.stride[0]) == strides


def test_shortcut_pools_when_asked() -> None:
    with torch.device("meta"):
        backbone = RegNet(SMALL, avg_down=True)
    first = backbone.stages()[0][0]
    assert isinstance(first.downsample[0], nn.AvgPool2d)
    names = name_map(backbone).to_mm
    assert names["network.s1.b1.downsample.1.conv.weight"] == "layer1.0.downsample.1.weight"


def test_names_count_from_zero() -> None:
    with torch.device("meta"):
        names = name_map(RegNet(SMALL)).to_mm
    assert names["network.s3.b2.conv2.bn.weight"] == "layer3.1.bn2.weight"
    assert names["network.s1.b1.downsample.bn.weight"] == "layer1.0.downsample.1.weight"


@pytest.mark.parametrize("zero", [True, False])
def test_last_norms_start_at_zero_when_asked(zero: bool) -> None:
    backbone = RegNet(SMALL, zero_init_residual=zero)
    init_weights(backbone, lambda *_: None)
    assert backbone.stages()[1][0].conv3.bn.weight.unique().tolist() == [0.0 if zero else 1.0]


def test_freezes_stem_and_first_stages() -> None:
    net = RegNet(SMALL, frozen_stages=1).train().network
    assert [net.stem.training, net.s1.training, net.s2.training] == [False, False, True]


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"arch": "regnety"}, "arch must be one of regnetx_400mf, .*, got 'regnety'"),
        ({"arch": {"w0": 8}}, "arch must have the keys w0, .*, bot_mul, got {'w0': 8}"),
        ({"arch": SMALL, "strides": (2,)}, r"strides must have one entry per stage, got \(2,\)"),
        ({"arch": SMALL, "dilations": (2,)}, r"dilations must have .* got \(2,\)"),
        ({"arch": SMALL, "style": "tf"}, "style must be 'pytorch' or 'caffe', got 'tf'"),
        ({"arch": SMALL, "deep_stem": True}, "deep_stem must be False for RegNet, got True"),
        ({"arch": SMALL, "out_indices": (4,)}, r"out_indices must be in \[0, 4\), got \(4,\)"),
        ({"arch": SMALL, "conv_cfg": {"type": "DCN"}}, "conv_cfg must be None .* 'DCN'"),
    ],
)
def test_raises_when_value_cannot_be_honoured(kwargs, message) -> None:
    with pytest.raises(ValueError, match=message), torch.device("meta"):
        RegNet(**kwargs)

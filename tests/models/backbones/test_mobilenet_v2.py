import pytest
import torch
from torch import nn

from mmlight.models.backbones.mobilenet_v2 import MobileNetV2
from mmlight.models.initialize import Constant, init_weights
from mmlight.weights.name_map import name_map


def test_gives_the_wanted_layers_in_order() -> None:
    with torch.device("meta"):
        features = MobileNetV2(out_indices=(7, 0, 3))(torch.rand(2, 3, 64, 64))
    shapes = [tuple(feature.shape[1:]) for feature in features]
    assert shapes == [(16, 32, 32), (64, 4, 4), (1280, 2, 2)]


@pytest.mark.parametrize(("factor", "first", "last"), [(0.35, 16, 1280), (1.05, 32, 1344)])
def test_channels_follow_the_factor(factor: float, first: int, last: int) -> None:
    with torch.device("meta"):
        network = MobileNetV2(factor).network
    assert (network.conv_stem.out_channels, network.conv_head.out_channels) == (first, last)


def test_names_count_the_convolutions_of_a_block() -> None:
    with torch.device("meta"):
        names = name_map(MobileNetV2()).to_mm
    assert names["network.blocks.0.0.conv_pw.weight"] == "layer1.0.conv.1.conv.weight"
    assert names["network.blocks.2.1.bn3.bias"] == "layer3.1.conv.2.bn.bias"
    assert names["network.bn2.running_mean"] == "conv2.bn.running_mean"


def test_frozen_stem_goes_on_counting() -> None:
    backbone = MobileNetV2(0.1, frozen_stages=1).train()
    net = backbone.network
    assert not net.conv_stem.weight.requires_grad
    assert net.bn1.training
    assert not net.blocks[0].training
    assert net.blocks[1].training
    assert net.blocks[1][0].conv_pw.weight.requires_grad


def test_norms_stay_in_eval_mode_when_asked() -> None:
    backbone = MobileNetV2(0.1, norm_eval=True).train()
    norms = [m for m in backbone.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    assert norms
    assert not any(norm.training for norm in norms)


def test_stem_and_last_convolution_do_not_follow_init_cfg() -> None:
    backbone = MobileNetV2(0.1, init_cfg=Constant(3, layer="Conv2d"))
    init_weights(backbone, lambda *_: None)
    net = backbone.network
    assert net.blocks[0][0].conv_dw.weight.unique().tolist() == [3]
    assert net.conv_stem.weight.std() > 0
    assert net.conv_head.weight.std() > 0


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"out_indices": (8,)}, r"out_indices must be in \[0, 8\), got \(8,\)"),
        ({"frozen_stages": 8}, r"frozen_stages must be in \[-1, 7\], got 8"),
        ({"conv_cfg": {"type": "DCN"}}, "conv_cfg must be None .* 'DCN'"),
        ({"norm_cfg": {"type": "GN", "num_groups": 2}}, "norm_cfg type must be .* got 'GN'"),
    ],
)
def test_raises_when_value_cannot_be_honoured(kwargs, message) -> None:
    with pytest.raises(ValueError, match=message), torch.device("meta"):
        MobileNetV2(**kwargs)

import pytest
import torch

from mmlight.models.backbones.mobilenet_v3 import MobileNetV3
from mmlight.models.initialize import Constant, init_weights
from mmlight.weights.name_map import name_map


@pytest.mark.parametrize(
    ("arch", "channels"),
    [("small", 576), ("small_075", 432), ("small_050", 288), ("large", 960)],
)
def test_gives_the_last_convolution_by_default(arch: str, channels: int) -> None:
    with torch.device("meta"):
        (feature,) = MobileNetV3(arch)(torch.rand(2, 3, 64, 64))
    assert feature.shape == (2, channels, 2, 2)


def test_gives_the_wanted_layers_in_order() -> None:
    with torch.device("meta"):
        features = MobileNetV3(out_indices=(11, 0, 1))(torch.rand(2, 3, 64, 64))
    shapes = [tuple(feature.shape[1:]) for feature in features]
    assert shapes == [(16, 32, 32), (16, 16, 16), (96, 2, 2)]


def test_names_count_the_blocks() -> None:
    with torch.device("meta"):
        names = name_map(MobileNetV3()).to_mm
    assert names["network.blocks.1.1.conv_dw.weight"] == "layer3.depthwise_conv.conv.weight"
    assert names["network.blocks.0.0.se.conv_reduce.bias"] == "layer1.se.conv1.conv.bias"
    assert names["network.blocks.5.0.bn1.weight"] == "layer12.bn.weight"
    assert not any("conv_head" in name for name in names)


def test_norms_have_the_numbers_of_norm_cfg() -> None:
    with torch.device("meta"):
        default = MobileNetV3().network.bn1
        other = MobileNetV3(norm_cfg={"type": "BN", "eps": 0.5}).network.blocks[3][0].bn2
    assert (default.eps, default.momentum) == (0.001, 0.01)
    assert (other.eps, other.momentum) == (0.5, 0.1)


def test_layers_up_to_the_frozen_one_stay_in_eval_mode() -> None:
    backbone = MobileNetV3("small_050", frozen_stages=1).train()
    stem, block, after = (backbone.stages()[index] for index in (0, 1, 2))
    assert not any(part.training for part in (*stem, *block))
    assert after[0].training
    assert not block[0].conv_dw.weight.requires_grad


def test_start_values_do_not_follow_init_cfg() -> None:
    backbone = MobileNetV3("small_050", init_cfg=Constant(3, layer="Conv2d"))
    init_weights(backbone, lambda *_: None)
    assert backbone.network.conv_stem.weight.std() > 0


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"arch": "tiny"}, "arch must be one of small, .*, large, got 'tiny'"),
        ({"out_indices": (13,)}, r"out_indices must be in \[0, 13\), got \(13,\)"),
        ({"frozen_stages": 13}, r"frozen_stages must be in \[-1, 12\], got 13"),
        ({"conv_cfg": {"type": "DCN"}}, "conv_cfg must be None .* 'DCN'"),
        ({"norm_cfg": {"type": "GN", "num_groups": 2}}, "norm_cfg type must be .* got 'GN'"),
    ],
)
def test_raises_when_value_cannot_be_honoured(kwargs, message) -> None:
    with pytest.raises(ValueError, match=message), torch.device("meta"):
        MobileNetV3(**kwargs)

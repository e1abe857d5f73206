import pytest
import torch

from mmlight.models.backbones.resnet import (
    ResNet,
    ResNet_CIFAR,
    ResNetV1c,
    ResNetV1d,
    ResNeXt,
    SEResNet,
    SEResNeXt,
)
from mmlight.models.initialize import Constant, Override, init_weights
from mmlight.weights.name_map import name_map


@pytest.mark.parametrize("kind", [ResNet, ResNetV1c, ResNetV1d, ResNeXt, SEResNet, SEResNeXt])
def test_gives_a_feature_per_stage(kind) -> None:
    with torch.device("meta"):
        features = kind(50, out_indices=(0, 1, 2, 3))(torch.rand(1, 3, 64, 64))
    assert [tuple(feature.shape[1:]) for feature in features] == [
        (256, 16, 16),
        (512, 8, 8),
        (1024, 4, 4),
        (2048, 2, 2),
    ]


def test_cifar_stem_keeps_the_size() -> None:
    with torch.device("meta"):
        (feature,) = ResNet_CIFAR(18, out_indices=(0,))(torch.rand(1, 3, 32, 32))
    assert feature.shape == (1, 64, 32, 32)


@pytest.mark.parametrize("zero", [True, False])
def test_last_norms_start_at_zero_when_asked(zero: bool) -> None:
    backbone = ResNet(18, base_channels=8, zero_init_residual=zero)
    init_weights(backbone, lambda *_: None)
    assert backbone.network.layer2[1].bn2.weight.unique().tolist() == [0.0 if zero else 1.0]
    assert backbone.network.layer2[1].bn1.weight.unique().tolist() == [1.0]


def test_deep_stem_and_attention_start_by_he_without_init_cfg() -> None:
    backbone = SEResNet(50, deep_stem=True, base_channels=16, init_cfg=())
    conv, squeeze = backbone.network.conv1[3], backbone.network.layer1[0].se.fc1
    assert conv.weight.std().item() == pytest.approx((2 / (32 * 9)) ** 0.5, rel=0.1)
    assert squeeze.bias.abs().max() == 0


def test_names_tell_the_norm() -> None:
    norm = {"type": "GN", "num_groups": 2}
    with torch.device("meta"):
        names = name_map(ResNetV1c(50, norm_cfg=norm)).to_mm
    assert names["network.conv1.1.weight"] == "stem.0.gn.weight"
    assert names["network.layer2.0.bn3.bias"] == "layer2.0.gn3.bias"
    assert names["network.layer2.0.downsample.1.bias"] == "layer2.0.downsample.1.bias"


def test_override_finds_parts_by_their_original_name() -> None:
    backbone = ResNet(18, base_channels=8, init_cfg=Constant(1, override=Override("layer1")))
    init_weights(backbone, lambda *_: None)
    assert backbone.network.layer1[0].conv1.weight.unique().tolist() == [1.0]


@pytest.mark.parametrize(
    ("kind", "kwargs", "message"),
    [
        (ResNet, {"depth": 20}, r"depth must be one of \(18, 34, 50, 101, 152\), got 20"),
        (ResNeXt, {"depth": 18}, r"depth must be one of \(50, 101, 152\), got 18"),
        (ResNet, {"depth": 18, "style": "tf"}, "style must be 'pytorch' or 'caffe', got 'tf'"),
        (ResNet, {"depth": 18, "conv_cfg": {"type": "DCN"}}, "conv_cfg must be None .* 'DCN'"),
        (ResNet, {"depth": 18, "norm_cfg": {"type": "GN"}}, "norm_cfg must have num_groups"),
        (ResNet, {"depth": 18, "num_stages": 5}, r"num_stages must be in \[1, 4\], got 5"),
        (ResNet, {"depth": 18, "num_stages": 3}, r"strides must have one entry per stage, got \(1"),
        (ResNet, {"depth": 18, "expansion": 2}, "expansion must be 1 at depth 18, got 2"),
        (ResNet, {"depth": 18, "groups": 2}, "groups must be 1 at depth 18, got 2"),
        (ResNet, {"depth": 50, "base_channels": 3, "expansion": 2}, "base_channels=3, expansion=2"),
        (ResNetV1c, {"depth": 50, "stem_channels": 31}, "stem_channels must be even, got 31"),
        (ResNet_CIFAR, {"depth": 18, "deep_stem": True}, "deep_stem must be False"),
        (ResNet, {"depth": 18, "drop_path_schedule": "x"}, "drop_path_schedule must .* got 'x'"),
        (ResNet, {"depth": 18, "frozen_stages": 5}, r"frozen_stages must be in \[-1, 4\], got 5"),
    ],
)
def test_raises_when_value_cannot_be_honoured(kind, kwargs, message) -> None:
    with pytest.raises(ValueError, match=message), torch.device("meta"):
        kind(**kwargs)

import copy

import pytest
import torch
from torch import nn

from mmlight.compat.cnn.layer import build_conv_layer
from mmlight.compat.cnn.norm import build_norm_layer
from mmlight.models.backbones.resnet import ResNet, ResNetV1d
from mmlight.models.initialize import init_weights
from mmlight.weights.name_map import name_map

SMALL = {"depth": 18, "base_channels": 8, "stem_channels": 8}
GN = {"type": "GN", "num_groups": 2}


class SmallStem(ResNet):
    def _make_stem_layer(self, in_channels, base_channels):
        self.conv1 = build_conv_layer(
            self.conv_cfg, in_channels, base_channels, kernel_size=3, padding=1, bias=False
        )
        self.norm1_name, norm1 = build_norm_layer(self.norm_cfg, base_channels, postfix=1)
        self.add_module(self.norm1_name, norm1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        x = self.relu(self.norm1(self.conv1(x)))
        outs = []
        for i, layer_name in enumerate(self.res_layers):
            x = getattr(self, layer_name)(x)
            if i in self.out_indices:
                outs.append(x)
        return tuple(outs)


@pytest.mark.parametrize("norm_cfg", [{"type": "BN"}, GN])
def test_replaced_stem_exists_once_under_the_originals_names(norm_cfg) -> None:
    backbone = SmallStem(**SMALL, norm_cfg=norm_cfg)
    plain = ResNet(**SMALL, norm_cfg=norm_cfg)
    assert backbone.conv1.kernel_size == (3, 3)
    assert name_map(backbone).to_ours.keys() == name_map(plain).to_ours.keys()
    assert [name for name, _ in backbone.named_parameters()] == [
        name for name, _ in plain.named_parameters()
    ]
    (feature,) = backbone(torch.rand(2, 3, 16, 16))
    assert feature.shape == (2, 64, 2, 2)


def test_replaced_stem_is_frozen_and_filled() -> None:
    backbone = SmallStem(**SMALL, frozen_stages=0).train()
    assert not backbone.conv1.weight.requires_grad
    assert not backbone.norm1.training
    init_weights(backbone, lambda *_: None)
    assert backbone.conv1.weight.std().item() == pytest.approx((2 / 72) ** 0.5, rel=0.2)


def test_stem_keeps_what_super_makes() -> None:
    class NoPool(ResNetV1d):
        def _make_stem_layer(self, in_channels, stem_channels):
            super()._make_stem_layer(in_channels, stem_channels)
            self.maxpool = nn.Identity()

    backbone = NoPool(**SMALL, out_indices=(0,))
    assert backbone(torch.rand(2, 3, 16, 16))[0].shape == (2, 8, 8, 8)
    assert backbone.stem(torch.rand(2, 3, 16, 16)).shape == (2, 8, 8, 8)
    assert "stem.1.bn.weight" in name_map(backbone).to_ours


def test_stem_may_be_one_module() -> None:
    class Deep(ResNet):
        def _make_stem_layer(self, in_channels, stem_channels):
            self.stem = nn.Sequential(nn.Conv2d(in_channels, stem_channels, 1))
            self.maxpool = nn.MaxPool2d(2)

    backbone = Deep(**SMALL, deep_stem=True, frozen_stages=0)
    assert backbone(torch.rand(2, 3, 32, 32))[0].shape == (2, 64, 2, 2)
    names = name_map(backbone).to_ours
    assert [name for name in names if not name.startswith("layer")] == [
        "stem.0.weight",
        "stem.0.bias",
    ]
    assert not backbone.stem[0].weight.requires_grad


def test_parts_set_later_take_their_places() -> None:
    backbone = ResNet(**SMALL, out_indices=(3,))
    backbone.layer4 = nn.Conv2d(32, 5, 1)
    backbone.own = nn.Linear(2, 2)
    assert backbone.network.layer4 is backbone.layer4
    names = name_map(backbone).to_ours
    assert {"layer4.weight", "own.weight"} <= names.keys()
    assert "layer4.0.conv1.weight" not in names


def test_offers_the_originals_attributes() -> None:
    with torch.device("meta"):
        backbone = ResNetV1d(50, num_stages=2, strides=(1, 2), dilations=(1, 1), out_indices=(1,))
    assert (backbone.depth, backbone.deep_stem, backbone.avg_down) == (50, True, True)
    assert (backbone.stage_blocks, backbone.expansion, backbone.feat_dim) == ((3, 4), 4, 512)
    assert backbone.res_layers == ["layer1", "layer2"]
    assert backbone.norm1 is backbone.bn1 is backbone.network.bn1
    assert len(backbone.stem) == 3
    with pytest.raises(AttributeError, match="'ResNetV1d' object has no attribute 'missing'"):
        _ = backbone.missing


def test_users_way_to_freeze_is_called() -> None:
    class Own(ResNet):
        def _freeze_stages(self):
            super()._freeze_stages()
            self.layer2.requires_grad_(False)

    backbone = Own(**SMALL)
    assert not any(value.requires_grad for value in backbone.layer2.parameters())
    assert backbone.layer1[0].conv1.weight.requires_grad


def test_copies_are_whole() -> None:
    backbone = copy.deepcopy(SmallStem(**SMALL))
    assert backbone.conv1 is backbone.network.conv1


def test_raises_when_stages_are_overridden() -> None:
    class OwnLayers(ResNet):
        def make_res_layer(self, **kwargs):
            return nn.Sequential()

    class OwnBlocks(ResNet):
        arch_settings = {18: None}  # noqa: RUF012

    with pytest.raises(ValueError, match=r"make_res_layer must not be .* got OwnLayers.make_res"):
        OwnLayers(18)
    with pytest.raises(ValueError, match=r"arch_settings must not be .* got OwnBlocks.arch_set"):
        OwnBlocks(18)

import pytest
from torch import nn

from mmlight.optim.layer_depth import LayerDepths


def backbone(name):
    return type(name, (nn.Module,), {})()


def depths(kind, *names):
    found = LayerDepths(backbone(kind), names)
    return [found.find(f"backbone.{name}") for name in names] + [found.find("head.fc.bias")]


def test_blocks_are_counted_when_a_transformer():
    names = ("cls_token", "patch_embed.projection.bias", "layers.0.ln1.bias", "layers.11.ln1.bias")
    found = depths("VisionTransformer", *names, "ln1.bias")
    assert found == [(0, 14), (0, 14), (1, 14), (12, 14), (13, 14), (13, 14)]


def test_blocks_of_all_stages_are_counted_when_swin():
    names = ("stages.0.blocks.1.norm1.bias", "stages.0.downsample.norm.bias")
    names = (*names, "stages.1.blocks.2.norm1.bias", "norm3.bias")
    found = depths("SwinTransformer", *names)
    assert [depth for depth, _ in found] == [2, 2, 5, 6, 6]


def test_blocks_are_put_together_when_convnext():
    names = [f"stages.{stage}.{block}.gamma" for stage in range(4) for block in (0, 8)]
    found = depths("ConvNeXt", *names, "downsample_layers.1.0.bias", "norm3.bias")
    assert [depth for depth, _ in found] == [1, 1, 2, 2, 3, 5, 6, 6, 2, 7, 7]
    names = ["stages.2.26.gamma", "stages.0.0.gamma", "stages.1.0.gamma", "stages.3.0.gamma"]
    assert depths("ConvNeXt", *names)[0] == (11, 14)


def test_blocks_are_put_together_when_resnet():
    names = ("conv1.weight", "layer1.2.conv1.weight", "layer2.3.conv1.weight")
    names = (*names, "layer3.5.conv1.weight", "layer4.0.conv1.weight")
    assert [depth for depth, _ in depths("ResNet", *names)] == [0, 1, 3, 5, 6, 7]


def test_neck_lies_before_the_head_when_mixmim():
    found = LayerDepths(backbone("MixMIMTransformer"), ["layers.0.blocks.1.norm1.bias"])
    names = ("backbone.absolute_pos_embed", "backbone.layers.0.blocks.1.norm1.bias")
    names = (*names, "backbone.norm.bias", "neck.fc.bias", "head.fc.bias")
    assert [found.find(name) for name in names] == [(0, 4), (2, 4), (2, 4), (2, 4), (3, 4)]


def test_own_depths_win_when_the_class_has_them():
    class Own(nn.Module):
        def get_layer_depth(self, param_name, prefix=""):
            return len(param_name.removeprefix(prefix)), 99

    assert LayerDepths(Own(), []).find("backbone.abc") == (3, 99)


def test_depths_are_refused_when_the_class_has_none():
    with pytest.raises(ValueError, match=r"own with get_layer_depth\), got Net$"):
        LayerDepths(backbone("Net"), [])


def test_depths_are_refused_when_a_resnet_is_small():
    with pytest.raises(ValueError, match="one with 2 and 2 blocks in its second and third stage"):
        depths("ResNet", "layer2.1.conv1.weight", "layer3.1.conv1.weight")

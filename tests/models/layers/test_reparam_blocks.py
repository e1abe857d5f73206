import pytest
import torch
from torch import nn

from mmlight.models.layers.reparam_blocks import build_layers, fuse_conv_norm, squeeze_excite


def _calibrated(channels: int) -> nn.BatchNorm2d:
    norm = nn.BatchNorm2d(channels, eps=0.1)
    for value in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
        nn.init.uniform_(value, 0.5, 2)
    return norm.eval()


def test_fused_convolution_does_what_both_did() -> None:
    conv, norm = nn.Conv2d(4, 6, 3, groups=2, bias=False), _calibrated(6)
    weight, bias = fuse_conv_norm(conv, norm)
    images = torch.rand(2, 4, 5, 5)
    fused = nn.functional.conv2d(images, weight, bias, groups=2)
    torch.testing.assert_close(fused, norm(conv(images)))


def test_fused_convolution_shares_the_norm_when_it_has_fewer_channels() -> None:
    layer, norm = nn.Conv2d(12, 12, 1, groups=2, bias=False), _calibrated(2)
    weight, bias = fuse_conv_norm(layer, norm)
    x = torch.rand(3, 12, 1, 1)
    fused = nn.functional.conv2d(x, weight, bias, groups=2)
    torch.testing.assert_close(fused.reshape(3, 2, 2, 3), norm(layer(x).reshape(3, 2, 2, 3)))


def test_padding_keeps_the_size_whatever_the_stride() -> None:
    layers = build_layers({"type": "BN"}, {"type": "ReLU"})
    conv = layers.conv_norm_act(2, 2, 3, stride=3, dilation=2, groups=1, apply_act=False)
    assert conv.conv.padding == (2, 2)
    assert layers.conv_norm_act(2, 2, 1, stride=3, groups=1).conv.padding == (0, 0)


def test_squeezes_as_the_words_say() -> None:
    layer = squeeze_excite({"ratio": 4, "divisor": 1})(36)
    assert layer.fc1.out_channels == 9
    own = squeeze_excite({"squeeze_channels": 5, "act_cfg": {"type": "Sigmoid"}})(36)
    assert own.fc1.out_channels == 5
    assert isinstance(own.act, nn.Sigmoid)


def test_raises_when_squeezing_has_an_unknown_word() -> None:
    with pytest.raises(ValueError, match="se_cfg does not support return_weight=True"):
        squeeze_excite({"return_weight": True})

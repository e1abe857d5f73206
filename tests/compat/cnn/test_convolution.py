import pytest
import torch
from torch import nn

from mmlight.compat.cnn.convolution import (
    Conv2dAdaptivePadding,
    ConvAWS2d,
    ConvWS2d,
    PixelShufflePack,
)


def test_scale_of_weights_does_not_show_when_standardized():
    layer = ConvWS2d(3, 4, 3, eps=0)
    x = torch.rand(1, 3, 5, 5)
    before = layer(x)
    layer.weight.data *= 7
    torch.testing.assert_close(layer(x), before)


def test_plain_checkpoint_keeps_its_meaning_when_loaded():
    plain, layer = nn.Conv2d(3, 4, 3), ConvAWS2d(3, 4, 3)
    assert layer.load_state_dict(plain.state_dict()).missing_keys == []
    x = torch.rand(1, 3, 5, 5)
    torch.testing.assert_close(layer(x), plain(x))
    again = ConvAWS2d(3, 4, 3)
    again.load_state_dict(layer.state_dict())
    torch.testing.assert_close(again(x), plain(x))


@pytest.mark.parametrize(("stride", "size"), [(1, (7, 10)), (2, (4, 5)), (3, (3, 4))])
def test_size_is_divided_when_padding_adapts(stride, size):
    assert Conv2dAdaptivePadding(3, 4, 3, stride)(torch.rand(1, 3, 7, 10)).shape[2:] == size


def test_pixels_are_made_of_channels_when_upsampled():
    layer = PixelShufflePack(3, 5, scale_factor=2, upsample_kernel=3)
    assert layer(torch.rand(1, 3, 4, 6)).shape == (1, 5, 8, 12)
    assert layer.upsample_conv.bias.abs().max() == 0

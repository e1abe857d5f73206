import pytest
import torch

from mmlight.compat.cnn.channel import InvertedResidual, SELayer, channel_shuffle, make_divisible


def test_number_is_rounded_up_when_down_would_lose_a_tenth():
    assert [make_divisible(v, 8) for v in (3, 11, 12, 20)] == [8, 16, 16, 24]
    assert make_divisible(11, 8, min_ratio=0.5) == 8


def test_channels_are_interleaved_when_shuffled():
    x = torch.arange(6.0).view(1, 6, 1, 1)
    assert channel_shuffle(x, 2).flatten().tolist() == [0, 3, 1, 4, 2, 5]
    with pytest.raises(ValueError, match="groups must divide the 6 channels, got 4"):
        channel_shuffle(x, 4)


def test_weights_are_returned_when_asked_for():
    layer = SELayer(16, return_weight=True)
    assert layer(torch.rand(2, 16, 5, 5)).shape == (2, 16, 1, 1)
    assert layer.conv1.out_channels == 8
    with pytest.raises(ValueError, match="squeeze_channels must be positive, got 0"):
        SELayer(16, squeeze_channels=0)


def test_shortcut_is_there_when_shape_stays():
    assert InvertedResidual(8, 8, 16).with_res_shortcut
    block = InvertedResidual(8, 8, 8, stride=2)
    assert not block.with_res_shortcut
    assert [name for name, _ in block.named_children()] == [
        *("drop_path", "depthwise_conv", "linear_conv")
    ]
    with pytest.raises(ValueError, match="stride must be 1 or 2, got 3"):
        InvertedResidual(8, 8, 8, stride=3)

import pytest
import torch
from torch import nn

from mmlight.models.backbones.resnet import ResNet
from mmlight.models.networks.resnet import drop_path_rates


def test_rates_rise_linearly_over_all_stages() -> None:
    assert drop_path_rates(8, 0.7, "linear") == pytest.approx([i * 0.1 for i in range(8)])


def test_rates_are_constant_when_asked() -> None:
    assert drop_path_rates(8, 0.3, "constant") == [0.3] * 8


def test_blocks_without_rate_have_no_drop_path() -> None:
    with torch.device("meta"):
        backbone = ResNet(18, drop_path_rate=0.1)
    rates = [block.drop_path for stage in backbone.stages() for block in stage]
    assert rates[0] is None
    assert rates[-1].drop_prob == pytest.approx(0.1)


@pytest.mark.parametrize(("style", "strides"), [("pytorch", (1, 2)), ("caffe", (2, 1))])
def test_style_places_the_stride(style: str, strides: tuple[int, int]) -> None:
    with torch.device("meta"):
        block = ResNet(50, style=style).network.layer2[0]
    assert (block.conv1.stride[0], block.conv2.stride[0]) == strides


def test_first_stage_gets_a_shortcut_when_it_strides() -> None:
    with torch.device("meta"):
        block = ResNet(18, strides=(2, 1, 1, 1)).network.layer1[0]
    assert [type(layer) for layer in block.downsample] == [nn.Conv2d, nn.BatchNorm2d]
    assert block.conv1.stride == block.downsample[0].stride == (2, 2)


def test_pooling_shortcut_has_no_placeholder_when_stride_is_one() -> None:
    with torch.device("meta"):
        network = ResNet(50, avg_down=True).network
    assert [type(layer) for layer in network.layer1[0].downsample] == [nn.Conv2d, nn.BatchNorm2d]
    assert isinstance(network.layer2[0].downsample[0], nn.AvgPool2d)


@pytest.mark.parametrize("base_channels", [64, 48, 7])
@pytest.mark.parametrize("width_per_group", [3, 4, 61])
def test_grouped_widths_are_exact(base_channels: int, width_per_group: int) -> None:
    with torch.device("meta"):
        backbone = ResNet(
            50, base_channels=base_channels, groups=8, width_per_group=width_per_group
        )
    widths = [stage[0].conv2.out_channels for stage in backbone.stages()]
    assert widths == [8 * width_per_group * 2**index for index in range(4)]

import pytest
import torch
from torch import nn

from mmlight.models.backbones.base.shufflenet import ShuffleNet
from mmlight.models.initialize import Pretrained, init_weights


class Tiny(ShuffleNet):
    def __init__(self, norm_bias: float | None = None, **kwargs) -> None:
        network = nn.Module()
        network.conv1 = nn.Sequential(nn.Conv2d(3, 32, 3, 2, 1), nn.BatchNorm2d(32))
        network.maxpool = nn.MaxPool2d(2)
        network.stage = nn.Sequential(nn.Conv2d(32, 40, 3), nn.BatchNorm2d(40))
        super().__init__(network, norm_bias=norm_bias, out_indices=(0,), **kwargs)

    def stages(self):
        return [self.network.stage]


def test_frozen_stem_goes_on_learning_statistics() -> None:
    network = Tiny(frozen_stages=1).train().network
    assert not network.conv1[0].weight.requires_grad
    assert network.conv1[1].training
    assert not network.stage[1].training
    assert not network.stage[0].weight.requires_grad


@pytest.mark.parametrize(("norm_bias", "bias"), [(None, 0.0), (0.5, 0.5)])
def test_draws_by_the_input_channels(norm_bias: float | None, bias: float) -> None:
    network = Tiny(norm_bias)
    init_weights(network, lambda *_: None)
    assert network.network.conv1[0].weight.std().item() == pytest.approx(0.01, rel=0.1)
    assert network.network.stage[0].weight.std().item() == pytest.approx(1 / 32, rel=0.1)
    assert network.network.stage[1].bias.unique().tolist() == [bias]


def test_draws_no_more_when_a_checkpoint_fills_the_weights() -> None:
    network = Tiny(init_cfg=Pretrained("x.pth"))
    before = network.network.stage[0].weight.clone()
    init_weights(network, lambda *_: None)
    assert torch.equal(network.network.stage[0].weight, before)

import torch
from torch import nn

from mmlight.compat.cnn.conv_module import ConvModule
from mmlight.compat.cnn.fuse import fuse_conv_bn
from mmlight.models.backbones.mobilenet_v2 import MobileNetV2


def test_output_stays_when_norm_is_folded_in():
    net = nn.Sequential(ConvModule(3, 4, 3, norm_cfg={"type": "BN"}), nn.BatchNorm2d(4)).eval()
    net[0].bn.running_mean.uniform_()
    net[0].bn.running_var.uniform_(0.5, 2)
    x = torch.rand(1, 3, 6, 6)
    before = net(x)
    fused = fuse_conv_bn(net)
    torch.testing.assert_close(fused(x), before)
    assert isinstance(fused[0].bn, nn.Identity)
    assert isinstance(fused[1], nn.BatchNorm2d)  # no convolution stands before it


def test_activation_stays_when_the_norm_contains_it():
    net = MobileNetV2(out_indices=(1,)).eval()
    x = torch.rand(1, 3, 32, 32)
    before = net(x)[0]
    torch.testing.assert_close(fuse_conv_bn(net)(x)[0], before)

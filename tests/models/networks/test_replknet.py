import torch
from torch import nn

from mmlight.models.networks.replknet import LargeKernelConv


def test_merging_alone_adds_the_small_kernel_in_the_middle() -> None:
    conv = LargeKernelConv(2, 5, 1, small_kernel_merged=False).eval()
    nn.init.zeros_(conv.lkb_origin.conv.weight)
    nn.init.ones_(conv.small_conv.conv.weight)
    conv.merge_kernel()
    expected = torch.zeros(2, 1, 5, 5)
    expected[:, :, 2, 2] = (1 + 1e-5) ** -0.5
    torch.testing.assert_close(conv.lkb_reparam.weight.detach(), expected)

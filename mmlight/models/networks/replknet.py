"""The blocks of RepLKNet: large depthwise convolutions and feed-forward layers."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from mmlight.compat.cnn.conv_module import ConvModule
from mmlight.models.layers.defaults import BATCH_NORM, RELU
from mmlight.models.layers.drop_path import DropPath, rising_rates
from mmlight.models.layers.reparam_blocks import fuse_conv_norm


def conv_norm(
    in_channels: int,
    out_channels: int,
    kernel_size: int = 1,
    *,
    depthwise: bool = False,
    stride: int = 1,
    relu: bool = False,
) -> ConvModule:
    """Return a convolution with its batch norm, and an activation if wanted.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the result.
        kernel_size: Odd size of the kernel [px].
        depthwise: Whether each channel is convolved by itself.
        stride: Step [px].
        relu: Whether a ReLU follows.
    """
    return ConvModule(
        *(in_channels, out_channels, kernel_size, stride, kernel_size // 2),
        groups=in_channels if depthwise else 1,
        norm_cfg=BATCH_NORM,
        act_cfg=RELU if relu else None,
    )


class LargeKernelConv(nn.Module):
    """A large depthwise convolution, in training with a small one beside it.

    Args:
        channels: Channels `C` of input and result.
        kernel_size: Size of the large kernel, odd [px].
        small_kernel: Size of the small kernel, odd [px]; None for none.
        small_kernel_merged: Whether both are one convolution with bias.

    Raises:
        ValueError: If the small kernel is the larger one.

    From: mmpretrain 1.2 `ReparamLargeKernelConv`.
    """

    def __init__(
        self, channels: int, kernel_size: int, small_kernel: int | None, small_kernel_merged: bool
    ) -> None:
        super().__init__()
        self.channels, self.kernel_size = channels, kernel_size
        if small_kernel is not None and small_kernel > kernel_size:
            raise ValueError(f"small_kernel must be at most {kernel_size}, got {small_kernel}")
        if small_kernel_merged:
            self.lkb_reparam = self._build_merged()
            return
        self.lkb_origin = conv_norm(channels, channels, kernel_size, depthwise=True)
        if small_kernel is not None:
            self.small_conv = conv_norm(channels, channels, small_kernel, depthwise=True)

    def _build_merged(self) -> nn.Conv2d:
        padding = self.kernel_size // 2
        return nn.Conv2d(
            *(self.channels, self.channels, self.kernel_size, 1, padding), groups=self.channels
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to the same shape."""
        if hasattr(self, "lkb_reparam"):
            merged: Tensor = self.lkb_reparam(x)
            return merged
        y: Tensor = self.lkb_origin(x)
        return y + self.small_conv(x) if hasattr(self, "small_conv") else y

    def merge_kernel(self) -> None:
        """Make one convolution of both; a second call does nothing."""
        if hasattr(self, "lkb_reparam"):
            return
        weight, bias = fuse_conv_norm(self.lkb_origin.conv, self.lkb_origin.bn)
        if hasattr(self, "small_conv"):
            small, small_bias = fuse_conv_norm(self.small_conv.conv, self.small_conv.bn)
            border = (self.kernel_size - small.shape[-1]) // 2
            weight, bias = weight + functional.pad(small, [border] * 4), bias + small_bias
            del self.small_conv
        del self.lkb_origin
        self.lkb_reparam = self._build_merged()
        self.lkb_reparam.weight = nn.Parameter(weight.detach())
        self.lkb_reparam.bias = nn.Parameter(bias.detach())


class LargeKernelBlock(nn.Module):
    """A large kernel between two 1x1 convolutions, added to the input.

    Args:
        channels: Channels `C` of input and result.
        inner_channels: Channels of the large kernel.
        drop_path: Probability for a sample to skip the block, in [0, 1).
        **kernel: Arguments of `LargeKernelConv`.

    From: mmpretrain 1.2 `RepLKBlock`.
    """

    def __init__(self, channels: int, inner_channels: int, drop_path: float, **kernel: Any) -> None:
        super().__init__()
        self.pw1 = conv_norm(channels, inner_channels, relu=True)
        self.pw2 = conv_norm(inner_channels, channels)
        self.large_kernel = LargeKernelConv(inner_channels, **kernel)
        self.lk_nonlinear = nn.ReLU()
        self.prelkb_bn = nn.BatchNorm2d(channels)
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to the same shape."""
        y = self.large_kernel(self.pw1(self.prelkb_bn(x)))
        result: Tensor = x + self.drop_path(self.pw2(self.lk_nonlinear(y)))
        return result


class FeedForward(nn.Module):
    """Two 1x1 convolutions, added to the input.

    Args:
        channels: Channels `C` of input and result.
        inner_channels: Channels between.
        drop_path: Probability for a sample to skip the block, in [0, 1).

    From: mmpretrain 1.2 `ConvFFN` of RepLKNet.
    """

    def __init__(self, channels: int, inner_channels: int, drop_path: float) -> None:
        super().__init__()
        self.drop_path = DropPath(drop_path)
        self.preffn_bn = nn.BatchNorm2d(channels)
        self.pw1 = conv_norm(channels, inner_channels)
        self.pw2 = conv_norm(inner_channels, channels)
        self.nonlinear = nn.GELU()

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to the same shape."""
        y = self.pw2(self.nonlinear(self.pw1(self.preffn_bn(x))))
        result: Tensor = x + self.drop_path(y)
        return result


def build_stem(in_channels: int, width: int) -> nn.ModuleList:
    """Build the layers in front of the first stage, which quarter the size.

    Args:
        in_channels: Channels of the images.
        width: Channels of the first stage.
    """
    return nn.ModuleList(
        [
            conv_norm(in_channels, width, 3, stride=2, relu=True),
            conv_norm(width, width, 3, depthwise=True, relu=True),
            conv_norm(width, width, relu=True),
            conv_norm(width, width, 3, depthwise=True, stride=2, relu=True),
        ]
    )


def build_stages(
    numbers: Mapping[str, Any], ffn_ratio: float, drop_path_rate: float, merged: bool
) -> nn.ModuleList:
    """Build the blocks of each stage; the norms of the outputs come later.

    Args:
        numbers: Keys as in `ARCH_KEYS` of `replknet.py`.
        ffn_ratio: Hidden channels of the feed-forward layers over their channels.
        drop_path_rate: Rate of the last block, rising from 0, in [0, 1).
        merged: Whether small and large kernels are one convolution.
    """
    total = sum(numbers["layers"])
    rates = iter(rising_rates(drop_path_rate, total))
    stages = nn.ModuleList()
    rows = (numbers[key] for key in ("channels", "layers", "large_kernel_sizes"))
    for width, depth, size in zip(*rows, strict=True):
        kernel = {"kernel_size": size, "small_kernel": numbers["small_kernel"]}
        blocks = nn.ModuleList()
        for _ in range(depth):
            rate, inner = next(rates), int(width * numbers["dw_ratio"])
            blocks.append(
                LargeKernelBlock(width, inner, rate, **kernel, small_kernel_merged=merged)
            )
            blocks.append(FeedForward(width, int(width * ffn_ratio), rate))
        stage = nn.Module()
        stage.blocks, stage.norm = blocks, nn.Identity()
        stages.append(stage)
    return stages

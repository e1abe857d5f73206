"""Convolutions that standardize their weights, choose their padding or make pixels of channels."""

from collections.abc import Mapping
from typing import Any

import torch
from timm.layers.padding import pad_same
from torch import Tensor, nn
from torch.nn import functional

from mmlight.compat.initialize import xavier_init

Pair = int | tuple[int, int]


def conv_ws_2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
    eps: float = 1e-5,
) -> Tensor:
    """Convolve `(B, C, H, W)` with weights brought to mean 0 and deviation 1 per filter.

    From: mmcv 1.7 and 2.2 `conv_ws_2d`.
    """
    flat = weight.flatten(1)  # (C_out, C_in, kH, kW) -> (C_out, N)
    mean = flat.mean(1).view(-1, 1, 1, 1)  # (C_out,) -> (C_out, 1, 1, 1)
    deviation = flat.std(1).view(-1, 1, 1, 1)  # (C_out,) -> (C_out, 1, 1, 1)
    weight = (weight - mean) / (deviation + eps)
    return functional.conv2d(input, weight, bias, stride, padding, dilation, groups)


class ConvWS2d(nn.Conv2d):
    """A convolution that standardizes its weights; see `conv_ws_2d`.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the result.
        kernel_size: Size of the kernel [px].
        stride: Step [px].
        padding: Border of zeros [px].
        dilation: Distance of the kernel's points [px].
        groups: Number of groups of channels.
        bias: Whether to add a bias.
        eps: Added to the deviation.

    From: mmcv 1.7 and 2.2 `ConvWS2d`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair = 0,
        dilation: Pair = 1,
        groups: int = 1,
        bias: bool = True,
        eps: float = 1e-5,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias
        )
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to `(B, out_channels, H', W')`."""
        return conv_ws_2d(
            x,
            self.weight,
            self.bias,
            self.stride,  # type: ignore[arg-type]
            self.padding,  # type: ignore[arg-type]
            self.dilation,  # type: ignore[arg-type]
            self.groups,
            self.eps,
        )


class ConvAWS2d(nn.Conv2d):
    """A convolution that standardizes its weights, then gives them a stored mean and deviation.

    A checkpoint without `weight_gamma` and `weight_beta` gets those of its own weights, so that the
    loaded layer computes what the plain convolution would.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the result.
        kernel_size: Size of the kernel [px].
        stride: Step [px].
        padding: Border of zeros [px].
        dilation: Distance of the kernel's points [px].
        groups: Number of groups of channels.
        bias: Whether to add a bias.

    From: mmcv 1.7 and 2.2 `ConvAWS2d`.
    """

    weight_gamma: Tensor
    weight_beta: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair = 0,
        dilation: Pair = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias
        )
        self.register_buffer("weight_gamma", torch.ones(out_channels, 1, 1, 1))
        self.register_buffer("weight_beta", torch.zeros(out_channels, 1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to `(B, out_channels, H', W')`."""
        mean, deviation = _measure_filters(self.weight)
        weight = self.weight_gamma * ((self.weight - mean) / deviation) + self.weight_beta
        out: Tensor = self._conv_forward(x, weight, self.bias)
        return out

    def _load_from_state_dict(
        self, state_dict: Mapping[str, Any], prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        names = [f"{prefix}weight_gamma", f"{prefix}weight_beta"]
        weight = state_dict.get(f"{prefix}weight")
        if weight is not None and not any(name in state_dict for name in names):
            mean, deviation = _measure_filters(weight)
            state_dict = {**state_dict, names[0]: deviation, names[1]: mean}
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


def _measure_filters(weight: Tensor) -> tuple[Tensor, Tensor]:
    flat = weight.flatten(1)  # (C_out, C_in, kH, kW) -> (C_out, N)
    mean = flat.mean(1).view(-1, 1, 1, 1)  # (C_out,) -> (C_out, 1, 1, 1)
    deviation = (flat.var(1) + 1e-5).sqrt().view(-1, 1, 1, 1)  # (C_out,) -> (C_out, 1, 1, 1)
    return mean, deviation


class Conv2dAdaptivePadding(nn.Conv2d):
    """A convolution that pads its input, more at the end, so that stride 1 keeps the size.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the result.
        kernel_size: Size of the kernel [px].
        stride: Step [px]; the result has `ceil(size / stride)` pixels.
        padding: Accepted; the padding follows from the size of the input.
        dilation: Distance of the kernel's points [px].
        groups: Number of groups of channels.
        bias: Whether to add a bias.

    From: mmcv 1.7 and 2.2 `Conv2dAdaptivePadding`, by timm's `pad_same`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair = 0,
        dilation: Pair = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, 0, dilation, groups, bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to `(B, out_channels, ceil(H / stride), ceil(W / stride))`."""
        sizes = (list(self.kernel_size), list(self.stride), list(self.dilation))
        out: Tensor = self._conv_forward(pad_same(x, *sizes), self.weight, self.bias)
        return out


class PixelShufflePack(nn.Module):
    """Make `scale_factor ** 2` times as many channels, then turn them into pixels.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the result.
        scale_factor: How many times as high and wide the result is.
        upsample_kernel: Kernel size of the convolution; odd.

    From: mmcv 1.7 and 2.2 `PixelShufflePack`.
    """

    def __init__(
        self, in_channels: int, out_channels: int, scale_factor: int, upsample_kernel: int
    ) -> None:
        super().__init__()
        self.in_channels, self.out_channels = in_channels, out_channels
        self.scale_factor, self.upsample_kernel = scale_factor, upsample_kernel
        self.upsample_conv = nn.Conv2d(
            in_channels,
            out_channels * scale_factor**2,
            upsample_kernel,
            padding=(upsample_kernel - 1) // 2,
        )
        self.init_weights()

    def init_weights(self) -> None:
        """Draw the weights by Glorot and Bengio's rule."""
        xavier_init(self.upsample_conv, distribution="uniform")

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to `(B, out_channels, H * scale_factor, W * scale_factor)`."""
        return functional.pixel_shuffle(self.upsample_conv(x), self.scale_factor)

"""Works on channels: numbers of them, their order, and weights for them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from mmlight.compat.base_module import BaseModule
from mmlight.compat.cnn.conv_module import RELU, ConvModule
from mmlight.models.layers.drop_path import DropPath

Cfg = Mapping[str, Any]
_BATCH_NORM: Final[Cfg] = {"type": "BN"}
_GATE: Final = (RELU, {"type": "Sigmoid"})


def make_divisible(
    value: float, divisor: int, min_value: int | None = None, min_ratio: float = 0.9
) -> int:
    """Round a number of channels to a multiple, and not down by more than `min_ratio`.

    Args:
        value: The number.
        divisor: The result is a multiple of it.
        min_value: Smallest result; None means `divisor`.
        min_ratio: Smallest part of `value` that rounding down may leave.

    Examples:
        >>> make_divisible(37, 8), make_divisible(10, 8)
        (40, 16)

    From: mmcls 0.25 and mmpretrain 1.2 `make_divisible`.
    """
    low = divisor if min_value is None else min_value
    rounded = max(low, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < min_ratio * value else rounded


def channel_shuffle(x: Tensor, groups: int) -> Tensor:
    """Interleave the groups of channels of `(B, C, H, W)`.

    Raises:
        ValueError: If the channels do not divide into the groups.

    From: mmcls 0.25 and mmpretrain 1.2 `channel_shuffle`.
    """
    if x.shape[1] % groups:
        raise ValueError(f"groups must divide the {x.shape[1]} channels, got {groups}")
    # (B, C, H, W) -> (B, G, C / G, H, W) -> (B, C / G, G, H, W) -> (B, C, H, W)
    grouped = x.view(len(x), groups, -1, *x.shape[2:])
    return grouped.transpose(1, 2).flatten(1, 2)


class SELayer(BaseModule):
    """Weigh channels by what the whole image says.

    Args:
        channels: Number of channels `C`.
        squeeze_channels: Channels between the two convolutions; None means `channels // ratio`,
            made divisible.
        ratio: See `squeeze_channels`.
        divisor: See `squeeze_channels`.
        bias: Whether the convolutions add a bias; 'auto' means they do.
        conv_cfg: The convolutions, see `build_conv_layer`.
        act_cfg: Activations after the first and the second; one for both.
        return_weight: Return the weights `(B, C, 1, 1)` only.
        init_cfg: See `BaseModule`.

    From: mmcls 0.25 and mmpretrain 1.2 `SELayer`.
    """

    def __init__(
        self,
        channels: int,
        squeeze_channels: int | None = None,
        ratio: int = 16,
        divisor: int = 8,
        bias: bool | str = "auto",
        conv_cfg: Cfg | None = None,
        act_cfg: Cfg | Sequence[Cfg] = _GATE,
        return_weight: bool = False,
        init_cfg: Any = None,
    ) -> None:
        super().__init__(init_cfg)
        first, second = (act_cfg, act_cfg) if isinstance(act_cfg, Mapping) else act_cfg
        if squeeze_channels is None:
            squeeze_channels = make_divisible(channels // ratio, divisor)
        if squeeze_channels <= 0:
            raise ValueError(f"squeeze_channels must be positive, got {squeeze_channels}")
        self.return_weight = return_weight
        self.global_avgpool = nn.AdaptiveAvgPool2d(1)
        shared: dict[str, Any] = {"bias": bias, "conv_cfg": conv_cfg}
        self.conv1 = ConvModule(channels, squeeze_channels, 1, act_cfg=first, **shared)
        self.conv2 = ConvModule(squeeze_channels, channels, 1, act_cfg=second, **shared)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to the same shape."""
        weight: Tensor = self.conv2(self.conv1(self.global_avgpool(x)))
        return weight if self.return_weight else x * weight


class InvertedResidual(BaseModule):
    """Widen, convolve each channel by itself, narrow; with a residual where the shape stays.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the result.
        mid_channels: Channels between; no widening where they equal `in_channels`.
        kernel_size: Size of the middle kernel [px].
        stride: 1 or 2 [px].
        se_cfg: Arguments of an `SELayer`; None for none.
        conv_cfg: The convolutions, see `build_conv_layer`.
        norm_cfg: The norms, see `build_norm_layer`.
        act_cfg: The activations, see `build_activation_layer`.
        drop_path_rate: Probability that the residual branch of a sample is left out.
        with_cp: Save memory by computing the block again in the backward pass.
        init_cfg: See `BaseModule`.

    From: mmcls 0.25 and mmpretrain 1.2 `InvertedResidual` of `models.utils`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        mid_channels: int,
        kernel_size: int = 3,
        stride: int = 1,
        se_cfg: Cfg | None = None,
        conv_cfg: Cfg | None = None,
        norm_cfg: Cfg | None = _BATCH_NORM,
        act_cfg: Cfg | None = RELU,
        drop_path_rate: float = 0.0,
        with_cp: bool = False,
        init_cfg: Any = None,
    ) -> None:
        super().__init__(init_cfg)
        if stride not in (1, 2):
            raise ValueError(f"stride must be 1 or 2, got {stride!r}")
        self.with_res_shortcut = stride == 1 and in_channels == out_channels
        self.with_cp, self.with_se = with_cp, se_cfg is not None
        self.with_expand_conv = mid_channels != in_channels
        self.drop_path = DropPath(drop_path_rate) if drop_path_rate > 0 else nn.Identity()
        shared: dict[str, Any] = {"conv_cfg": conv_cfg, "norm_cfg": norm_cfg}
        if self.with_expand_conv:
            self.expand_conv = ConvModule(in_channels, mid_channels, 1, act_cfg=act_cfg, **shared)
        self.depthwise_conv = ConvModule(
            mid_channels,
            mid_channels,
            kernel_size,
            stride=stride,
            padding=kernel_size // 2,
            groups=mid_channels,
            act_cfg=act_cfg,
            **shared,
        )
        if se_cfg is not None:
            self.se = SELayer(**se_cfg)
        self.linear_conv = ConvModule(mid_channels, out_channels, 1, act_cfg=None, **shared)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, in_channels, H, W)` to `(B, out_channels, H / stride, W / stride)`."""
        if self.with_cp and x.requires_grad:
            again: Tensor = checkpoint(self._run, x, use_reentrant=False)
            return again
        return self._run(x)

    def _run(self, x: Tensor) -> Tensor:
        out: Tensor = self.expand_conv(x) if self.with_expand_conv else x
        out = self.depthwise_conv(out)
        out = self.se(out) if self.with_se else out
        out = self.linear_conv(out)
        return x + self.drop_path(out) if self.with_res_shortcut else out

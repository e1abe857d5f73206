"""Builds timm's ResNet with the geometry of the originals: strides, dilations, widths, styles.

The blocks may be those of Res2Net and ResNeSt.

timm fixes strides and dilations by `output_stride` and has no caffe style, so these are edited
after the build. The edits change attributes of layers that exist; parameters are made by timm
alone.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeAlias

from timm.layers.helpers import make_divisible
from timm.layers.squeeze_excite import SEModule
from timm.models.res2net import Bottle2neck
from timm.models.resnest import ResNestBottleneck
from timm.models.resnet import BasicBlock, Bottleneck, make_blocks
from timm.models.resnet import ResNet as TimmResNet
from torch import nn

from mmlight.models.layers.drop_path import DropPath, rising_rates

Archs: TypeAlias = Mapping[int, tuple[Any, tuple[int, ...]]]

ARCHS: Final[Archs] = {
    18: (BasicBlock, (2, 2, 2, 2)),
    34: (BasicBlock, (3, 4, 6, 3)),
    50: (Bottleneck, (3, 4, 6, 3)),
    101: (Bottleneck, (3, 4, 23, 3)),
    152: (Bottleneck, (3, 8, 36, 3)),
}
"""Depth -> kind of block, blocks of each stage."""
SMALLEST_DROP = 1e-5
"""The originals leave out stochastic depth at or below this rate."""


class UntrainedResNet(TimmResNet):
    """timm's ResNet with the start values that torch gives each layer.

    timm draws its own, which takes longer than all the rest of the build.
    """

    def init_weights(self, zero_init_last: bool = True) -> None:
        """Draw nothing."""


@dataclass(frozen=True)
class ResNetPlan:
    """What a ResNet looks like; most fields are the arguments of `ResNet` of the same names.

    Args:
        block: Kind of block.
        layers: Number of blocks of all four stages.
        norm: From channels to a norm layer.
        block_args: More arguments of timm's block.
        scale_width: Channels of one scale of Res2Net over 1/64 of the channels inside a block.
        avd: Whether blocks of ResNeSt pool behind their 3x3 convolution instead of striding.
    """

    block: Any
    layers: Sequence[int]
    depth: int
    in_channels: int
    stem_channels: int
    base_channels: int
    expansion: int | None
    num_stages: int
    strides: Sequence[int]
    dilations: Sequence[int]
    style: str
    deep_stem: bool
    avg_down: bool
    groups: int
    width_per_group: int
    se_ratio: int | None
    drop_path_rates: Sequence[float]
    norm: Callable[..., nn.Module]
    block_args: Mapping[str, Any] = field(default_factory=dict)
    scale_width: float | None = None
    avd: bool = False

    def __post_init__(self) -> None:
        if self.style not in ("pytorch", "caffe"):
            raise ValueError(f"style must be 'pytorch' or 'caffe', got {self.style!r}")
        if not 1 <= self.num_stages <= 4:
            raise ValueError(f"num_stages must be in [1, 4], got {self.num_stages}")
        for name in ("strides", "dilations"):
            if len(getattr(self, name)) != self.num_stages:
                raise ValueError(f"{name} must have one entry per stage, got {getattr(self, name)}")
        if self.is_basic and self.expansion not in (None, 1):
            raise ValueError(f"expansion must be 1 at depth {self.depth}, got {self.expansion}")
        if self.is_basic and self.groups != 1:
            raise ValueError(f"groups must be 1 at depth {self.depth}, got {self.groups}")
        if self.out_channels % 4 and not self.is_basic:
            raise ValueError(
                "base_channels times expansion must be divisible by 4, got "
                f"base_channels={self.base_channels}, expansion={self.expansion}"
            )
        if self.deep_stem and self.stem_channels % 2:
            raise ValueError(f"stem_channels must be even, got {self.stem_channels}")

    @property
    def is_basic(self) -> bool:
        """Whether the blocks have two 3x3 convolutions."""
        return self.block is BasicBlock

    @property
    def out_channels(self) -> int:
        """Output channels of the first stage."""
        return self.base_channels * (self.expansion or self.block.expansion)

    @property
    def mid_channels(self) -> int:
        """Channels of the 3x3 convolution in the first stage."""
        return self.base_channels if self.groups == 1 else self.groups * self.width_per_group

    def block_options(self) -> dict[str, Any]:
        """Return what timm needs to build the blocks, besides their numbers and channels."""
        planes = self.out_channels if self.is_basic else self.out_channels // 4
        exact = 64 * self.mid_channels / self.groups / planes
        # timm rounds down; one step up, a width that is a whole number stays that number
        width = 64 if self.is_basic else self.scale_width or math.nextafter(exact, math.inf)
        options = {"cardinality": self.groups, "base_width": width, "avg_down": self.avg_down}
        return {**options, "norm_layer": self.norm}

    def channels(self) -> tuple[int, ...]:
        """Return timm's `planes` per stage: output channels over its fixed expansion of 1 or 4."""
        planes = self.out_channels if self.is_basic else self.out_channels // 4
        return tuple(planes * 2**index for index in range(self.num_stages))


def build_network(plan: ResNetPlan) -> Any:
    """Build the network without classifier."""
    attention = partial(_squeeze_excite, ratio=plan.se_ratio) if plan.se_ratio else None
    block_args = {**plan.block_args, "attn_layer": attention}
    network = UntrainedResNet(
        plan.block,
        tuple(plan.layers[: plan.num_stages]),
        num_classes=0,
        in_chans=plan.in_channels,
        stem_type="deep" if plan.deep_stem else "",
        stem_width=plan.stem_channels // 2 if plan.deep_stem else 64,
        channels=plan.channels(),
        zero_init_last=False,
        block_args=block_args,
        **plan.block_options(),
    )
    if not plan.deep_stem and plan.stem_channels != 64:  # timm's plain stem always has 64
        _set_stem_channels(network, plan, block_args)
    stages = [getattr(network, f"layer{index + 1}") for index in range(plan.num_stages)]
    for stage, stride, dilation in zip(stages, plan.strides, plan.dilations, strict=True):
        _set_geometry(stage, stride, dilation, plan)
    _set_drop_path(stages, plan.drop_path_rates)
    return network


def drop_path_rates(count: int, rate: float, schedule: str) -> list[float]:
    """Return the rate of each block: rising from 0 to `rate`, or `rate` everywhere.

    Args:
        count: Number of blocks of all four stages, built or not.
        rate: Rate of the last block, in [0, 1).
        schedule: 'linear' or 'constant'.

    From: mmpretrain 1.2 `ResNet` ('linear'), mmcls 0.25 `ResNet` ('constant').
    """
    if schedule not in ("linear", "constant"):
        raise ValueError(f"drop_path_schedule must be 'linear' or 'constant', got {schedule!r}")
    if schedule == "constant":
        return [rate] * count
    return rising_rates(rate, count)


def _squeeze_excite(channels: int, *, ratio: int, **options: Any) -> nn.Module:
    squeezed = make_divisible(channels // ratio, 8)  # type: ignore[no-untyped-call]
    layer: nn.Module = SEModule(channels, rd_channels=squeezed, **options)
    return layer


def _set_stem_channels(network: Any, plan: ResNetPlan, block_args: Mapping[str, Any]) -> None:
    width = plan.stem_channels
    network.conv1 = nn.Conv2d(plan.in_channels, width, 7, stride=2, padding=3, bias=False)
    network.bn1 = plan.norm(width)
    stages, _ = make_blocks(
        (plan.block,),
        plan.channels()[:1],
        tuple(plan.layers[:1]),
        inplanes=width,
        act_layer=nn.ReLU,
        **block_args,
        **plan.block_options(),
    )
    network.add_module(*stages[0])


def _set_geometry(stage: Any, stride: int, dilation: int, plan: ResNetPlan) -> None:
    first, *_ = blocks = list(stage.children())
    if stride != 1 and first.downsample is None:  # timm's first stage never strides
        width = plan.out_channels
        first.downsample = nn.Sequential(nn.Conv2d(width, width, 1, bias=False), plan.norm(width))
    for block in blocks:
        for conv in _spatial_convs(block):
            conv.dilation = conv.padding = (dilation, dilation)
    on_first = plan.style == "caffe" and not plan.is_basic
    inner = 1 if on_first else stride
    if not plan.is_basic:
        first.conv1.stride = (stride, stride) if on_first else (1, 1)
    if isinstance(first, ResNestBottleneck):
        first.avd_last = nn.AvgPool2d(3, inner, 1) if plan.avd and inner > 1 else None
    for conv in _spatial_convs(first):
        conv.stride = (1, 1) if getattr(first, "avd_last", None) else (inner, inner)
    if isinstance(first, Bottle2neck):
        first.is_first, first.pool = True, nn.AvgPool2d(3, inner, 1)
    if first.downsample is None:
        return
    *_, conv, norm = first.downsample
    conv.stride = (1, 1) if plan.avg_down else (stride, stride)
    pool = nn.AvgPool2d(stride, stride, ceil_mode=True, count_include_pad=False)
    # the originals have no placeholder where they do not pool, but Res2Net always pools
    has_pool = plan.avg_down and (stride != 1 or isinstance(first, Bottle2neck))
    first.downsample = nn.Sequential(*([pool] if has_pool else []), conv, norm)


def _spatial_convs(block: Any) -> list[Any]:
    """Return the convolutions of a block that get its stride and its dilation."""
    if isinstance(block, BasicBlock):
        return [block.conv1]
    if isinstance(block, Bottle2neck):
        return list(block.convs)
    return [block.conv2.conv if isinstance(block, ResNestBottleneck) else block.conv2]


def _set_drop_path(stages: Sequence[Any], rates: Sequence[float]) -> None:
    blocks = [block for stage in stages for block in stage.children()]
    for block, rate in zip(
        blocks, rates, strict=False
    ):  # rates also count stages that are not built
        block.drop_path = DropPath(rate) if rate > SMALLEST_DROP else None

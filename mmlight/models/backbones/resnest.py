"""ResNeSt on timm."""

from dataclasses import replace
from typing import Any, ClassVar

from timm.models.resnest import ResNestBottleneck
from torch import nn

from mmlight.models.backbones.resnet import DEEP_ARCHS, ResNetV1d
from mmlight.models.networks.resnet import Archs, ResNetPlan, build_network


class ResNeSt(ResNetV1d):
    """ResNet with split attention: each block weighs several versions of its channels.

    Args:
        depth: 50, 101, 152, 200 or 269.
        groups: Groups of the 3x3 convolution.
        width_per_group: Channels per group in the first stage, used when `groups` is not 1.
        radix: Number of versions, at least 1.
        reduction_factor: Channels of the versions over those of the attention, which has 32 or
            more.
        avg_down_stride: Whether blocks pool behind their 3x3 convolution instead of striding.
        **kwargs: Arguments of `ResNet`, without `deep_stem` and `avg_down`; `drop_path_rate` has no
            effect, as in the originals.

    Raises:
        ValueError: If a value is out of range or timm cannot do it.

    Examples:
        >>> import torch
        >>> [tuple(x.shape) for x in ResNeSt(50).eval()(torch.rand(1, 3, 32, 32))]
        [(1, 2048, 1, 1)]

    From: mmcls 0.25 and mmpretrain 1.2 `ResNeSt`.
    """

    archs: ClassVar[Archs] = {
        **{depth: (ResNestBottleneck, layers) for depth, (_, layers) in DEEP_ARCHS.items()},
        200: (ResNestBottleneck, (3, 24, 36, 3)),
        269: (ResNestBottleneck, (3, 30, 48, 8)),
    }

    def __init__(
        self,
        depth: int,
        groups: int = 1,
        width_per_group: int = 4,
        radix: int = 2,
        reduction_factor: int = 4,
        avg_down_stride: bool = True,
        **kwargs: Any,
    ) -> None:
        if radix < 1:
            raise ValueError(f"radix must be at least 1, got {radix}")
        self.radix, self.reduction_factor = radix, reduction_factor
        self.avg_down_stride = avg_down_stride
        kwargs["drop_path_rate"] = 0.0
        super().__init__(depth, groups=groups, width_per_group=width_per_group, **kwargs)

    def _build(self, plan: ResNetPlan) -> Any:
        block_args = {"radix": self.radix}
        network = build_network(replace(plan, avd=self.avg_down_stride, block_args=block_args))
        for block in network.modules():
            if isinstance(block, ResNestBottleneck):
                _set_attention(block, self.reduction_factor, plan)
        return network


def _set_attention(block: Any, reduction_factor: int, plan: ResNetPlan) -> None:
    """Give the attention the originals' number of channels, which timm rounds."""
    split = block.conv2
    channels = split.fc1.in_channels
    hidden = max(channels * split.radix // reduction_factor, 32)
    if hidden != split.fc1.out_channels:
        split.fc1 = nn.Conv2d(channels, hidden, 1, groups=plan.groups)
        split.bn1 = plan.norm(hidden)
        split.fc2 = nn.Conv2d(hidden, channels * split.radix, 1, groups=plan.groups)

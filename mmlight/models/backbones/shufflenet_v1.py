"""ShuffleNet, which neither timm nor torchvision has.

Paper: Zhang et al., ShuffleNet: an extremely efficient convolutional neural network for mobile
devices.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

import torch
from torch import Tensor, nn

from mmlight.compat.cnn.channel import channel_shuffle, make_divisible
from mmlight.compat.cnn.conv_module import ConvModule
from mmlight.models.backbones.base.shufflenet import ShuffleNet
from mmlight.models.initialize import InitCfg
from mmlight.models.layers.activation import activation_layer
from mmlight.models.layers.defaults import BATCH_NORM, RELU

CHANNELS: Final[Mapping[int, tuple[int, int, int]]] = {
    1: (144, 288, 576),
    2: (200, 400, 800),
    3: (240, 480, 960),
    4: (272, 544, 1088),
    8: (384, 768, 1536),
}
"""Number of groups -> channels of the stages at a width of 1."""
DEPTHS: Final = (4, 8, 4)


class ShuffleNetV1(ShuffleNet):
    """ShuffleNet: 1x1 convolutions in groups, whose channels are shuffled.

    Args:
        groups: Groups of the 1x1 convolutions, one of `CHANNELS`.
        widen_factor: Factor of the channels, above 0.
        out_indices: Stages whose outputs are returned, each in [0, 3).
        frozen_stages: From 0 on the stem gets no gradient, but its norm still learns statistics;
            this many stages get no gradient and stay in eval mode; -1 freezes nothing.
        conv_cfg: The convolutions.
        norm_cfg: The norms.
        act_cfg: Activation.
        norm_eval: Whether batch norm stays in eval mode while training.
        with_cp: Whether blocks are computed again in the backward pass instead of being stored.
        init_cfg: See `InitModule`; the original's draws follow anyway, except after a checkpoint.

    Raises:
        ValueError: If a value is out of range.

    Examples:
        >>> import torch
        >>> [tuple(x.shape) for x in ShuffleNetV1(widen_factor=0.5)(torch.rand(1, 3, 64, 64))]
        [(1, 480, 2, 2)]

    From: mmcls 0.25 and mmpretrain 1.2 `ShuffleNetV1`.
    """

    timm_head: ClassVar[str | None] = None

    def __init__(
        self,
        groups: int = 3,
        widen_factor: float = 1.0,
        out_indices: Sequence[int] = (2,),
        frozen_stages: int = -1,
        conv_cfg: Mapping[str, Any] | None = None,
        norm_cfg: Mapping[str, Any] = BATCH_NORM,
        act_cfg: Mapping[str, Any] = RELU,
        norm_eval: bool = False,
        with_cp: bool = False,
        init_cfg: InitCfg = None,
    ) -> None:
        if groups not in CHANNELS:
            raise ValueError(f"groups must be one of {tuple(CHANNELS)}, got {groups}")
        options: dict[str, Any] = {
            "conv_cfg": conv_cfg,
            "norm_cfg": norm_cfg,
            "act_cfg": act_cfg,
        }
        channels = int(24 * widen_factor)
        network: Any = nn.Module()
        network.conv1 = ConvModule(3, channels, 3, stride=2, padding=1, **options)
        network.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        network.layers = nn.ModuleList()
        for stage, (width, depth) in enumerate(zip(CHANNELS[groups], DEPTHS, strict=True)):
            width = make_divisible(width * widen_factor, 8)
            first = ShuffleUnit(channels, width, groups, dense=stage == 0, **options)
            rest = (ShuffleUnit(width, width, groups, **options) for _ in range(depth - 1))
            network.layers.append(nn.Sequential(first, *rest))
            channels = width
        super().__init__(
            network,
            norm_bias=1e-4,
            out_indices=out_indices,
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            with_cp=with_cp,
            init_cfg=init_cfg,
        )

    def stages(self) -> Sequence[Sequence[nn.Module]]:
        """Return the units of each stage."""
        stages: Sequence[Sequence[nn.Module]] = self.network.layers
        return stages


class ShuffleUnit(nn.Module):
    """Narrow, convolve each channel by itself, widen; the 1x1 convolutions work in groups.

    More channels out than in halve the size: the input is pooled and stands beside the result.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output, at least as many.
        groups: Groups of the 1x1 convolutions.
        dense: Whether the first 1x1 convolution has one group only.
        act_cfg: Activation after the first convolution and at the end.
        **options: `conv_cfg` and `norm_cfg` of `ConvModule`.

    From: mmcls 0.25 and mmpretrain 1.2 `ShuffleUnit`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        groups: int,
        *,
        dense: bool = False,
        act_cfg: Mapping[str, Any] = RELU,
        **options: Any,
    ) -> None:
        super().__init__()
        self.groups = groups
        self.halves = out_channels != in_channels
        inner = out_channels // 4
        self.g_conv_1x1_compress = ConvModule(
            in_channels, inner, 1, groups=1 if dense else groups, act_cfg=act_cfg, **options
        )
        self.depthwise_conv3x3_bn = ConvModule(
            inner,
            inner,
            3,
            stride=2 if self.halves else 1,
            padding=1,
            groups=inner,
            act_cfg=None,
            **options,
        )
        widened = out_channels - in_channels if self.halves else out_channels
        self.g_conv_1x1_expand = ConvModule(
            inner, widened, 1, groups=groups, act_cfg=None, **options
        )
        self.avgpool = nn.AvgPool2d(3, stride=2, padding=1)
        self.act = activation_layer(act_cfg)()

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, in_channels, H, W)` to `(B, out_channels, H', W')`."""
        out = self.depthwise_conv3x3_bn(self.g_conv_1x1_compress(x))
        out = self.g_conv_1x1_expand(channel_shuffle(out, self.groups))
        if self.halves:
            return torch.cat((self.avgpool(x), self.act(out)), dim=1)
        y: Tensor = self.act(x + out)
        return y

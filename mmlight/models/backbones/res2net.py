"""Res2Net on timm."""

from dataclasses import replace
from typing import Any, ClassVar, Literal

from timm.models.res2net import Bottle2neck

from mmlight.models.backbones.resnet import DEEP_ARCHS, ResNet
from mmlight.models.initialize import Initializer
from mmlight.models.networks.resnet import Archs, ResNetPlan, build_network


class Res2Net(ResNet):
    """ResNet whose blocks split their channels into scales that pass on to each other.

    Args:
        scales: Number of scales, at least 2.
        base_width: Channels of a scale in the first stage, for 64 `base_channels`.
        style: See `ResNet`.
        deep_stem: Whether three 3x3 convolutions replace the 7x7 one.
        avg_down: Whether the shortcut pools before its convolution instead of striding.
        **kwargs: Arguments of `ResNet`: `depth` is 50, 101 or 152; `init_cfg` is torch's start
            values by default; `drop_path_rate` has no effect, as in the originals.

    Raises:
        ValueError: If a value is out of range or timm cannot do it.

    Examples:
        >>> import torch
        >>> [tuple(x.shape) for x in Res2Net(depth=50).eval()(torch.rand(1, 3, 32, 32))]
        [(1, 2048, 1, 1)]

    From: mmcls 0.25 and mmpretrain 1.2 `Res2Net`.
    """

    archs: ClassVar[Archs] = {
        depth: (Bottle2neck, layers) for depth, (_, layers) in DEEP_ARCHS.items()
    }
    default_init: ClassVar[tuple[Initializer, ...]] = ()

    def __init__(
        self,
        scales: int = 4,
        base_width: int = 26,
        style: Literal["pytorch", "caffe"] = "pytorch",
        deep_stem: bool = True,
        avg_down: bool = True,
        **kwargs: Any,
    ) -> None:
        if scales < 2:
            raise ValueError(f"scales must be at least 2, got {scales}")
        self.scales, self.base_width = scales, base_width
        kwargs["drop_path_rate"] = 0.0
        super().__init__(style=style, deep_stem=deep_stem, avg_down=avg_down, **kwargs)

    def _build(self, plan: ResNetPlan) -> Any:
        width = 64 * (self.base_width / plan.base_channels)
        width *= 4 / (plan.expansion or 4)  # timm counts from a quarter of the output channels
        block_args = {"scale": self.scales}
        return build_network(replace(plan, scale_width=width, block_args=block_args))

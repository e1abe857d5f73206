"""Cross-stage partial networks on timm: CSP-Darknet, CSP-ResNet, CSP-ResNeXt."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar, Final

from timm.layers.conv_bn_act import ConvNormAct
from timm.models.cspnet import BottleneckBlock, CspNet, CspStemCfg, model_cfgs
from torch import Tensor, nn

from mmlight.models.backbones.base.out_indices import to_out_indices
from mmlight.models.backbones.base.staged_backbone import StagedBackbone
from mmlight.models.initialize import InitCfg, Initializer, Kaiming
from mmlight.models.layers.activation import activation_layer
from mmlight.models.layers.conv import check_plain_conv
from mmlight.models.layers.norm import freeze_norms
from mmlight.models.layers.norm_act import norm_act_layer
from mmlight.weights.name_map import NameRule

BATCH_NORM: Final[Mapping[str, Any]] = MappingProxyType({"type": "BN", "eps": 1e-5})
LEAKY_RELU: Final[Mapping[str, Any]] = MappingProxyType({"type": "LeakyReLU", "inplace": True})
STAGE_RULES: Final = (
    NameRule(r"network\.(stages\.\d+\.)conv_down\.(.+)", r"\1downsample_conv.\2"),
    NameRule(r"network\.(stages\.\d+\.)conv_exp\.(.+)", r"\1expand_conv.\2"),
    # the originals' name has this misprint
    NameRule(r"network\.(stages\.\d+\.)conv_transition_b\.(.+)", r"\1atfer_blocks_conv.\2"),
    NameRule(r"network\.(stages\.\d+\.)conv_transition\.(.+)", r"\1final_conv.\2"),
)
BOTTLENECK_RULES: Final[tuple[NameRule, ...]] = (
    NameRule(r"network\.stem\.conv1\.(.+)", r"stem.0.\1"),
    NameRule(r"network\.stem\.conv2\.(.+)", r"stem.1.\1"),
    NameRule(r"network\.stem\.conv3\.(.+)", r"stem.2.\1"),
    *STAGE_RULES,
    NameRule(r"network\.(.+\.blocks\.\d+)\.conv(\d)\.conv\.(.+)", r"\1.conv\2.\3"),
    NameRule(r"network\.(.+\.blocks\.\d+)\.conv(\d)\.bn\.(.+)", r"\1.bn\2.\3"),
)
DARK_RULES: Final[tuple[NameRule, ...]] = (
    NameRule(r"network\.stem\.conv1\.(.+)", r"stem.\1"),
    *STAGE_RULES,
    NameRule(r"network\.(.+)", r"\1"),
)


class CrossStageBackbone(StagedBackbone):
    """A cross-stage partial network of timm with the originals' behaviour.

    Args:
        name: Its key in timm's `model_cfgs`.
        stem: Replaces timm's stem; None for none.
        in_channels: Channels of the images.
        out_indices: Stages whose outputs are returned; negative counts from the end.
        frozen_stages: The stem, and this many stages and one more get no gradient and stay in eval
            mode; -1 freezes nothing.
        conv_cfg: None or `{'type': 'Conv2d'}`.
        norm_cfg: `type` 'BN' or 'SyncBN'; `eps`, `momentum`, `requires_grad`.
        act_cfg: Activation.
        norm_eval: Whether batch norm stays in eval mode while training.
        init_cfg: See `InitModule`. It reaches the convolutions of residual bottlenecks only, as in
            the originals: all others are drawn by He's rule afterwards.

    Raises:
        ValueError: If a value is out of range or timm cannot do it.
    """

    timm_head = "head.fc"
    name_rules: Sequence[NameRule] = BOTTLENECK_RULES
    default_init: ClassVar[tuple[Initializer, ...]] = (Kaiming(layer="Conv2d"),)

    def __init__(
        self,
        name: str,
        *,
        stem: CspStemCfg | None = None,
        in_channels: int = 3,
        out_indices: int | Sequence[int] = -1,
        frozen_stages: int = -1,
        conv_cfg: Mapping[str, Any] | None = None,
        norm_cfg: Mapping[str, Any] = BATCH_NORM,
        act_cfg: Mapping[str, Any] = LEAKY_RELU,
        norm_eval: bool = False,
        init_cfg: InitCfg = None,
    ) -> None:
        check_plain_conv(conv_cfg)
        cfg = model_cfgs[name]
        network = CspNet(
            replace(cfg, stem=stem or cfg.stem),
            in_chans=in_channels,
            num_classes=0,
            global_pool="",
            zero_init_last=False,
            act_layer=activation_layer(act_cfg),
            norm_layer=norm_act_layer(norm_cfg, act_cfg),
        )
        freeze_norms(network, norm_cfg)
        count = len(cfg.stages.depth)
        super().__init__(
            network,
            out_indices=to_out_indices(out_indices, count),
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            init_cfg=init_cfg,
        )
        if frozen_stages >= count:
            raise ValueError(f"frozen_stages must be in [-1, {count}), got {frozen_stages}")

    def stem(self, images: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to the input of the first stage."""
        x: Tensor = self.network.stem(images)
        return x

    def stages(self) -> Sequence[Sequence[nn.Module]]:
        """Return each stage as one block."""
        return [[stage] for stage in self.network.stages]

    def frozen_parts(self) -> Sequence[nn.Module]:
        """Return the stem and the first stages."""
        if self.frozen_stages < 0:
            return ()
        return [self.network.stem, *self.network.stages[: self.frozen_stages + 1]]

    def init_children(self, init: Callable[[nn.Module], None]) -> None:
        """Fill each stage as the whole, then draw what the originals draw once more."""
        steps = self.init_cfg if isinstance(self.init_cfg, Sequence) else [self.init_cfg]
        self.init_stem()
        for stage in self.network.stages:
            for step in steps:
                if isinstance(step, Initializer):
                    step(stage)
            self.draw_again(stage)

    def init_stem(self) -> None:
        """Fill the stem as a child of the whole; one of several layers is none."""

    def draw_again(self, part: nn.Module) -> None:
        """Draw convolutions with a norm by He's rule, but for those of residual bottlenecks."""
        for layer in _list_conv_modules(part):
            leaky = isinstance(layer.bn.act, nn.LeakyReLU)
            draw = (
                Kaiming(a=layer.bn.act.negative_slope, nonlinearity="leaky_relu")
                if leaky
                else Kaiming()
            )
            draw.fill_layers([layer.conv], only_matching=False)
            nn.init.ones_(layer.bn.weight)
            nn.init.zeros_(layer.bn.bias)


def _list_conv_modules(part: nn.Module) -> Iterator[Any]:
    if isinstance(part, ConvNormAct):
        yield part
    elif not isinstance(part, BottleneckBlock):
        for child in part.children():
            yield from _list_conv_modules(child)


def _check_depth(depth: int, only: int) -> None:
    if depth != only:
        raise ValueError(f"depth must be {only}, got {depth}")


class CSPDarkNet(CrossStageBackbone):
    """CSP-Darknet, known from YOLOv4.

    Args:
        depth: 53.
        in_channels: Channels of the images.
        out_indices: Stages whose outputs are returned, of five; negative counts from the end.
        **kwargs: Arguments of `CrossStageBackbone`.

    Examples:
        >>> import torch
        >>> [tuple(x.shape) for x in CSPDarkNet(53)(torch.rand(1, 3, 64, 64))]
        [(1, 1024, 2, 2)]

    From: mmcls 0.25 and mmpretrain 1.2 `CSPDarkNet`.
    """

    name_rules = DARK_RULES
    default_init: ClassVar[tuple[Initializer, ...]] = (
        Kaiming(
            layer="Conv2d",
            a=math.sqrt(5),
            distribution="uniform",
            mode="fan_in",
            nonlinearity="leaky_relu",
        ),
    )

    def __init__(
        self,
        depth: int,
        in_channels: int = 3,
        out_indices: int | Sequence[int] = (4,),
        **kwargs: Any,
    ) -> None:
        _check_depth(depth, 53)
        super().__init__("cspdarknet53", in_channels=in_channels, out_indices=out_indices, **kwargs)

    def init_stem(self) -> None:
        """Draw the stem once more: it is a single layer."""
        self.draw_again(self.network.stem)


class CSPResNet(CrossStageBackbone):
    """CSP-ResNet.

    Args:
        depth: 50.
        in_channels: Channels of the images.
        out_indices: Stages whose outputs are returned, of four; negative counts from the end.
        deep_stem: Whether three 3x3 convolutions replace the 7x7 one and the pooling; the network
            then works at twice the size.
        **kwargs: Arguments of `CrossStageBackbone`.

    Examples:
        >>> import torch
        >>> [tuple(x.shape) for x in CSPResNet(50)(torch.rand(1, 3, 64, 64))]
        [(1, 1024, 2, 2)]

    From: mmcls 0.25 and mmpretrain 1.2 `CSPResNet`.
    """

    timm_name: ClassVar[str] = "cspresnet50"

    def __init__(
        self,
        depth: int,
        in_channels: int = 3,
        out_indices: int | Sequence[int] = (3,),
        *,
        deep_stem: bool = False,
        **kwargs: Any,
    ) -> None:
        _check_depth(depth, 50)
        stem = CspStemCfg(out_chs=(32, 32, 64), kernel_size=3, stride=2) if deep_stem else None
        super().__init__(
            self.timm_name, stem=stem, in_channels=in_channels, out_indices=out_indices, **kwargs
        )


class CSPResNeXt(CSPResNet):
    """CSP-ResNeXt, with the arguments of `CSPResNet`.

    Examples:
        >>> import torch
        >>> [tuple(x.shape) for x in CSPResNeXt(50)(torch.rand(1, 3, 64, 64))]
        [(1, 2048, 2, 2)]

    From: mmcls 0.25 and mmpretrain 1.2 `CSPResNeXt`.
    """

    timm_name = "cspresnext50"

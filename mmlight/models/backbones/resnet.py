"""The ResNet family on timm: plain, V1c, V1d, CIFAR, ResNeXt, SE, wide."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Final, Literal

from timm.layers.squeeze_excite import SEModule
from torch import Tensor, nn

from mmlight.compat.cnn.norm import infer_abbr
from mmlight.models.backbones.base.resnet_parts import ReplaceableParts, name_rules
from mmlight.models.initialize import Constant, InitCfg, Initializer, Kaiming
from mmlight.models.layers.conv import check_plain_conv
from mmlight.models.layers.norm import freeze_norms, norm_layer
from mmlight.models.networks.resnet import (
    ARCHS,
    Archs,
    ResNetPlan,
    build_network,
    drop_path_rates,
)

BATCH_NORM: Final[Mapping[str, Any]] = MappingProxyType({"type": "BN", "requires_grad": True})

DEEP_ARCHS: Final[Archs] = {depth: ARCHS[depth] for depth in (50, 101, 152)}


class ResNet(ReplaceableParts):
    """ResNet, and by its arguments wide ResNet, V1c, V1d, ResNeXt and SE-ResNet.

    Args:
        depth: 18, 34, 50, 101 or 152.
        in_channels: Channels of the images.
        stem_channels: Output channels of the stem.
        base_channels: Channels inside the blocks of the first stage; doubled from stage to stage.
        expansion: Output channels over inner channels of a block; None is 1 up to depth 34 and 4
            above.
        num_stages: Number of stages, in [1, 4].
        strides: Stride of the first block of each stage.
        dilations: Dilation of each stage.
        out_indices: Stages whose outputs are returned, each in [0, num_stages).
        style: 'pytorch' puts the stride of a bottleneck on its 3x3, 'caffe' on its first 1x1
            convolution.
        deep_stem: Whether three 3x3 convolutions replace the 7x7 one.
        avg_down: Whether the shortcut pools before its convolution instead of striding.
        frozen_stages: 0 freezes the stem, n also the first n stages, -1 nothing.
        conv_cfg: None or `{'type': 'Conv2d'}`.
        norm_cfg: See `norm_layer`; `requires_grad`.
        norm_eval: Whether batch norm stays in eval mode while training.
        with_cp: Whether blocks are computed again in the backward pass instead of being stored.
        zero_init_residual: Whether the last norm of each block starts at zero.
        init_cfg: See `InitModule`; by default He's rule for convolutions, one for norm layers.
        drop_path_rate: Rate of stochastic depth of the last block, in [0, 1); has no effect with
            `se_ratio`.
        drop_path_schedule: 'linear' raises the rate from 0 block by block (1.x), 'constant' uses it
            everywhere (0.x).
        groups: Groups of the 3x3 convolution of a bottleneck.
        width_per_group: Channels per group in the first stage, used when `groups` is not 1.
        se_ratio: Reduction of squeeze-and-excitation, None for none.

    Raises:
        ValueError: If a value is out of range or timm cannot do it.

    Examples:
        >>> import torch
        >>> [tuple(x.shape) for x in ResNet(18, out_indices=(0, 3))(torch.rand(2, 3, 32, 32))]
        [(2, 64, 8, 8), (2, 512, 1, 1)]

    From: mmcls 0.25 and mmpretrain 1.2 `ResNet`; the last three arguments are their `ResNeXt` and
        `SEResNet`.
    """

    timm_head = "fc"
    has_timm_start = False
    archs: ClassVar[Archs] = ARCHS
    default_init: ClassVar[tuple[Initializer, ...]] = (
        Kaiming(layer="Conv2d"),
        Constant(1, layer=("_BatchNorm", "GroupNorm")),
    )

    def __init__(
        self,
        depth: int,
        in_channels: int = 3,
        stem_channels: int = 64,
        base_channels: int = 64,
        expansion: int | None = None,
        num_stages: int = 4,
        strides: Sequence[int] = (1, 2, 2, 2),
        dilations: Sequence[int] = (1, 1, 1, 1),
        out_indices: Sequence[int] = (3,),
        style: Literal["pytorch", "caffe"] = "pytorch",
        deep_stem: bool = False,
        avg_down: bool = False,
        frozen_stages: int = -1,
        conv_cfg: Mapping[str, Any] | None = None,
        norm_cfg: Mapping[str, Any] = BATCH_NORM,
        norm_eval: bool = False,
        with_cp: bool = False,
        zero_init_residual: bool = True,
        init_cfg: InitCfg = None,
        drop_path_rate: float = 0.0,
        *,
        drop_path_schedule: Literal["linear", "constant"] = "linear",
        groups: int = 1,
        width_per_group: int = 4,
        se_ratio: int | None = None,
    ) -> None:
        if depth not in self.archs:
            raise ValueError(f"depth must be one of {tuple(self.archs)}, got {depth}")
        self.refuse_overrides()
        check_plain_conv(conv_cfg)
        block, layers = self.archs[depth]
        make_norm = norm_layer(norm_cfg)
        # the originals' blocks with squeeze-and-excitation never apply stochastic depth
        rate = 0.0 if se_ratio else drop_path_rate
        plan = ResNetPlan(
            block=block,
            layers=layers,
            depth=depth,
            in_channels=in_channels,
            stem_channels=stem_channels,
            base_channels=base_channels,
            expansion=expansion,
            num_stages=num_stages,
            strides=strides,
            dilations=dilations,
            style=style,
            deep_stem=deep_stem,
            avg_down=avg_down,
            groups=groups,
            width_per_group=width_per_group,
            se_ratio=se_ratio,
            drop_path_rates=drop_path_rates(sum(layers), rate, drop_path_schedule),
            norm=lambda channels, **_: make_norm(channels),  # timm takes partials apart
        )
        network = self._build(plan)
        freeze_norms(network, norm_cfg)
        abbr = infer_abbr(type(network.bn1))
        self.set_attributes(plan, abbr)
        self.conv_cfg, self.norm_cfg = conv_cfg, dict(norm_cfg)
        self.zero_init_residual = zero_init_residual
        super().__init__(
            network,
            out_indices=out_indices,
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            with_cp=with_cp,
            init_cfg=init_cfg,
        )
        self.name_rules = name_rules(abbr, deep_stem=deep_stem)
        Kaiming().fill_layers(self._conv_modules(), only_matching=False)
        self.replace_stem(in_channels)

    def _build(self, plan: ResNetPlan) -> Any:
        return build_network(plan)

    def start(self, images: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to `(B, stem_channels, H / 4, W / 4)`."""
        net, own = self.network, self._modules.get("stem")
        norm = self.norm1 if net.bn1 is None else net.bn1
        x = net.act1(norm(net.conv1(images))) if own is None else own(images)
        y: Tensor = net.maxpool(x)
        return y

    def stages(self) -> Sequence[Sequence[nn.Module]]:
        """Return the blocks of each stage."""
        return [list(stage.children()) for stage in self._stage_modules()]

    def frozen_parts(self) -> Sequence[nn.Module]:
        """Return the stem and the first stages."""
        if self.frozen_stages < 0:
            return ()
        return [self.stem, *self._stage_modules()[: self.frozen_stages]]

    def _stage_modules(self) -> Sequence[nn.Module]:
        return [getattr(self.network, name) for name in self.res_layers]

    def _conv_modules(self) -> list[nn.Module]:
        """Return the convolutions that have He's start values without an `init_cfg` too."""
        deep = self.network.conv1 if self.deep_stem else nn.Identity()
        squeezes = [layer for layer in self.network.modules() if isinstance(layer, SEModule)]
        layers = [layer for part in (deep, *squeezes) for layer in part.modules()]
        return [layer for layer in layers if isinstance(layer, nn.Conv2d)]

    def init_extra(self) -> None:
        """Set the last norm of each block to zero, unless a checkpoint alone fills the weights."""
        if self.is_pretrained or not self.zero_init_residual:
            return
        blocks: list[Any] = [block for stage in self.stages() for block in stage]
        for block in blocks:
            last = getattr(block, "bn3", getattr(block, "bn2", None))
            if last is not None:
                Constant(0).fill_layers([last], only_matching=False)


class ResNetV1c(ResNet):
    """ResNet with a stem of three 3x3 convolutions.

    Args:
        depth: 18, 34, 50, 101 or 152.
        **kwargs: Arguments of `ResNet`, without `deep_stem` and `avg_down`.

    From: mmcls 0.25 and mmpretrain 1.2 `ResNetV1c`.
    """

    def __init__(self, depth: int, **kwargs: Any) -> None:
        super().__init__(depth, deep_stem=True, avg_down=False, **kwargs)


class ResNetV1d(ResNet):
    """ResNet with a stem of three 3x3 convolutions and pooling shortcuts.

    Args:
        depth: 18, 34, 50, 101 or 152.
        **kwargs: Arguments of `ResNet`, without `deep_stem` and `avg_down`.

    From: mmcls 0.25 and mmpretrain 1.2 `ResNetV1d`.
    """

    def __init__(self, depth: int, **kwargs: Any) -> None:
        super().__init__(depth, deep_stem=True, avg_down=True, **kwargs)


class ResNet_CIFAR(ResNet):  # noqa: N801 (the originals' name, found by it in configs)
    """ResNet for small images: a 3x3 stem of stride 1 and no pooling.

    Args:
        depth: 18, 34, 50, 101 or 152.
        deep_stem: False; the originals refuse anything else too.
        **kwargs: Arguments of `ResNet`.

    From: mmcls 0.25 and mmpretrain 1.2 `ResNet_CIFAR`.
    """

    def __init__(self, depth: int, deep_stem: bool = False, **kwargs: Any) -> None:
        if deep_stem:
            raise ValueError("deep_stem must be False for ResNet_CIFAR, got True")
        super().__init__(depth, **kwargs)

    def _build(self, plan: ResNetPlan) -> Any:
        network = build_network(plan)
        network.conv1 = nn.Conv2d(plan.in_channels, plan.stem_channels, 3, padding=1, bias=False)
        network.maxpool = nn.Identity()
        return network


class ResNeXt(ResNet):
    """ResNet with grouped convolutions.

    Args:
        depth: 50, 101 or 152.
        groups: Groups of the 3x3 convolution.
        width_per_group: Channels per group in the first stage.
        **kwargs: Arguments of `ResNet`.

    From: mmcls 0.25 and mmpretrain 1.2 `ResNeXt`.
    """

    archs = DEEP_ARCHS

    def __init__(
        self, depth: int, groups: int = 32, width_per_group: int = 4, **kwargs: Any
    ) -> None:
        super().__init__(depth, groups=groups, width_per_group=width_per_group, **kwargs)


class SEResNet(ResNet):
    """ResNet with squeeze-and-excitation.

    Args:
        depth: 50, 101 or 152.
        se_ratio: Reduction of the channels inside squeeze-and-excitation.
        **kwargs: Arguments of `ResNet`; `drop_path_rate` has no effect, as in the originals.

    From: mmcls 0.25 and mmpretrain 1.2 `SEResNet`.
    """

    archs = DEEP_ARCHS

    def __init__(self, depth: int, se_ratio: int = 16, **kwargs: Any) -> None:
        super().__init__(depth, se_ratio=se_ratio, **kwargs)


class SEResNeXt(SEResNet):
    """ResNeXt with squeeze-and-excitation.

    Args:
        depth: 50, 101 or 152.
        groups: Groups of the 3x3 convolution.
        width_per_group: Channels per group in the first stage.
        **kwargs: Arguments of `SEResNet`.

    From: mmcls 0.25 and mmpretrain 1.2 `SEResNeXt`.
    """

    def __init__(
        self, depth: int, groups: int = 32, width_per_group: int = 4, **kwargs: Any
    ) -> None:
        super().__init__(depth, groups=groups, width_per_group=width_per_group, **kwargs)

"""EfficientNet, its large L2 and its EdgeTPU kin, on timm."""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Final, Literal

from timm.models._efficientnet_blocks import ConvBnAct, EdgeResidual
from torch import Tensor, nn

from mmlight.compat.cnn.channel import make_divisible
from mmlight.models.backbones.base.staged_backbone import StagedBackbone
from mmlight.models.initialize import Constant, InitCfg, Initializer, Kaiming
from mmlight.models.layers.conv import read_padding
from mmlight.models.layers.defaults import SWISH
from mmlight.models.layers.norm import freeze_norms
from mmlight.models.networks.efficientnet import (
    Blocks,
    build_network,
    join_stages,
    name_rules,
    set_drop_path,
)

SAME: Final[Mapping[str, Any]] = MappingProxyType({"type": "Conv2dAdaptivePadding"})
BATCH_NORM: Final[Mapping[str, Any]] = MappingProxyType({"type": "BN", "eps": 1e-3})

SCALES: Final[Mapping[str, tuple[float, float]]] = {
    "b0": (1.0, 1.0),
    "b1": (1.0, 1.1),
    "b2": (1.1, 1.2),
    "b3": (1.2, 1.4),
    "b4": (1.4, 1.8),
    "b5": (1.6, 2.2),
    "b6": (1.8, 2.6),
    "b7": (2.0, 3.1),
    "b8": (2.2, 3.6),
    "l2": (4.3, 5.3),
    "es": (1.0, 1.0),
    "em": (1.0, 1.1),
    "el": (1.2, 1.4),
}
"""Name of an architecture -> factors of width and depth."""

STAGES: Final = (
    Blocks(1, 3, 1, 1, 16, "ir"),
    Blocks(2, 3, 2, 6, 24, "ir"),
    Blocks(2, 5, 2, 6, 40, "ir"),
    Blocks(3, 3, 2, 6, 80, "ir"),
    Blocks(3, 5, 1, 6, 112, "ir"),
    Blocks(4, 5, 2, 6, 192, "ir"),
    Blocks(1, 3, 1, 6, 320, "ir"),
)
EDGE_STAGES: Final = (
    Blocks(1, 3, 1, 3, 24, "er_plain"),
    Blocks(2, 3, 2, 8, 32, "er"),
    Blocks(4, 3, 2, 8, 48, "er"),
    Blocks(5, 5, 2, 8, 96, "ir_plain"),
    Blocks(4, 5, 1, 8, 144, "ir_plain"),
    Blocks(2, 5, 2, 8, 192, "ir_plain"),
)
"""The stages at factors of 1; the stem has 32 channels, the last convolution 1280."""


class ScaledBackbone(StagedBackbone):
    """What EfficientNet and its second version share: layers from the stem to the last convolution.

    Args:
        network: As `build_network` returns it.
        joined: The stages of timm that continue the original's layer before them.
        **kwargs: Arguments of `StagedBackbone`.
    """

    timm_head = "classifier"
    default_init: ClassVar[tuple[Initializer, ...]] = (
        Kaiming(layer="Conv2d"),
        Constant(1, layer=("_BatchNorm", "GroupNorm")),
    )

    def __init__(self, network: nn.Module, *, joined: Sequence[int] = (), **kwargs: Any) -> None:
        self.joined = tuple(joined)
        super().__init__(network, **kwargs)
        self.name_rules = name_rules(join_stages(self.network, self.joined))

    def stem(self, images: Tensor) -> Tensor:
        """Return the images: the stem is layer 0."""
        return images

    def stages(self) -> Sequence[Sequence[nn.Module]]:
        """Return the stem, the blocks of each layer, and the last convolution."""
        net = self.network
        layers = [[block for _, block in layer] for layer in join_stages(net, self.joined)]
        return [[net.conv_stem, net.bn1], *layers, [net.conv_head, net.bn2]]

    def run_block(self, block: nn.Module, x: Tensor) -> Tensor:
        """Compute a block; only those of several convolutions can be computed again."""
        if hasattr(block, "drop_path") and not isinstance(block, ConvBnAct):
            return super().run_block(block, x)
        y: Tensor = block(x)
        return y

    def frozen_parts(self) -> Sequence[nn.Module]:
        """Return the parts of the first layers."""
        return [part for layer in self.stages()[: max(self.frozen_stages, 0)] for part in layer]


class EfficientNet(ScaledBackbone):
    """EfficientNet B0 to B8, L2, and EdgeTPU S, M, L.

    Args:
        arch: A name of `SCALES`.
        drop_path_rate: Rate of stochastic depth of the last block, rising from 0, in [0, 1).
        out_indices: Layers whose outputs are returned, each in [0, 7): 0 is the stem, 6 the last
            convolution.
        frozen_stages: This many layers, stem included, get no gradient and stay in eval mode.
        conv_cfg: `{'type': 'Conv2dAdaptivePadding'}` pads as TensorFlow does, None as torch does.
        norm_cfg: `type` 'BN' or 'SyncBN'; `eps`, `momentum`, `requires_grad`.
        act_cfg: Activation.
        norm_eval: Whether batch norm stays in eval mode while training.
        with_cp: Whether blocks are computed again in the backward pass instead of being stored.
        init_cfg: See `InitModule`; by default He's rule for convolutions, one for norm layers.
        edge_stride: Which convolution of an edge residual block makes the map smaller: 'first'
            (1.x) or 'last' (0.x).

    Raises:
        ValueError: If a value is out of range or timm cannot do it.

    Examples:
        >>> import torch
        >>> network = EfficientNet("b0", out_indices=(1, 6))
        >>> [tuple(x.shape) for x in network(torch.rand(1, 3, 64, 64))]
        [(1, 16, 32, 32), (1, 1280, 2, 2)]

    From: mmcls 0.25 and mmpretrain 1.2 `EfficientNet`. mmcls 0.25 has no 'l2', and widens edge
        residual blocks at full size: there `edge_stride='last'`.
    """

    def __init__(
        self,
        arch: str = "b0",
        drop_path_rate: float = 0.0,
        out_indices: Sequence[int] = (6,),
        frozen_stages: int = 0,
        conv_cfg: Mapping[str, Any] | None = SAME,
        norm_cfg: Mapping[str, Any] = BATCH_NORM,
        act_cfg: Mapping[str, Any] = SWISH,
        norm_eval: bool = False,
        with_cp: bool = False,
        init_cfg: InitCfg = None,
        *,
        edge_stride: Literal["first", "last"] = "first",
    ) -> None:
        if arch not in SCALES:
            raise ValueError(f"arch must be one of {', '.join(SCALES)}, got {arch!r}")
        if edge_stride not in ("first", "last"):
            raise ValueError(f"edge_stride must be 'first' or 'last', got {edge_stride!r}")
        width, depth = SCALES[arch]
        stages = EDGE_STAGES if arch.startswith("e") else STAGES
        network = build_network(
            [scale_stage(stage, width, depth) for stage in stages],
            stem_channels=make_divisible(32 * width, 8),
            head_channels=make_divisible(1280 * width, 8),
            in_channels=3,
            padding=read_padding(conv_cfg),
            norm_cfg=norm_cfg,
            act_cfg=act_cfg,
        )
        set_drop_path(network, drop_path_rate)
        freeze_norms(network, norm_cfg)
        if edge_stride == "last":
            move_stride_back(network)
        super().__init__(
            network,
            joined=[i for i, stage in enumerate(stages) if i > 0 and stage.stride == 1],
            out_indices=out_indices,
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            with_cp=with_cp,
            init_cfg=init_cfg,
        )


def scale_stage(stage: Blocks, width: float, depth: float) -> list[Blocks]:
    """Return the rows of a stage at other factors of width and depth.

    Args:
        stage: The stage at factors of 1.
        width: Factor of the channels; they become multiples of 8.
        depth: Factor of the number of blocks, rounded up.

    Examples:
        >>> scale_stage(Blocks(2, 3, 2, 6, 24, "ir"), 1.2, 1.4)
        [Blocks(repeats=3, kernel_size=3, stride=2, expand=6, channels=32, kind='ir')]
    """
    scaled = stage._replace(
        channels=make_divisible(stage.channels * width, 8), repeats=math.ceil(stage.repeats * depth)
    )
    if stage.kind != "er_plain":
        return [scaled]
    # more blocks of EdgeTPU's first stage widen their fewer channels more
    return [scaled._replace(repeats=1), scaled._replace(repeats=scaled.repeats - 1, expand=4)]


def move_stride_back(network: nn.Module) -> None:
    """Let the last convolution of each edge residual block make the map smaller, not the first.

    From: mmcls 0.25 `EdgeResidual`.
    """
    for block in network.modules():
        if isinstance(block, EdgeResidual):
            first, last = block.conv_exp, block.conv_pwl
            first.stride, last.stride = last.stride, first.stride

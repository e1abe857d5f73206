"""MobileNetV3 on timm."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Final

import timm
from timm.models._efficientnet_blocks import SqueezeExcite
from torch import Tensor, nn

from mmlight.compat.cnn.activation import HSigmoid
from mmlight.models.backbones.base.staged_backbone import StagedBackbone
from mmlight.models.initialize import Constant, InitCfg, Initializer, Kaiming, Normal
from mmlight.models.layers.conv import check_plain_conv
from mmlight.models.layers.norm import freeze_norms
from mmlight.models.layers.norm_act import swap_norms
from mmlight.models.networks.efficientnet import PART_NAMES
from mmlight.weights.name_map import PathRule

ARCHS: Final[Mapping[str, str]] = {
    "small": "mobilenetv3_small_100",
    "small_075": "mobilenetv3_small_075",
    "small_050": "mobilenetv3_small_050",
    "large": "mobilenetv3_large_100",
}
BATCH_NORM: Final[Mapping[str, Any]] = MappingProxyType(
    {"type": "BN", "eps": 0.001, "momentum": 0.01}
)


class MobileNetV3(StagedBackbone):
    """MobileNetV3 up to the last convolution in front of the pooling.

    Args:
        arch: A name of `ARCHS`.
        conv_cfg: None or `{'type': 'Conv2d'}`.
        norm_cfg: `type` 'BN' or 'SyncBN'; `eps`, `momentum`, `requires_grad`. Weights of timm's
            `mobilenetv3_*` want `eps=1e-5`.
        out_indices: Layers whose outputs are returned: 0 is the stem, then one for each block, 16
            (large) or 12 (small) is the last convolution; None means this last.
        frozen_stages: The layers 0 to n get no gradient and stay in eval mode; -1 freezes nothing.
        norm_eval: Whether batch norm stays in eval mode while training.
        with_cp: Whether blocks are computed again in the backward pass instead of being stored.
        init_cfg: See `InitModule`; has no effect but for checkpoints, as in the originals: all
            layers start by He's rule, norms at one.

    Raises:
        ValueError: If a value is out of range or timm cannot do it.

    Examples:
        >>> import torch
        >>> backbone = MobileNetV3(out_indices=(0, 12)).eval()
        >>> [tuple(x.shape) for x in backbone(torch.rand(1, 3, 64, 64))]
        [(1, 16, 32, 32), (1, 576, 2, 2)]

    From: mmcls 0.25 and mmpretrain 1.2 `MobileNetV3`; only the latter has 'small_075' and
        'small_050'.
    """

    timm_head = "classifier"
    default_init: ClassVar[tuple[Initializer, ...]] = (
        Kaiming(layer="Conv2d", nonlinearity="leaky_relu"),
        Normal(std=0.01, layer="Linear"),
        Constant(1, layer="BatchNorm2d"),
    )

    def __init__(
        self,
        arch: str = "small",
        conv_cfg: Mapping[str, Any] | None = None,
        norm_cfg: Mapping[str, Any] = BATCH_NORM,
        out_indices: Sequence[int] | None = None,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        init_cfg: InitCfg = None,
    ) -> None:
        if arch not in ARCHS:
            raise ValueError(f"arch must be one of {', '.join(ARCHS)}, got {arch!r}")
        check_plain_conv(conv_cfg)
        network: Any = timm.create_model(ARCHS[arch], num_classes=0)
        network.conv_head = nn.Identity()  # the originals count it among the head
        for layer in network.modules():
            if isinstance(layer, SqueezeExcite):
                layer.gate = HSigmoid()  # the gradient of torch's own is only exact to float32
        swap_norms(network, norm_cfg)
        freeze_norms(network, norm_cfg)
        last = sum(len(stage) for stage in network.blocks)
        if not -1 <= frozen_stages <= last:
            raise ValueError(f"frozen_stages must be in [-1, {last}], got {frozen_stages}")
        super().__init__(
            network,
            out_indices=(last,) if out_indices is None else out_indices,
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            with_cp=with_cp,
            init_cfg=init_cfg,
        )
        self.name_rules = (PathRule(_name_parts(network)),)
        self._fill()

    def stem(self, images: Tensor) -> Tensor:
        """Return the images: the stem is layer 0."""
        return images

    def stages(self) -> Sequence[Sequence[nn.Module]]:
        """Return the stem, each block, and the last convolution."""
        net = self.network
        return [[net.conv_stem, net.bn1], *([block] for stage in net.blocks for block in stage)]

    def run_block(self, block: nn.Module, x: Tensor) -> Tensor:
        """Compute a block; the stem and the last convolution are never computed again."""
        if hasattr(block, "conv_dw"):
            return super().run_block(block, x)
        y: Tensor = block(x)
        return y

    def frozen_parts(self) -> Sequence[nn.Module]:
        """Return the parts of the first layers."""
        return [part for layer in self.stages()[: self.frozen_stages + 1] for part in layer]

    def init_children(self, init: Callable[[nn.Module], None]) -> None:
        """Fill all layers, which do not follow `init_cfg`."""
        self._fill()

    def _fill(self) -> None:
        for layer in self.network.modules():
            if isinstance(layer, nn.Conv2d):
                Kaiming().fill_layers([layer], only_matching=False)
            elif isinstance(layer, nn.modules.batchnorm._BatchNorm):
                Constant(1).fill_layers([layer], only_matching=False)


def _name_parts(network: Any) -> dict[str, str]:
    """Return our names of convolutions and norms -> the original's."""
    paths = {"network.conv_stem": "layer0.conv", "network.bn1": "layer0.bn"}
    blocks = [
        (s, b, block) for s, stage in enumerate(network.blocks) for b, block in enumerate(stage)
    ]
    for layer, (s, b, block) in enumerate(blocks, start=1):
        for ours, mm in PART_NAMES[type(block)].items():
            paths[f"network.blocks.{s}.{b}.{ours}"] = f"layer{layer}.{mm}"
    return paths

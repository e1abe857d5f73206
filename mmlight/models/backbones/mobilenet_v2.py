"""MobileNetV2 on timm's EfficientNet blocks."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Final

from torch import Tensor, nn

from mmlight.compat.cnn.channel import make_divisible
from mmlight.models.backbones.base.staged_backbone import StagedBackbone
from mmlight.models.initialize import Constant, InitCfg, Initializer, Kaiming
from mmlight.models.layers.conv import check_plain_conv
from mmlight.models.layers.defaults import BATCH_NORM
from mmlight.models.layers.norm import freeze_norms
from mmlight.models.networks.efficientnet import Blocks, build_network
from mmlight.weights.name_map import PathRule

RELU6: Final[Mapping[str, Any]] = MappingProxyType({"type": "ReLU6"})
STAGES: Final = (
    Blocks(1, 3, 1, 1, 16, "ir_plain"),
    Blocks(2, 3, 2, 6, 24, "ir_plain"),
    Blocks(3, 3, 2, 6, 32, "ir_plain"),
    Blocks(4, 3, 2, 6, 64, "ir_plain"),
    Blocks(3, 3, 1, 6, 96, "ir_plain"),
    Blocks(3, 3, 2, 6, 160, "ir_plain"),
    Blocks(1, 3, 1, 6, 320, "ir_plain"),
)
"""The stages at a width factor of 1; the stem has 32 channels, the last convolution 1280."""


class MobileNetV2(StagedBackbone):
    """MobileNetV2.

    Args:
        widen_factor: Factor of the channels; they become multiples of 8, and the last convolution
            has 1280 or more.
        out_indices: Layers whose outputs are returned, each in [0, 8); 7 is the last convolution.
        frozen_stages: 0 stops the gradients of the stem, whose norm goes on counting, as in the
            originals; n in [1, 7] also freezes the first n layers; -1 freezes nothing.
        conv_cfg: None or `{'type': 'Conv2d'}`.
        norm_cfg: `type` 'BN' or 'SyncBN'; `eps`, `momentum`, `requires_grad`.
        act_cfg: Activation.
        norm_eval: Whether batch norm stays in eval mode while training.
        with_cp: Whether blocks are computed again in the backward pass instead of being stored.
        init_cfg: See `InitModule`; by default He's rule for convolutions, one for norm layers. The
            stem and the last convolution always start by these.

    Raises:
        ValueError: If a value is out of range or timm cannot do it.

    Examples:
        >>> import torch
        >>> backbone = MobileNetV2(0.5, out_indices=(1, 7)).eval()
        >>> [tuple(x.shape) for x in backbone(torch.rand(1, 3, 64, 64))]
        [(1, 16, 16, 16), (1, 1280, 2, 2)]

    From: mmcls 0.25 and mmpretrain 1.2 `MobileNetV2`.
    """

    timm_head = "classifier"
    default_init: ClassVar[tuple[Initializer, ...]] = (
        Kaiming(layer="Conv2d"),
        Constant(1, layer=("_BatchNorm", "GroupNorm")),
    )

    def __init__(
        self,
        widen_factor: float = 1.0,
        out_indices: Sequence[int] = (7,),
        frozen_stages: int = -1,
        conv_cfg: Mapping[str, Any] | None = None,
        norm_cfg: Mapping[str, Any] = BATCH_NORM,
        act_cfg: Mapping[str, Any] = RELU6,
        norm_eval: bool = False,
        with_cp: bool = False,
        init_cfg: InitCfg = None,
    ) -> None:
        if not -1 <= frozen_stages <= len(STAGES):
            raise ValueError(f"frozen_stages must be in [-1, {len(STAGES)}], got {frozen_stages}")
        check_plain_conv(conv_cfg)
        network = build_network(
            [
                [row._replace(channels=make_divisible(row.channels * widen_factor, 8))]
                for row in STAGES
            ],
            stem_channels=make_divisible(32 * widen_factor, 8),
            head_channels=int(1280 * max(widen_factor, 1.0)),
            in_channels=3,
            padding="",
            norm_cfg=norm_cfg,
            act_cfg=act_cfg,
        )
        freeze_norms(network, norm_cfg)
        super().__init__(
            network,
            out_indices=out_indices,
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            with_cp=with_cp,
            init_cfg=init_cfg,
        )
        self.name_rules = (PathRule(_name_parts(network)),)
        convs = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
        Kaiming().fill_layers(convs, only_matching=False)  # what stands without an init_cfg

    def stem(self, images: Tensor) -> Tensor:
        """Map `(B, 3, H, W)` to `(B, C, H / 2, W / 2)`."""
        x: Tensor = self.network.bn1(self.network.conv_stem(images))
        return x

    def stages(self) -> Sequence[Sequence[nn.Module]]:
        """Return the blocks of each layer, and the last convolution."""
        net = self.network
        return [*(list(stage) for stage in net.blocks), [net.conv_head, net.bn2]]

    def run_block(self, block: nn.Module, x: Tensor) -> Tensor:
        """Compute a block; the last convolution is never computed again."""
        if hasattr(block, "conv_dw"):
            return super().run_block(block, x)
        y: Tensor = block(x)
        return y

    def frozen_parts(self) -> Sequence[nn.Module]:
        """Return the first layers."""
        parts: Sequence[nn.Module] = self.network.blocks[: max(self.frozen_stages, 0)]
        return parts

    def freeze(self) -> None:
        """Freeze the parts, and stop the gradients of the stem without setting it to eval mode."""
        super().freeze()
        if self.frozen_stages >= 0:
            for part in (self.network.conv_stem, self.network.bn1):
                part.requires_grad_(False)

    def init_children(self, init: Callable[[nn.Module], None]) -> None:
        """Fill the stem and the last convolution, which do not follow `init_cfg`."""
        net = self.network
        for conv, norm in ((net.conv_stem, net.bn1), (net.conv_head, net.bn2)):
            Kaiming().fill_layers([conv], only_matching=False)
            Constant(1).fill_layers([norm], only_matching=False)


def _name_parts(network: Any) -> dict[str, str]:
    """Return our names of convolutions and norms -> the original's."""
    paths = {
        "network.conv_stem": "conv1.conv",
        "network.bn1": "conv1.bn",
        "network.conv_head": "conv2.conv",
        "network.bn2": "conv2.bn",
    }
    for s, stage in enumerate(network.blocks):
        for b, block in enumerate(stage):
            names = [name for name in ("conv_pw", "conv_dw", "conv_pwl") if hasattr(block, name)]
            names = names if "conv_pwl" in names else ["conv_dw", "conv_pw"]  # without expansion
            for index, name in enumerate(names):
                place = f"layer{s + 1}.{b}.conv.{index}"
                paths[f"network.blocks.{s}.{b}.{name}"] = f"{place}.conv"
                paths[f"network.blocks.{s}.{b}.bn{index + 1}"] = f"{place}.bn"
    return paths

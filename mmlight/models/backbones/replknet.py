"""RepLKNet, which timm does not have: depthwise convolutions of up to 31x31 pixels."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar, Final

from torch import Tensor, nn

from mmlight.models.backbones.base.staged_backbone import StagedBackbone
from mmlight.models.initialize import Constant, InitCfg, Initializer, Kaiming
from mmlight.models.layers.defaults import BATCH_NORM, RELU
from mmlight.models.networks.replknet import (
    LargeKernelConv,
    build_stages,
    build_stem,
    conv_norm,
)
from mmlight.models.options import Options, find_arch, name_archs

ARCH_KEYS: Final = ("large_kernel_sizes", "layers", "channels", "small_kernel", "dw_ratio")
_LAYERS = (2, 2, 18, 2)
ARCHS: Final = name_archs(
    ARCH_KEYS,
    {
        ("31b",): ((31, 29, 27, 13), _LAYERS, (128, 256, 512, 1024), 5, 1),
        ("31l",): ((31, 29, 27, 13), _LAYERS, (192, 384, 768, 1536), 5, 1),
        ("xl",): ((27, 27, 27, 13), _LAYERS, (256, 512, 1024, 2048), None, 1.5),
    },
)
"""Names, in lower case, of an architecture -> its numbers."""


class RepLKNet(StagedBackbone):
    """RepLKNet: stages of large depthwise kernels and feed-forward layers.

    Args:
        arch: '31B', '31L', 'XL', or a dict with the keys `ARCH_KEYS`.
        in_channels: Channels of the images.
        ffn_ratio: Hidden channels of the feed-forward layers over their channels.
        out_indices: Stages whose outputs are normalized and returned, each in [0, stages).
        strides: Has no effect, as in the original; every stage halves the size.
        dilations: Has no effect, as in the original.
        frozen_stages: 0 freezes the stem, n also the first n stages, -1 nothing.
        conv_cfg: Has no effect, as in the original.
        norm_cfg: Has no effect, as in the original, which always uses 'BN'.
        act_cfg: Has no effect, as in the original, which always uses ReLU and GELU.
        with_cp: Whether blocks are computed again in the backward pass instead of being stored.
        drop_path_rate: Rate of stochastic depth of the last block, rising from 0, in [0, 1).
        small_kernel_merged: Whether small and large kernels are one, as `switch_to_deploy` leaves
            them.
        norm_intermediate_features: Has no effect, as in the original; every output is normalized.
        norm_eval: Whether batch norm stays in eval mode while training.
        init_cfg: See `InitModule`; by default He's rule for convolutions, one for norm layers.

    Attributes:
        small_kernel_merged: Whether small and large kernels are one.

    Raises:
        ValueError: If a value is out of range.

    From: mmpretrain 1.2 `RepLKNet`.
    """

    timm_head = None
    default_init: ClassVar[tuple[Initializer, ...]] = (
        Kaiming(layer="Conv2d"),
        Constant(1, layer=("_BatchNorm", "GroupNorm")),
    )

    def __init__(
        self,
        arch: str | Mapping[str, Any],
        in_channels: int = 3,
        ffn_ratio: float = 4,
        out_indices: Sequence[int] = (3,),
        strides: Sequence[int] = (2, 2, 2, 2),
        dilations: Sequence[int] = (1, 1, 1, 1),
        frozen_stages: int = -1,
        conv_cfg: Options | None = None,
        norm_cfg: Options = BATCH_NORM,
        act_cfg: Options = RELU,
        with_cp: bool = False,
        drop_path_rate: float = 0.3,
        small_kernel_merged: bool = False,
        norm_intermediate_features: bool = False,
        norm_eval: bool = False,
        init_cfg: InitCfg = None,
    ) -> None:
        numbers = find_arch(arch, ARCHS, ARCH_KEYS)
        network = nn.Module()
        network.stem = build_stem(in_channels, numbers["channels"][0])
        network.stages = build_stages(numbers, ffn_ratio, drop_path_rate, small_kernel_merged)
        network.transitions = nn.ModuleList(
            nn.Sequential(
                conv_norm(before, after, relu=True),
                conv_norm(after, after, 3, depthwise=True, stride=2, relu=True),
            )
            for before, after in pairwise(numbers["channels"])
        )
        super().__init__(
            network,
            out_indices=out_indices,
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            with_cp=with_cp,
            init_cfg=init_cfg,
        )
        for index in self.out_indices:
            network.stages[index].norm = nn.BatchNorm2d(numbers["channels"][index])
        self.small_kernel_merged = small_kernel_merged

    def stem(self, images: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to the input of the first stage, of a quarter of the size."""
        first, *others = self.network.stem
        x: Tensor = first(images)
        for layer in others:
            x = self.run_block(layer, x)
        return x

    def stages(self) -> Sequence[Sequence[nn.Module]]:
        """Return the blocks of each stage, without the transitions between them."""
        return [list(stage.blocks) for stage in self.network.stages]

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map images `(B, C, H, W)` to the normalized outputs of the wanted stages."""
        x = self.stem(images)
        outputs = []
        for index, blocks in enumerate(self.stages()):
            if index:
                x = self.network.transitions[index - 1](x)
            for block in blocks:
                x = self.run_block(block, x)
            if index in self.out_indices:
                outputs.append(self.network.stages[index].norm(x))
        return tuple(outputs)

    def frozen_parts(self) -> Sequence[nn.Module]:
        """Return the stem and the first stages, without the transitions between them."""
        if self.frozen_stages < 0:
            return ()
        return [self.network.stem, *self.network.stages[: self.frozen_stages]]

    def switch_to_deploy(self) -> None:
        """Merge each small kernel into the large one; a second call does nothing."""
        for module in list(self.network.modules()):
            if isinstance(module, LargeKernelConv):
                module.merge_kernel()
        self.small_kernel_merged = True

"""DenseNet on timm's blocks."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from timm.models.densenet import DenseBlock, DenseTransition
from torch import Tensor, nn

from mmlight.models.backbones.base.out_indices import to_out_indices
from mmlight.models.backbones.base.staged_backbone import StagedBackbone
from mmlight.models.initialize import InitCfg
from mmlight.models.layers.defaults import BATCH_NORM, RELU
from mmlight.models.layers.norm import freeze_norms
from mmlight.models.layers.norm_act import norm_act_layer
from mmlight.models.options import find_arch
from mmlight.weights.name_map import PathRule

ARCH_KEYS: Final = ("growth_rate", "depths", "init_channels")
ARCHS: Final[Mapping[tuple[str, ...], Mapping[str, Any]]] = {
    ("121",): {"growth_rate": 32, "depths": (6, 12, 24, 16), "init_channels": 64},
    ("169",): {"growth_rate": 32, "depths": (6, 12, 32, 32), "init_channels": 64},
    ("201",): {"growth_rate": 32, "depths": (6, 12, 48, 32), "init_channels": 64},
    ("161",): {"growth_rate": 48, "depths": (6, 12, 36, 24), "init_channels": 96},
}


class DenseNet(StagedBackbone):
    """DenseNet.

    Args:
        arch: '121', '169', '201', '161', or a dict with the keys `ARCH_KEYS`: channels that each
            layer adds, layers of each block, channels of the stem.
        in_channels: Channels of the images.
        bn_size: Channels inside a layer over those that it adds.
        drop_rate: Dropout behind each layer, in [0, 1).
        compression_factor: Channels behind a transition over those before it.
        memory_efficient: Whether the first half of each layer is computed again in the backward
            pass instead of being stored.
        norm_cfg: `type` 'BN' or 'SyncBN'; `eps`, `momentum`, `requires_grad`.
        act_cfg: Activation.
        out_indices: Stages whose outputs, behind their transitions, are returned; negative counts
            from the end.
        frozen_stages: This many stages with their transitions get no gradient and stay in eval
            mode; the stem never does.
        init_cfg: See `InitModule`; torch's start values by default.

    Raises:
        ValueError: If a value is out of range or timm cannot do it.

    Examples:
        >>> import torch
        >>> backbone = DenseNet(out_indices=(0, -1)).eval()
        >>> [tuple(x.shape) for x in backbone(torch.rand(1, 3, 64, 64))]
        [(1, 128, 8, 8), (1, 1024, 2, 2)]

    From: mmcls 0.25 and mmpretrain 1.2 `DenseNet`.
    """

    timm_head = "classifier"

    def __init__(
        self,
        arch: str | Mapping[str, Any] = "121",
        in_channels: int = 3,
        bn_size: int = 4,
        drop_rate: float = 0,
        compression_factor: float = 0.5,
        memory_efficient: bool = False,
        norm_cfg: Mapping[str, Any] = BATCH_NORM,
        act_cfg: Mapping[str, Any] = RELU,
        out_indices: int | Sequence[int] = -1,
        frozen_stages: int = 0,
        init_cfg: InitCfg = None,
    ) -> None:
        if not 0 <= drop_rate < 1:
            raise ValueError(f"drop_rate must be in [0, 1), got {drop_rate}")
        numbers = find_arch(arch, ARCHS, ARCH_KEYS)
        depths, growth = numbers["depths"], numbers["growth_rate"]
        norm: Any = norm_act_layer(norm_cfg, act_cfg)
        width = numbers["init_channels"]
        features = nn.Sequential()
        features.add_module("conv0", nn.Conv2d(in_channels, width, 7, 2, 3, bias=False))
        features.add_module("norm0", norm(width))
        features.add_module("pool0", nn.MaxPool2d(3, 2, 1))
        for index, depth in enumerate(depths, start=1):
            block = DenseBlock(
                depth,
                width,
                bn_size,
                growth,
                norm_layer=norm,
                drop_rate=drop_rate,
                grad_checkpointing=memory_efficient,
            )
            features.add_module(f"denseblock{index}", block)
            width += depth * growth
            if index < len(depths):
                smaller = math.floor(width * compression_factor)
                transition = DenseTransition(width, smaller, norm_layer=norm)
                features.add_module(f"transition{index}", transition)
                width = smaller
        features.add_module("norm5", norm(width))
        network = nn.Module()
        network.add_module("features", features)
        freeze_norms(network, norm_cfg)
        super().__init__(
            network,
            out_indices=to_out_indices(out_indices, len(depths)),
            frozen_stages=frozen_stages,
            init_cfg=init_cfg,
        )
        self.name_rules = (PathRule(_name_parts(depths)),)

    def stem(self, images: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to `(B, init_channels, H / 4, W / 4)`."""
        x: Tensor = self.network.features[:3](images)
        return x

    def stages(self) -> Sequence[Sequence[nn.Module]]:
        """Return each block with the transition, or at last the norm, behind it."""
        parts = list(self.network.features)[3:]
        return [parts[index : index + 2] for index in range(0, len(parts), 2)]

    def frozen_parts(self) -> Sequence[nn.Module]:
        """Return the parts of the first stages."""
        return [part for stage in self.stages()[: max(self.frozen_stages, 0)] for part in stage]


def _name_parts(depths: Sequence[int]) -> dict[str, str]:
    """Return our names of convolutions and norms -> the original's, which counts from 0."""
    features, last = "network.features", len(depths) - 1
    paths = {f"{features}.conv0": "stem.0", f"{features}.norm0": "stem.1"}
    for s, depth in enumerate(depths):
        for index in range(depth):
            for part in ("norm1", "conv1", "norm2", "conv2"):
                ours = f"{features}.denseblock{s + 1}.denselayer{index + 1}.{part}"
                paths[ours] = f"stages.{s}.block.{index}.{part}"
        for part in ("norm", "conv"):
            paths[f"{features}.transition{s + 1}.{part}"] = f"transitions.{s}.{part}"
    paths[f"{features}.norm5"] = f"transitions.{last}.0"
    return paths

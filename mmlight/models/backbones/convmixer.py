"""ConvMixer on timm."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from timm.models.convmixer import ConvMixer as TimmConvMixer
from torch import Tensor, nn

from mmlight.models.backbones.base.out_indices import to_out_indices
from mmlight.models.backbones.base.staged_backbone import StagedBackbone
from mmlight.models.initialize import InitCfg
from mmlight.models.layers.activation import activation_layer
from mmlight.models.layers.defaults import BATCH_NORM, GELU
from mmlight.models.layers.norm import freeze_norms, norm_layer
from mmlight.models.layers.replace_layers import replace_layers
from mmlight.models.options import find_arch, name_archs
from mmlight.weights.name_map import NameRule

ARCH_KEYS: Final = ("embed_dims", "depth", "patch_size", "kernel_size")
ARCHS: Final = name_archs(
    ARCH_KEYS,
    {
        ("768/32",): (768, 32, 7, 7),
        ("1024/20",): (1024, 20, 14, 9),
        ("1536/20",): (1536, 20, 7, 9),
    },
)


class ConvMixer(StagedBackbone):
    """ConvMixer: patches mixed by large convolutions of single channels and by 1x1 convolutions.

    Args:
        arch: A name of `ARCHS`, or a dict with the keys `ARCH_KEYS`.
        in_channels: Channels of the images.
        norm_cfg: `type` and its arguments.
        act_cfg: Activation after each convolution.
        out_indices: Layers whose outputs are returned; negative counts from the end.
        frozen_stages: This many layers get no gradient and stay in eval mode; never the stem.
        init_cfg: See `InitModule`; torch's start values by default.

    Raises:
        ValueError: If a value is out of range.

    Examples:
        >>> import torch
        >>> arch = {"embed_dims": 8, "depth": 2, "patch_size": 4, "kernel_size": 3}
        >>> [tuple(x.shape) for x in ConvMixer(arch)(torch.rand(1, 3, 32, 32))]
        [(1, 8, 8, 8)]

    From: mmcls 0.25 and mmpretrain 1.2 `ConvMixer`.
    """

    name_rules = (
        NameRule(r"network\.blocks\.(.+)", r"stages.\1"),
        NameRule(r"network\.(.+)", r"\1"),
    )

    def __init__(
        self,
        arch: str | Mapping[str, int] = "768/32",
        in_channels: int = 3,
        norm_cfg: Mapping[str, Any] = BATCH_NORM,
        act_cfg: Mapping[str, Any] = GELU,
        out_indices: int | Sequence[int] = -1,
        frozen_stages: int = 0,
        init_cfg: InitCfg = None,
    ) -> None:
        numbers = find_arch(arch, ARCHS, ARCH_KEYS)
        width, depth = numbers["embed_dims"], numbers["depth"]
        norm = norm_layer(norm_cfg)
        network = TimmConvMixer(
            width,
            depth,
            kernel_size=numbers["kernel_size"],
            patch_size=numbers["patch_size"],
            in_chans=in_channels,
            num_classes=0,
            global_pool="",
            act_layer=activation_layer(act_cfg),  # type: ignore[arg-type]
        )
        replace_layers(network, nn.BatchNorm2d, lambda _: norm(width))
        freeze_norms(network, norm_cfg)
        super().__init__(
            network,
            out_indices=to_out_indices(out_indices, depth),
            frozen_stages=frozen_stages,
            init_cfg=init_cfg,
        )

    def stem(self, images: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to patches `(B, embed_dims, H / patch_size, W / patch_size)`."""
        x: Tensor = self.network.stem(images)
        return x

    def stages(self) -> Sequence[Sequence[nn.Module]]:
        """Return each layer as a stage of its own."""
        return [[block] for block in self.network.blocks]

    def frozen_parts(self) -> Sequence[nn.Module]:
        """Return the first layers."""
        parts: Sequence[nn.Module] = self.network.blocks[: max(self.frozen_stages, 0)]
        return parts

"""EfficientNetV2 on timm."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from timm.models._efficientnet_blocks import ConvBnAct

from mmlight.models.backbones.base.out_indices import to_out_indices
from mmlight.models.backbones.efficientnet import SAME, ScaledBackbone
from mmlight.models.initialize import InitCfg
from mmlight.models.layers.conv import read_padding
from mmlight.models.layers.defaults import SWISH
from mmlight.models.layers.norm import freeze_norms
from mmlight.models.networks.efficientnet import Blocks, build_network, set_drop_path

BATCH_NORM: Final[Mapping[str, Any]] = MappingProxyType(
    {"type": "BN", "eps": 1e-3, "momentum": 0.1}
)

_STRIDES: Final = (1, 2, 2, 2, 1, 2, 1)
_EXPAND: Final = (1, 4, 4, 4, 6, 6, 6)
_KINDS: Final = ("cn", "er", "er", "ir", "ir", "ir", "ir")

Arch = tuple[int, int, tuple[int, ...], tuple[int, ...]]
_S: Final[Arch] = (24, 1280, (2, 4, 4, 6, 9, 15), (24, 48, 64, 128, 160, 256))
_M: Final[Arch] = (24, 1280, (3, 5, 5, 7, 14, 18, 5), (24, 48, 80, 160, 176, 304, 512))
_L: Final[Arch] = (32, 1280, (4, 7, 7, 10, 19, 25, 7), (32, 64, 96, 192, 224, 384, 640))
ARCHS: Final[Mapping[str, Arch]] = {
    "s": _S,
    "small": _S,
    "m": _M,
    "medium": _M,
    "l": _L,
    "large": _L,
    "xl": (32, 1280, (4, 8, 8, 16, 24, 32, 8), (32, 64, 96, 192, 256, 512, 640)),
    "b0": (32, 1280, (1, 2, 2, 3, 5, 8), (16, 32, 48, 96, 112, 192)),
    "b1": (32, 1280, (2, 3, 3, 4, 6, 9), (16, 32, 48, 96, 112, 192)),
    "b2": (32, 1408, (2, 3, 3, 4, 6, 10), (16, 32, 56, 104, 120, 208)),
    "b3": (40, 1536, (2, 3, 3, 5, 7, 12), (16, 40, 56, 112, 136, 232)),
}
"""Name of an architecture -> channels of the stem and of the last convolution, blocks and channels
per stage."""


class EfficientNetV2(ScaledBackbone):
    """EfficientNetV2 S, M, L, XL, and B0 to B3.

    Args:
        arch: A name of `ARCHS`.
        in_channels: Channels of the images.
        drop_path_rate: Rate of stochastic depth of the last block, rising from 0, in [0, 1).
        out_indices: Layers whose outputs are returned: 0 is the stem, -1 the last convolution;
            negative counts from the end.
        frozen_stages: This many layers, stem included, get no gradient and stay in eval mode.
        conv_cfg: `{'type': 'Conv2dAdaptivePadding'}` pads as TensorFlow does; None as torch does,
            and the stem not at all, as in the original.
        norm_cfg: `type` 'BN' or 'SyncBN'; `eps`, `momentum`, `requires_grad`.
        act_cfg: Activation.
        norm_eval: Whether batch norm stays in eval mode while training.
        with_cp: Whether blocks are computed again in the backward pass instead of being stored.
        init_cfg: See `InitModule`; by default He's rule for convolutions, one for norm layers.

    Raises:
        ValueError: If a value is out of range or timm cannot do it.

    Examples:
        >>> import torch
        >>> [tuple(x.shape) for x in EfficientNetV2("b0")(torch.rand(1, 3, 64, 64))]
        [(1, 1280, 2, 2)]

    From: mmpretrain 1.2 `EfficientNetV2`.
    """

    def __init__(
        self,
        arch: str = "s",
        in_channels: int = 3,
        drop_path_rate: float = 0.0,
        out_indices: int | Sequence[int] = (-1,),
        frozen_stages: int = 0,
        conv_cfg: Mapping[str, Any] | None = SAME,
        norm_cfg: Mapping[str, Any] = BATCH_NORM,
        act_cfg: Mapping[str, Any] = SWISH,
        norm_eval: bool = False,
        with_cp: bool = False,
        init_cfg: InitCfg = None,
    ) -> None:
        if arch not in ARCHS:
            raise ValueError(f"arch must be one of {', '.join(ARCHS)}, got {arch!r}")
        stem, head, repeats, channels = ARCHS[arch]
        rows = zip(repeats, _STRIDES, _EXPAND, channels, _KINDS, strict=False)
        padding = read_padding(conv_cfg)
        network = build_network(
            [[Blocks(count, 3, *numbers)] for count, *numbers in rows],  # type: ignore[arg-type]
            stem_channels=stem,
            head_channels=head,
            in_channels=in_channels,
            padding=padding,
            norm_cfg=norm_cfg,
            act_cfg=act_cfg,
        )
        if not padding:
            network.conv_stem.padding = (0, 0)  # the original forgets it
        set_drop_path(network, drop_path_rate, only_used=[ConvBnAct])
        freeze_norms(network, norm_cfg)
        super().__init__(
            network,
            out_indices=to_out_indices(out_indices, len(repeats) + 2),
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            with_cp=with_cp,
            init_cfg=init_cfg,
        )

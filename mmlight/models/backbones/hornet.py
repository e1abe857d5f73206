"""HorNet, which timm does not have: recursive gated convolutions."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from torch import Tensor, nn

from mmlight.models.backbones.base.out_indices import to_out_indices
from mmlight.models.backbones.base.staged_backbone import StagedBackbone
from mmlight.models.initialize import InitCfg
from mmlight.models.networks.hornet import (
    HorNetLayerNorm,
    build_downsampling,
    build_stages,
)
from mmlight.models.options import Options, find_arch

ARCH_KEYS: Final = ("base_dim", "depths", "orders", "dw_cfg")
_WIDTHS = {"tiny": 64, "small": 96, "base": 128, "large": 192}
_FILTERS: Final[Mapping[str, tuple[tuple[int, int], tuple[int, int]] | None]] = {
    "": None,
    "-gf": ((14, 8), (7, 4)),
    "-gf384": ((24, 12), (13, 7)),
}
"""End of an architecture's name -> height and width of the filters of the last two stages."""


def _list_archs() -> dict[tuple[str, ...], Options]:
    archs: dict[tuple[str, ...], Options] = {}
    depthwise = {"type": "DW", "kernel_size": 7}
    for name, width in _WIDTHS.items():
        for end, sizes in _FILTERS.items():
            if end == "-gf384" and name in ("tiny", "small"):
                continue
            last = [{"type": "GF", "h": h, "w": w} for h, w in sizes or ()] or [depthwise] * 2
            archs[(name + end, name[0] + end)] = {
                "base_dim": width,
                "depths": (2, 3, 18, 2),
                "orders": (2, 3, 4, 5),
                "dw_cfg": [depthwise, depthwise, *last],
            }
    return archs


ARCHS: Final[Mapping[tuple[str, ...], Options]] = MappingProxyType(_list_archs())
"""Names of an architecture -> its numbers."""


class HorNet(StagedBackbone):
    """HorNet: spatial interactions of high order by recursive gated convolutions.

    Args:
        arch: 'tiny', 'small', 'base' or 'large', each also with '-gf' for global filters in the
            last two stages, the larger two with '-gf384'; or a dict with the keys `ARCH_KEYS`.
        in_channels: Channels of the images.
        drop_path_rate: Rate of stochastic depth of the last block, rising from 0, in [0, 1).
        scale: Factor on the filtered features of a gated convolution.
        use_layer_scale: Whether blocks have layer scale.
        out_indices: Stages whose outputs are normalized and returned; negative counts from the end.
        frozen_stages: Number of the last stage that gets no gradient, with all before it; -1
            freezes nothing.
        with_cp: Whether blocks are computed again in the backward pass instead of being stored.
        gap_before_final_norm: Whether outputs are averaged over the image before their norm.
        init_cfg: See `InitModule`; torch's start values by default.
        freeze_own_norm: Whether the norm of a frozen stage's output is frozen with it. The
            originals freeze the norm of the next stage instead, and stop where there is none; False
            does the same, and freezes no norm where there is none.

    Raises:
        ValueError: If a value is out of range.

    Examples:
        >>> import torch
        >>> [tuple(x.shape) for x in HorNet("tiny")(torch.rand(2, 3, 64, 64))]
        [(2, 512)]

    From: mmcls 0.25 and mmpretrain 1.2 `HorNet`.
    """

    timm_head = None

    def __init__(
        self,
        arch: str | Mapping[str, Any] = "tiny",
        in_channels: int = 3,
        drop_path_rate: float = 0.0,
        scale: float = 1 / 3,
        use_layer_scale: bool = True,
        out_indices: int | Sequence[int] = (3,),
        frozen_stages: int = -1,
        with_cp: bool = False,
        gap_before_final_norm: bool = True,
        init_cfg: InitCfg = None,
        *,
        freeze_own_norm: bool = False,
    ) -> None:
        if not -1 <= frozen_stages < 4:
            raise ValueError(f"frozen_stages must be in [-1, 4), got {frozen_stages}")
        numbers = find_arch(arch, ARCHS, ARCH_KEYS)
        widths = [numbers["base_dim"] * 2**stage for stage in range(4)]
        indices = to_out_indices(out_indices, 4)
        options = {"scale": scale, "use_layer_scale": use_layer_scale}
        network = nn.Module()
        network.downsample_layers = build_downsampling(in_channels, widths)
        network.stages = build_stages(numbers, widths, drop_path_rate, options)
        for index in indices:
            network.add_module(f"norm{index}", HorNetLayerNorm(widths[index]))
        self.freeze_own_norm = freeze_own_norm
        super().__init__(
            network,
            out_indices=indices,
            frozen_stages=frozen_stages,
            with_cp=with_cp,
            init_cfg=init_cfg,
        )
        self.gap_before_final_norm = gap_before_final_norm

    def stem(self, images: Tensor) -> Tensor:
        """Return the images; each stage begins with its own downsampling."""
        return images

    def stages(self) -> Sequence[Sequence[nn.Module]]:
        """Return the downsampling and the blocks of each stage."""
        net = self.network
        return [
            [down, *stage] for down, stage in zip(net.downsample_layers, net.stages, strict=True)
        ]

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map images `(B, C, H, W)` to the normalized outputs of the wanted stages.

        They are `(B, C)` with `gap_before_final_norm`, else `(B, C, H, W)`.
        """
        x, outputs = images, []
        for index, blocks in enumerate(self.stages()):
            for block in blocks:
                x = self.run_block(block, x)
            if index in self.out_indices:
                y = x.mean((-2, -1), keepdim=True) if self.gap_before_final_norm else x
                y = getattr(self.network, f"norm{index}")(y)
                # (B, C, 1, 1) -> (B, C)
                outputs.append(y.flatten(1) if self.gap_before_final_norm else y.contiguous())
        return tuple(outputs)

    def frozen_parts(self) -> Sequence[nn.Module]:
        """Return downsampling and blocks of the first stages, and norms of their outputs."""
        frozen = range(self.frozen_stages + 1)
        offset = 0 if self.freeze_own_norm else 1
        names = [f"norm{index + offset}" for index in frozen if index in self.out_indices]
        norms = [getattr(self.network, name) for name in names if hasattr(self.network, name)]
        return [*(part for index in frozen for part in self.stages()[index]), *norms]

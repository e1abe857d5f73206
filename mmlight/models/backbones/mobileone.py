"""MobileOne on timm's blocks."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from timm.models.byobnet import MobileOneBlock
from torch import nn

from mmlight.models.backbones.base.out_indices import to_out_indices
from mmlight.models.backbones.base.reparam import ReparamBackbone, ReparamNetwork, branch_rules
from mmlight.models.initialize import InitCfg
from mmlight.models.layers.defaults import BATCH_NORM, RELU
from mmlight.models.layers.reparam_blocks import Cfg, build_block, build_layers, squeeze_excite

ARCH_KEYS: Final = ("num_blocks", "width_factor", "num_conv_branches", "num_se_blocks")
ARCHS: Final[Mapping[str, tuple[tuple[float, ...], int, tuple[int, ...]]]] = {
    "s0": ((0.75, 1.0, 1.0, 2.0), 4, (0, 0, 0, 0)),
    "s1": ((1.5, 1.5, 2.0, 2.5), 1, (0, 0, 0, 0)),
    "s2": ((1.5, 2.0, 2.5, 4.0), 1, (0, 0, 0, 0)),
    "s3": ((2.0, 2.5, 3.0, 4.0), 1, (0, 0, 0, 0)),
    "s4": ((3.0, 3.5, 3.5, 4.0), 1, (0, 0, 5, 1)),
}
"""Name -> width of each stage, branches of each block, blocks with squeeze-and-excitation."""
BASE_CHANNELS: Final = (64, 128, 256, 512)
SQUEEZE: Final[Cfg] = MappingProxyType({"ratio": 16})
PLACES: Final = {
    "stem": "stage0",
    **{rf"stages\.{i}\.(?P<block>\d+)": rf"stage{i + 1}.\g<block>" for i in range(4)},
}
PARTS: Final = {
    r"conv_kxk\.(?P<branch>\d+)\.conv": r"branch_conv_list.\g<branch>.conv",
    r"conv_kxk\.(?P<branch>\d+)\.bn": r"branch_conv_list.\g<branch>.norm",
    r"conv_scale\.conv": "branch_scale.conv",
    r"conv_scale\.bn": "branch_scale.norm",
    r"identity": "branch_norm",
    r"reparam_conv": "branch_reparam",
    r"attn\.fc(?P<fc>[12])": r"se.conv\g<fc>.conv",
}


def get_arch(arch: str | Mapping[str, Sequence[float]]) -> Mapping[str, Any]:
    """Return the numbers of an architecture under the keys `ARCH_KEYS`, four of each.

    Raises:
        ValueError: If the name is not known, or the dict is not complete.
    """
    if isinstance(arch, str):
        if arch not in ARCHS:
            raise ValueError(f"arch must be one of {', '.join(ARCHS)}, got {arch!r}")
        widths, branches, squeezed = ARCHS[arch]
        rows: Any = ((2, 8, 10, 1), widths, (branches,) * 4, squeezed)
        return dict(zip(ARCH_KEYS, rows, strict=True))
    if any(len(arch.get(key, ())) != 4 for key in ARCH_KEYS):
        raise ValueError(
            f"arch must have four numbers for each of {', '.join(ARCH_KEYS)}, got {dict(arch)}"
        )
    for blocks, squeezing in zip(arch["num_blocks"], arch["num_se_blocks"], strict=True):
        if squeezing > blocks:
            raise ValueError(f"arch must not have more num_se_blocks than blocks, got {squeezing}")
    return arch


class MobileOne(ReparamBackbone):
    """MobileOne: depthwise and pointwise convolutions, in training with several branches each.

    Args:
        arch: 's0' to 's4', or a dict with the keys `ARCH_KEYS`.
        in_channels: Channels of the images.
        out_indices: Stages whose outputs are returned; negative counts from the end.
        frozen_stages: 0 freezes the stem, n also the first n stages, -1 nothing.
        conv_cfg: None or `{'type': 'Conv2d'}`.
        norm_cfg: See `norm_layer`.
        act_cfg: See `activation_layer`.
        se_cfg: Arguments of squeeze-and-excitation, see `squeeze_excite`; None for none.
        deploy: Whether each block is one convolution, as `switch_to_deploy` leaves it.
        norm_eval: Whether batch norm stays in eval mode while training.
        init_cfg: See `InitModule`; by default He's rule for convolutions, one for norm layers.

    Raises:
        ValueError: If a value is out of range or timm cannot do it.

    Examples:
        >>> import torch
        >>> backbone = MobileOne("s0", out_indices=(0, -1)).eval()
        >>> [tuple(x.shape) for x in backbone(torch.rand(2, 3, 64, 64))]
        [(2, 48, 16, 16), (2, 1024, 2, 2)]

    From: mmpretrain 1.2 `MobileOne`.
    """

    def __init__(
        self,
        arch: str | Mapping[str, Sequence[float]],
        in_channels: int = 3,
        out_indices: int | Sequence[int] = (3,),
        frozen_stages: int = -1,
        conv_cfg: Cfg | None = None,
        norm_cfg: Cfg = BATCH_NORM,
        act_cfg: Cfg = RELU,
        se_cfg: Cfg | None = SQUEEZE,
        deploy: bool = False,
        norm_eval: bool = False,
        init_cfg: InitCfg = None,
    ) -> None:
        plain = build_layers(norm_cfg, act_cfg)
        squeeze: Any = None if se_cfg is None else squeeze_excite(se_cfg)
        network = _build_network(
            get_arch(arch), in_channels, (plain, replace(plain, attn=squeeze)), deploy
        )
        super().__init__(
            network,
            conv_cfg=conv_cfg,
            norm_cfg=norm_cfg,
            deploy=deploy,
            out_indices=to_out_indices(out_indices, 4),
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            init_cfg=init_cfg,
        )
        self.name_rules = branch_rules(PLACES, PARTS)


def _build_network(
    numbers: Mapping[str, Any], in_channels: int, layers: tuple[Any, Any], deploy: bool
) -> ReparamNetwork:
    """Build the blocks; `layers` is without and with squeeze-and-excitation."""
    width = min(64, int(BASE_CHANNELS[0] * numbers["width_factor"][0]))
    shared: dict[str, Any] = {"deploy": deploy}
    stem = build_block(MobileOneBlock, in_channels, width, 3, stride=2, layers=layers[0], **shared)
    stages: list[list[nn.Module]] = []
    rows = zip(*(numbers[key] for key in ARCH_KEYS), BASE_CHANNELS, strict=True)
    for depth, factor, branches, squeezing, base in rows:
        after, blocks = int(base * factor), []
        for index in range(depth):
            shared["layers"] = layers[index >= depth - squeezing]
            shared["num_conv_branches"] = branches
            depthwise: dict[str, Any] = {"groups": width, "stride": 1 if index else 2}
            blocks.append(build_block(MobileOneBlock, width, width, 3, **depthwise, **shared))
            blocks.append(build_block(MobileOneBlock, width, after, 1, stride=1, **shared))
            width = after
        stages.append(blocks)
    return ReparamNetwork(stem, stages)

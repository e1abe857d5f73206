"""RegNet on timm's blocks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType
from typing import Any, Final, Literal

import numpy as np
from timm.layers.conv_bn_act import ConvNormAct
from timm.models.regnet import RegStage
from torch import Tensor, nn

from mmlight.models.backbones.base.staged_backbone import StagedBackbone
from mmlight.models.initialize import Constant, InitCfg
from mmlight.models.layers.conv import check_plain_conv
from mmlight.models.layers.defaults import RELU
from mmlight.models.layers.norm import freeze_norms
from mmlight.models.layers.norm_act import norm_act_layer
from mmlight.weights.name_map import PathRule

BATCH_NORM: Final[Mapping[str, Any]] = MappingProxyType({"type": "BN", "requires_grad": True})
ARCH_KEYS: Final = ("w0", "wa", "wm", "group_w", "depth", "bot_mul")
ARCHS: Final[Mapping[str, tuple[float, ...]]] = {
    "regnetx_400mf": (24, 24.48, 2.54, 16, 22, 1.0),
    "regnetx_800mf": (56, 35.73, 2.28, 16, 16, 1.0),
    "regnetx_1.6gf": (80, 34.01, 2.25, 24, 18, 1.0),
    "regnetx_3.2gf": (88, 26.31, 2.25, 48, 25, 1.0),
    "regnetx_4.0gf": (96, 38.65, 2.43, 40, 23, 1.0),
    "regnetx_6.4gf": (184, 60.83, 2.07, 56, 17, 1.0),
    "regnetx_8.0gf": (80, 49.56, 2.88, 120, 23, 1.0),
    "regnetx_12gf": (168, 73.36, 2.37, 112, 19, 1.0),
}
"""Name -> the numbers `ARCH_KEYS`."""


@dataclass(frozen=True)
class StageShape:
    """What the blocks of a stage look like.

    Args:
        depth: Number of blocks.
        channels: Output channels.
        mid_channels: Channels of the 3x3 convolution.
        groups: Its groups.
    """

    depth: int
    channels: int
    mid_channels: int
    groups: int


def stage_shapes(arch: str | Mapping[str, float]) -> list[StageShape]:
    """Return the stages that the few numbers of a RegNet stand for.

    The widths of the blocks grow linearly, are rounded to powers of `wm` times `w0` and then to
    multiples of 8; neighbours of the same width form a stage, whose width becomes a multiple of the
    group width.

    Args:
        arch: A name of `ARCHS`, or a dict with the keys `ARCH_KEYS`.

    Raises:
        ValueError: If the name is not known or a key is missing.

    Examples:
        >>> [(stage.depth, stage.channels) for stage in stage_shapes("regnetx_400mf")]
        [(1, 32), (2, 64), (7, 160), (12, 384)]

    From: mmcls 0.25 and mmpretrain 1.2 `RegNet`.
    """
    if isinstance(arch, str) and arch not in ARCHS:
        raise ValueError(f"arch must be one of {', '.join(ARCHS)}, got {arch!r}")
    numbers = dict(zip(ARCH_KEYS, ARCHS[arch], strict=True)) if isinstance(arch, str) else arch
    if any(key not in numbers for key in ARCH_KEYS):
        raise ValueError(f"arch must have the keys {', '.join(ARCH_KEYS)}, got {dict(numbers)}")
    w0, wa, wm, group_width, depth, ratio = (numbers[key] for key in ARCH_KEYS)
    linear = np.arange(depth) * wa + w0
    powers = np.round(np.log(linear / w0) / np.log(wm))
    widths = (np.round(w0 * np.power(wm, powers) / 8) * 8).astype(int).tolist()
    shapes = []
    for width, blocks in groupby(widths):
        inner = int(width * ratio)
        group = min(int(group_width), inner)
        channels = int(int(round(inner / group) * group) / ratio)
        groups = round(channels * ratio) // group
        mid = channels if groups == 1 else groups * group
        shapes.append(StageShape(len(list(blocks)), channels, mid, groups))
    return shapes


class RegNet(StagedBackbone):
    """RegNetX.

    Args:
        arch: A name of `ARCHS`, or a dict with the keys `ARCH_KEYS`: initial width, slope and
            quantization of the widths, width of a group, number of blocks, and channels of the 3x3
            convolution over those of the output.
        in_channels: Channels of the images.
        stem_channels: Output channels of the stem.
        base_channels: Not used, as in the originals.
        strides: Stride of the first block of each stage.
        dilations: Dilation of each stage.
        out_indices: Stages whose outputs are returned, each in [0, number of stages).
        style: 'pytorch' puts the stride on the 3x3, 'caffe' on the first 1x1 convolution.
        deep_stem: False; the originals refuse anything else too.
        avg_down: Whether the shortcut pools before its convolution instead of striding.
        frozen_stages: 0 freezes the stem, n also the first n stages, -1 nothing.
        conv_cfg: None or `{'type': 'Conv2d'}`.
        norm_cfg: `type` 'BN' or 'SyncBN'; `eps`, `momentum`, `requires_grad`.
        norm_eval: Whether batch norm stays in eval mode while training.
        with_cp: Whether blocks are computed again in the backward pass instead of being stored.
        zero_init_residual: Whether the last norm of each block starts at zero.
        init_cfg: See `InitModule`; torch's start values by default.

    Raises:
        ValueError: If a value is out of range or timm cannot do it.

    Examples:
        >>> import torch
        >>> backbone = RegNet("regnetx_400mf", out_indices=(0, 3)).eval()
        >>> [tuple(x.shape) for x in backbone(torch.rand(1, 3, 64, 64))]
        [(1, 32, 16, 16), (1, 384, 2, 2)]

    From: mmcls 0.25 and mmpretrain 1.2 `RegNet`.
    """

    timm_head = "head.fc"

    def __init__(
        self,
        arch: str | Mapping[str, float],
        in_channels: int = 3,
        stem_channels: int = 32,
        base_channels: int = 32,
        strides: Sequence[int] = (2, 2, 2, 2),
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
    ) -> None:
        if deep_stem:
            raise ValueError("deep_stem must be False for RegNet, got True")
        if style not in ("pytorch", "caffe"):
            raise ValueError(f"style must be 'pytorch' or 'caffe', got {style!r}")
        check_plain_conv(conv_cfg)
        shapes = stage_shapes(arch)
        for name, values in (("strides", strides), ("dilations", dilations)):
            if len(values) != len(shapes):
                raise ValueError(f"{name} must have one entry per stage, got {values}")
        network = _build_network(shapes, in_channels, stem_channels, strides, norm_cfg)
        for index, (stride, dilation) in enumerate(zip(strides, dilations, strict=True)):
            stage = network.get_submodule(f"s{index + 1}")
            _set_geometry(stage, stride, dilation, is_caffe=style == "caffe", avg_down=avg_down)
        freeze_norms(network, norm_cfg)
        super().__init__(
            network,
            out_indices=out_indices,
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            with_cp=with_cp,
            init_cfg=init_cfg,
        )
        self.name_rules = (PathRule(_name_parts(self.stages())),)
        self.zero_init_residual = zero_init_residual

    def stem(self, images: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to `(B, stem_channels, H / 2, W / 2)`."""
        x: Tensor = self.network.stem(images)
        return x

    def stages(self) -> Sequence[Sequence[nn.Module]]:
        """Return the blocks of each stage."""
        _, *stages = self.network.children()
        return [list(stage.children()) for stage in stages]

    def frozen_parts(self) -> Sequence[nn.Module]:
        """Return the stem and the first stages."""
        stem, *stages = self.network.children()
        return () if self.frozen_stages < 0 else [stem, *stages[: self.frozen_stages]]

    def init_extra(self) -> None:
        """Set the last norm of each block to zero, unless a checkpoint alone fills the weights."""
        if self.is_pretrained or not self.zero_init_residual:
            return
        blocks: list[Any] = [block for stage in self.stages() for block in stage]
        Constant(0).fill_layers([block.conv3.bn for block in blocks], only_matching=False)


def _build_network(
    shapes: Sequence[StageShape],
    in_channels: int,
    stem_channels: int,
    strides: Sequence[int],
    norm_cfg: Mapping[str, Any],
) -> nn.Module:
    """Build the stem and the stages under timm's names; timm's own network must have four."""
    norm = norm_act_layer(norm_cfg, RELU)
    network = nn.Module()
    network.add_module("stem", ConvNormAct(in_channels, stem_channels, 3, 2, norm_layer=norm))
    width = stem_channels
    for index, (shape, stride) in enumerate(zip(shapes, strides, strict=True)):
        stage = RegStage(
            shape.depth,
            width,
            shape.channels,
            stride,
            dilation=1,
            bottle_ratio=shape.mid_channels / shape.channels,
            group_size=shape.mid_channels // shape.groups,
            se_ratio=0,
            norm_layer=norm,
        )
        network.add_module(f"s{index + 1}", stage)
        width = shape.channels
    return network


def _set_geometry(
    stage: nn.Module, stride: int, dilation: int, *, is_caffe: bool, avg_down: bool
) -> None:
    """Edit strides and dilations to what the originals offer and timm does not."""
    blocks: list[Any] = list(stage.children())
    for block in blocks:
        block.conv2.conv.dilation = block.conv2.conv.padding = (dilation, dilation)
    first = blocks[0]
    if is_caffe:
        first.conv1.conv.stride, first.conv2.conv.stride = (stride, stride), (1, 1)
    if avg_down and stride != 1:
        pool = nn.AvgPool2d(stride, stride, ceil_mode=True, count_include_pad=False)
        first.downsample.conv.stride = (1, 1)
        first.downsample = nn.Sequential(pool, first.downsample)


def _name_parts(stages: Sequence[Sequence[nn.Module]]) -> dict[str, str]:
    """Return our names of convolutions and norms -> the original's."""
    paths = {"network.stem.conv": "conv1", "network.stem.bn": "bn1"}
    for s, blocks in enumerate(stages, start=1):
        for b in range(len(blocks)):
            ours, mm = f"network.s{s}.b{b + 1}", f"layer{s}.{b}"
            for part in (1, 2, 3):
                paths[f"{ours}.conv{part}.conv"] = f"{mm}.conv{part}"
                paths[f"{ours}.conv{part}.bn"] = f"{mm}.bn{part}"
            # with a pool before it, all stands one place later
            for place, at in ((f"{ours}.downsample", 0), (f"{ours}.downsample.1", 1)):
                paths[f"{place}.conv"] = f"{mm}.downsample.{at}"
                paths[f"{place}.bn"] = f"{mm}.downsample.{at + 1}"
    return paths

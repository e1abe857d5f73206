"""Builds timm's EfficientNet from rows of blocks, and names its parts as the originals do.

timm keeps each kind of block in a stage of its own; the originals join stages of the same size. So
the names follow from a walk over the built network.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from timm.models._efficientnet_blocks import (
    ConvBnAct,
    DepthwiseSeparableConv,
    EdgeResidual,
    InvertedResidual,
)
from timm.models.efficientnet import EfficientNet as TimmEfficientNet
from torch import nn

from mmlight.models.layers.activation import activation_layer
from mmlight.models.layers.drop_path import DropPath, rising_rates
from mmlight.models.layers.norm_act import norm_act_layer
from mmlight.weights.name_map import PathRule

Cfg = Mapping[str, Any]
_SQUEEZE_NAMES: Final = {
    "se.conv_reduce": "se.conv1.conv",
    "se.conv_expand": "se.conv2.conv",
}
PART_NAMES: Final[Mapping[type, Mapping[str, str]]] = {
    InvertedResidual: {
        "conv_pw": "expand_conv.conv",
        "bn1": "expand_conv.bn",
        "conv_dw": "depthwise_conv.conv",
        "bn2": "depthwise_conv.bn",
        "conv_pwl": "linear_conv.conv",
        "bn3": "linear_conv.bn",
        **_SQUEEZE_NAMES,
    },
    DepthwiseSeparableConv: {
        "conv_dw": "depthwise_conv.conv",
        "bn1": "depthwise_conv.bn",
        "conv_pw": "linear_conv.conv",
        "bn2": "linear_conv.bn",
        **_SQUEEZE_NAMES,
    },
    EdgeResidual: {
        "conv_exp": "conv1.conv",
        "bn1": "conv1.bn",
        "conv_pwl": "conv2.conv",
        "bn2": "conv2.bn",
    },
    ConvBnAct: {"conv": "conv", "bn1": "bn"},
}
"""timm's block -> its parts -> the names of the originals."""


class Blocks(NamedTuple):
    """Blocks of one kind in a row.

    Attributes:
        repeats: Number of blocks.
        kernel_size: Of the convolution over places [px].
        stride: Of the first block [px].
        expand: Channels inside over channels of the input.
        channels: Channels of the output.
        kind: 'ir' inverted residual with squeeze-and-excitation, 'ir_plain' without, 'er' edge
            residual, 'er_plain' without shortcuts, 'cn' one convolution.
    """

    repeats: int
    kernel_size: int
    stride: int
    expand: int
    channels: int
    kind: Literal["ir", "ir_plain", "er", "er_plain", "cn"]


def build_network(
    rows: Sequence[Sequence[Blocks]],
    *,
    stem_channels: int,
    head_channels: int,
    in_channels: int,
    padding: str,
    norm_cfg: Cfg,
    act_cfg: Cfg,
) -> Any:
    """Build the network without classifier and without stochastic depth.

    Args:
        rows: Per stage of timm, rows of blocks.
        stem_channels: Output channels of the stem.
        head_channels: Output channels of the last convolution.
        in_channels: Channels of the images.
        padding: '' or 'same', as timm has it.
        norm_cfg: See `norm_act_layer`.
        act_cfg: See `norm_act_layer`.
    """
    return TimmEfficientNet(
        [[block for row in stage for block in _block_options(row)] for stage in rows],
        num_classes=0,
        num_features=head_channels,
        in_chans=in_channels,
        stem_size=stem_channels,
        fix_stem=True,
        pad_type=padding,
        act_layer=activation_layer(act_cfg),
        norm_layer=norm_act_layer(norm_cfg, act_cfg),
        round_chs_fn=int,
        global_pool="",
    )


def _block_options(row: Blocks) -> Iterator[dict[str, Any]]:
    """Return timm's arguments of each block of a row."""
    for index in range(row.repeats):
        kind = row.kind.removesuffix("_plain")
        size = {"ir": "dw_kernel_size", "er": "exp_kernel_size", "cn": "kernel_size"}[kind]
        options: dict[str, Any] = {
            "block_type": kind,
            size: row.kernel_size,
            "stride": row.stride if index == 0 else 1,
            "out_chs": row.channels,
            "act_layer": None,
            "se_ratio": 0.25 if row.kind == "ir" else None,
        }
        if kind == "cn":
            options["skip"] = True
        elif row.expand == 1:
            options["block_type"] = "ds"
        else:
            options["exp_ratio"] = row.expand
            options["noskip"] = row.kind == "er_plain"
        yield options


def set_drop_path(network: Any, rate: float, *, only_used: Sequence[type] = ()) -> None:
    """Let the rate of stochastic depth rise from 0 to `rate` over the blocks.

    Args:
        network: As `build_network` returns it.
        rate: Rate of the last block, in [0, 1).
        only_used: Kinds of blocks that only get it where they have a shortcut.
    """
    blocks: list[Any] = [block for stage in network.blocks for block in stage]
    rates = rising_rates(rate, len(blocks))
    for block, block_rate in zip(blocks, rates, strict=True):
        used = block_rate > 0 and (block.has_skip or not isinstance(block, tuple(only_used)))
        block.drop_path = DropPath(block_rate) if used else nn.Identity()


def join_stages(network: Any, joined: Collection[int]) -> list[list[tuple[str, nn.Module]]]:
    """Return the blocks of each layer of the originals, with their names in the network.

    Args:
        network: As `build_network` returns it.
        joined: The stages of timm that continue the layer before them.
    """
    layers: list[list[tuple[str, nn.Module]]] = []
    for s, stage in enumerate(network.blocks):
        if s not in joined:
            layers.append([])
        layers[-1] += [(f"blocks.{s}.{b}", block) for b, block in enumerate(stage)]
    return layers


def name_rules(layers: Sequence[Sequence[tuple[str, nn.Module]]]) -> tuple[PathRule]:
    """Return the rule that names all parts, given what `join_stages` returns."""
    last = len(layers) + 1
    paths = {
        "network.conv_stem": "layers.0.conv",
        "network.bn1": "layers.0.bn",
        "network.conv_head": f"layers.{last}.conv",
        "network.bn2": f"layers.{last}.bn",
    }
    for layer, blocks in enumerate(layers, start=1):
        for index, (path, block) in enumerate(blocks):
            for ours, mm in PART_NAMES[type(block)].items():
                paths[f"network.{path}.{ours}"] = f"layers.{layer}.{index}.{mm}"
    return (PathRule(paths),)

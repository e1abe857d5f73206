"""Builds the parts of plain transformers, of timm's layers under timm's names."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import torch
from timm.layers.mlp import Mlp, SwiGLUPacked
from timm.models.vision_transformer import Block
from torch import nn

from mmlight.compat.cnn.transformer import FFN
from mmlight.models.layers.activation import activation_layer
from mmlight.models.layers.drop_path import DropPath
from mmlight.models.layers.norm import freeze_norms, norm_layer
from mmlight.models.layers.patch_embedding import PatchEmbedding
from mmlight.models.options import find_arch, name_archs, spread_options, take_options

Options = Mapping[str, Any]
Pair = int | tuple[int, int]

ARCH_KEYS: Final = ("embed_dims", "num_layers", "num_heads", "feedforward_channels")


ARCHS: Final = name_archs(
    ARCH_KEYS,
    {
        ("s", "small"): (768, 8, 8, 2304),
        ("b", "base", "deit-b", "deit-base"): (768, 12, 12, 3072),
        ("l", "large"): (1024, 24, 16, 4096),
        ("h", "huge"): (1280, 32, 16, 5120),
        ("eva-g", "eva-giant"): (1408, 40, 16, 6144),
        ("deit-t", "deit-tiny"): (192, 12, 3, 768),
        ("deit-s", "deit-small", "dinov2-s", "dinov2-small"): (384, 12, 6, 1536),
        ("dinov2-g", "dinov2-giant"): (1536, 40, 24, 6144),
    },
)
"""Names of an architecture -> its numbers."""

FFN_TYPES: Final = ("origin", "swiglu_fused")
SMALLEST_SCALE: Final = 1e-5
"""Start value of layer scale where only its presence is asked for."""


def get_arch(
    arch: str | Options, archs: Mapping[tuple[str, ...], Options] = ARCHS
) -> tuple[int, int, int, int]:
    """Return the numbers of an architecture in the order of `ARCH_KEYS`.

    Raises:
        ValueError: If the name is not known or a key is missing.

    Examples:
        >>> get_arch("deit-tiny")
        (192, 12, 3, 768)
    """
    found = find_arch(arch, archs, ARCH_KEYS)
    width, depth, heads, hidden = (int(found[key]) for key in ARCH_KEYS)
    return width, depth, heads, hidden


def spread_layers(
    layer_cfgs: Options | Sequence[Options],
    defaults: Options,
    depth: int,
    drop_path_rate: float,
) -> list[dict[str, Any]]:
    """Return the options of each layer.

    Args:
        layer_cfgs: What is given, for all layers or for each.
        defaults: All options that there are, with their values.
        depth: Number of layers.
        drop_path_rate: `drop_path_rate` of the last layer, rising from 0.

    Raises:
        ValueError: If there is no such option, or too few layers are given.
    """
    rates = np.linspace(0, drop_path_rate, depth).tolist()
    given = spread_options(layer_cfgs, depth, "layer_cfgs")
    return [
        take_options(options, {**defaults, "drop_path_rate": rate}, "layer_cfgs")
        for options, rate in zip(given, rates, strict=True)
    ]


def make_mlp(width: int, options: Options) -> nn.Module:
    """Make the feed-forward part of a layer, without stochastic depth.

    Args:
        width: Channels.
        options: `ffn_type`, `feedforward_channels`, `num_fcs`, `act_cfg`, `drop_rate`; a gated
            layer, 'swiglu_fused', has its own activation and no dropout, as in the original.

    Raises:
        ValueError: If the type is not known.
    """
    kind, hidden = options.get("ffn_type", "origin"), options["feedforward_channels"]
    if kind not in FFN_TYPES:
        raise ValueError(f"layer_cfgs ffn_type must be one of {FFN_TYPES}, got {kind!r}")
    if kind == "swiglu_fused":
        inner = (int(hidden * 2 / 3) + 7) // 8 * 8
        gated: nn.Module = SwiGLUPacked(width, 2 * inner)
        return gated
    drop, act_cfg = options["drop_rate"], options["act_cfg"]
    if options["num_fcs"] != 2:  # timm has two
        count = options["num_fcs"]
        return FFN(width, hidden, count, ffn_drop=drop, act_cfg=act_cfg, add_identity=False)
    act_layer: Any = activation_layer(act_cfg)
    plain: nn.Module = Mlp(width, hidden, act_layer=act_layer, drop=drop)
    return plain


def init_mlp(mlp: nn.Module) -> None:
    """Fill linear layers by Glorot's rule with almost zero biases."""
    for layer in mlp.modules():
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.normal_(layer.bias, std=1e-6)


def make_block(width: int, options: Options, block: Callable[..., Any] = Block) -> Any:
    """Make one layer.

    Args:
        width: Channels.
        options: Those of `make_mlp` and `num_heads`, `qkv_bias`, `attn_drop_rate`,
            `drop_path_rate`, `layer_scale_init_value`, `norm_cfg`.
        block: timm's class or one derived from it.
    """
    scale, rate = options["layer_scale_init_value"], options["drop_path_rate"]
    layer = block(
        width,
        options["num_heads"],
        qkv_bias=options["qkv_bias"],
        proj_drop=options["drop_rate"],
        attn_drop=options["attn_drop_rate"],
        init_values=scale if scale > 0 else None,
        norm_layer=norm_layer(options["norm_cfg"]),
        mlp_layer=lambda **_: make_mlp(width, options),
    )
    freeze_norms(layer, options["norm_cfg"])
    layer.drop_path1 = DropPath(rate)
    # the original's gated layer has no stochastic depth
    layer.drop_path2 = DropPath(0.0 if options.get("ffn_type") == "swiglu_fused" else rate)
    return layer


class TokenNetwork(nn.Module):
    """The parts of a plain transformer under timm's names; what they compute is the backbone's.

    Args:
        patch_embed: Makes patches of images.
        blocks: The layers.
        width: Channels `C`.
        num_positions: Length of the position embedding; 0 for none.
        tokens: Names of the tokens in front of the patches.
        drop_rate: Dropout of the embedded tokens.
        norms: Norm layers by timm's name; those left out change nothing.

    Attributes:
        pos_embed: Position embedding `(1, num_positions, C)` or None.
    """

    def __init__(
        self,
        patch_embed: PatchEmbedding,
        blocks: Sequence[nn.Module],
        width: int,
        *,
        num_positions: int,
        tokens: Sequence[str],
        drop_rate: float,
        norms: Mapping[str, nn.Module | None],
    ) -> None:
        super().__init__()
        for name in tokens:
            self.register_parameter(name, nn.Parameter(torch.zeros(1, 1, width)))
        positions = nn.Parameter(torch.zeros(1, num_positions, width)) if num_positions else None
        self.register_parameter("pos_embed", positions)
        self.patch_embed = patch_embed
        self.pos_drop = nn.Dropout(drop_rate)
        self.norm_pre = norms.get("norm_pre") or nn.Identity()
        self.blocks = nn.ModuleList(blocks)
        self.norm = norms.get("norm") or nn.Identity()
        self.fc_norm = norms.get("fc_norm") or nn.Identity()

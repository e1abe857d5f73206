"""Builds timm's Vision Transformer with the options of the originals."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import torch
from timm.layers.mlp import Mlp, SwiGLUPacked
from timm.models.vision_transformer import VisionTransformer as TimmVisionTransformer
from torch import nn

from mmlight.models.activation import activation_layer
from mmlight.models.drop_path import DropPath

ARCH_KEYS: Final = ("embed_dims", "num_layers", "num_heads", "feedforward_channels")
ARCHS: Final[Mapping[tuple[str, ...], tuple[int, int, int, int]]] = {
    ("s", "small"): (768, 8, 8, 2304),
    ("b", "base", "deit-b", "deit-base"): (768, 12, 12, 3072),
    ("l", "large"): (1024, 24, 16, 4096),
    ("h", "huge"): (1280, 32, 16, 5120),
    ("eva-g", "eva-giant"): (1408, 40, 16, 6144),
    ("deit-t", "deit-tiny"): (192, 12, 3, 768),
    ("deit-s", "deit-small", "dinov2-s", "dinov2-small"): (384, 12, 6, 1536),
    ("dinov2-g", "dinov2-giant"): (1536, 40, 24, 6144),
}
"""Names of an architecture -> its numbers, in the order of `ARCH_KEYS`."""

FFN_TYPES: Final = ("origin", "swiglu_fused")
LAYER_DEFAULTS: Final[Mapping[str, Any]] = {
    "ffn_type": "origin",
    "act_cfg": {"type": "GELU"},
    "attn_drop_rate": 0.0,
}


def get_arch(arch: str | Mapping[str, int]) -> tuple[int, int, int, int]:
    """Return the numbers of an architecture in the order of `ARCH_KEYS`.

    Raises:
        ValueError: If the name is not known or a key is missing.

    Examples:
        >>> get_arch("deit-tiny")
        (192, 12, 3, 768)
    """
    if isinstance(arch, str):
        for names, numbers in ARCHS.items():
            if arch.lower() in names:
                return numbers
        known = ", ".join(name for names in ARCHS for name in names)
        raise ValueError(f"arch must be one of {known}, got {arch!r}")
    if any(key not in arch for key in ARCH_KEYS):
        raise ValueError(f"arch must have the keys {', '.join(ARCH_KEYS)}, got {dict(arch)}")
    width, depth, heads, hidden = (int(arch[key]) for key in ARCH_KEYS)
    return width, depth, heads, hidden


def get_layer_options(
    layer_cfgs: Mapping[str, Any] | Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Return the options of all layers: `LAYER_DEFAULTS` with what is given.

    Raises:
        ValueError: If a key or value is not supported, or layers differ.
    """
    per_layer = [layer_cfgs] if isinstance(layer_cfgs, Mapping) else list(layer_cfgs)
    given = dict(per_layer[0])
    if any(dict(options) != given for options in per_layer):
        raise ValueError(f"layer_cfgs must be the same for all layers, got {per_layer}")
    for key, value in given.items():
        if key not in LAYER_DEFAULTS:
            raise ValueError(f"layer_cfgs does not support {key}={value!r}")
    options = {**LAYER_DEFAULTS, **given}
    if options["ffn_type"] not in FFN_TYPES:
        raise ValueError(
            f"layer_cfgs ffn_type must be one of {FFN_TYPES}, got {options['ffn_type']!r}"
        )
    return options


def build_network(
    numbers: tuple[int, int, int, int],
    layer: Mapping[str, Any],
    *,
    drop_rate: float,
    **options: Any,
) -> Any:
    """Build the network without classifier and without stochastic depth.

    Args:
        numbers: As `get_arch` returns them.
        layer: As `get_layer_options` returns them.
        drop_rate: Dropout, in [0, 1).
        **options: Passed to timm's class.
    """
    width, depth, heads, hidden = numbers
    return TimmVisionTransformer(
        embed_dim=width,
        depth=depth,
        num_heads=heads,
        num_classes=0,
        global_pool="",
        dynamic_img_size=True,
        dynamic_img_pad=True,
        weight_init="skip",
        pos_drop_rate=drop_rate,
        proj_drop_rate=drop_rate,
        attn_drop_rate=layer["attn_drop_rate"],
        act_layer=activation_layer(layer["act_cfg"]),
        mlp_layer=_mlp_layer(layer["ffn_type"], hidden),  # type: ignore[arg-type]
        **options,
    )


def set_patch_bias(network: Any, bias: bool) -> None:
    """Give the patch embedding a bias, or take it away."""
    projection = network.patch_embed.proj
    if bias and projection.bias is None:
        projection.bias = nn.Parameter(torch.zeros(projection.out_channels))
    elif not bias:
        projection.register_parameter("bias", None)


def set_drop_path(network: Any, rate: float, ffn_type: str) -> None:
    """Let the rate of stochastic depth rise from 0 to `rate` over the layers."""
    rates = np.linspace(0, rate, len(network.blocks)).tolist()
    for block, block_rate in zip(network.blocks, rates, strict=True):
        block.drop_path1 = DropPath(block_rate)
        # the original's gated layer has no stochastic depth
        block.drop_path2 = DropPath(block_rate if ffn_type == "origin" else 0.0)


def _mlp_layer(ffn_type: str, hidden: int) -> Callable[..., nn.Module]:
    """Return a maker of feed-forward layers with exact widths (timm's come from a float ratio)."""

    def origin(in_features: int, hidden_features: int, **options: Any) -> nn.Module:
        layer: nn.Module = Mlp(in_features, hidden, **options)
        return layer

    def swiglu(in_features: int, hidden_features: int, **options: Any) -> nn.Module:
        width = (int(hidden * 2 / 3) + 7) // 8 * 8
        # the original's gated layer has its own activation and no dropout
        kept = {key: value for key, value in options.items() if key not in ("act_layer", "drop")}
        layer: nn.Module = SwiGLUPacked(in_features, 2 * width, **kept)
        return layer

    return origin if ffn_type == "origin" else swiglu

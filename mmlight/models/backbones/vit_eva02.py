"""EVA-02: a Vision Transformer with rotary positions and gated feed-forward layers."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import torch
from timm.layers.attention import AttentionRope
from timm.layers.mlp import SwiGLUPacked
from torch import Tensor, nn

from mmlight.models.backbones.base.plain_transformer import PlainTransformer
from mmlight.models.backbones.vision_transformer import OutType
from mmlight.models.initialize import InitCfg
from mmlight.models.layers.defaults import LAYER_NORM
from mmlight.models.layers.drop_path import DropPath
from mmlight.models.layers.norm import freeze_norms, norm_layer, norm_maker
from mmlight.models.layers.patch_embedding import PatchEmbedding
from mmlight.models.layers.tokens import check_out_type
from mmlight.models.networks.vit import (
    ARCH_KEYS,
    TokenNetwork,
    get_arch,
    spread_layers,
)
from mmlight.models.options import name_archs
from mmlight.weights.name_map import NameRule

ARCHS: Final = name_archs(
    ARCH_KEYS,
    {
        ("t", "ti", "tiny"): (192, 12, 3, 512),
        ("s", "small"): (384, 12, 6, 1024),
        ("b", "base"): (768, 12, 12, 2048),
        ("l", "large"): (1024, 24, 16, 2730),
    },
)
RULES: Final = (
    NameRule(r"network\.patch_embed\.proj\.(.+)", r"patch_embed.projection.\1"),
    NameRule(r"network\.blocks\.(\d+)\.mlp\.fc1\.(.+)", r"layers.\1.mlp.w12.\2"),
    NameRule(r"network\.blocks\.(\d+)\.mlp\.fc2\.(.+)", r"layers.\1.mlp.w3.\2"),
    NameRule(r"network\.blocks\.(.+)", r"layers.\1"),
    NameRule(r"network\.norm_pre\.(.+)", r"pre_norm.\1"),
    NameRule(r"network\.norm\.(.+)", r"ln1.\1"),
    NameRule(r"network\.fc_norm\.(.+)", r"ln2.\1"),
    NameRule(r"network\.(.+)", r"\1"),
)
BASE: Final = 10000.0
"""Ratio of the slowest to the fastest rotation, about."""


class RotaryTable(nn.Module):
    """Sines and cosines by which queries and keys are turned, one row per patch.

    They are part of the state dict: those of a checkpoint are used for its image size.

    Args:
        channels: Channels of a head `C`.
        grid: Rows and columns of patches.

    Attributes:
        freqs_cos: float32 `(rows * columns, C)`.
        freqs_sin: The same.

    From: mmpretrain 1.2 `RotaryEmbeddingFast`. Unlike in EVA-02's own, pairs of channels that turn
    together have two frequencies, and the angles depend on the grid: positions are scaled to half
    the channels. Another grid in between does not change the table, as it does in the original.
    """

    freqs_cos: Tensor
    freqs_sin: Tensor

    def __init__(self, channels: int, grid: Sequence[int]) -> None:
        super().__init__()
        self.channels, self.grid = channels, tuple(grid)
        sines, cosines = self._compute(grid)
        self.register_buffer("freqs_cos", cosines)
        self.register_buffer("freqs_sin", sines)

    def forward(self, grid: Sequence[int]) -> Tensor:
        """Return sines and cosines side by side for rows and columns: `(rows * columns, 2 C)`."""
        if tuple(grid) == self.grid:
            return torch.cat((self.freqs_sin, self.freqs_cos), dim=-1)
        with self.freqs_cos.device:
            return torch.cat(self._compute(grid), dim=-1)

    def _compute(self, grid: Sequence[int]) -> tuple[Tensor, Tensor]:
        half, (rows, columns) = self.channels // 2, grid
        speeds = 1.0 / BASE ** (torch.arange(0, half, 2).float() / half)
        down, right = (
            (torch.arange(count).float() / count * half).outer(speeds).repeat(1, 2)
            for count in (rows, columns)
        )
        # (rows, C / 2), (columns, C / 2) -> (rows, columns, C) -> (rows * columns, C)
        angles = torch.cat(
            (
                down[:, None].expand(rows, columns, half),
                right[None].expand(rows, columns, half),
            ),
            dim=-1,
        ).flatten(0, 1)
        return angles.sin(), angles.cos()


class RotaryBlock(nn.Module):
    """One layer, of timm's parts.

    Args:
        width: Channels.
        heads: Number of heads.
        options: As `layer_cfgs` of `ViTEVA02` gives them.
        rope: The table of all layers; a part of each, for the names in the state dict.
        num_tokens: Tokens in front that have no place.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        options: Mapping[str, Any],
        rope: RotaryTable,
        num_tokens: int,
    ) -> None:
        super().__init__()
        norm_cfg = options["norm_cfg"]
        self.norm1 = norm_maker(norm_cfg)(width)
        self.attn: Any = AttentionRope(
            width,
            heads,
            qkv_bias=options["qkv_bias"],
            num_prefix_tokens=num_tokens,
            attn_drop=options["attn_drop"],
            proj_drop=options["proj_drop"],
            proj_bias=options["proj_bias"],
        )
        self.attn.rope = rope
        self.drop_path = DropPath(options["drop_path_rate"])
        self.norm2 = norm_maker(norm_cfg)(width)
        inner: Any = norm_layer(norm_cfg) if options["sub_ln"] else None
        self.mlp: Any = SwiGLUPacked(
            width,
            2 * options["feedforward_channels"],
            norm_layer=inner,
            drop=(0.0, options["drop_rate"]),
        )
        freeze_norms(self, norm_cfg)

    def forward(self, x: Tensor, rope: Tensor) -> Tensor:
        """Map tokens `(B, L, C)` to the same shape."""
        x = x + self.drop_path(self.attn(self.norm1(x), rope=rope))
        y: Tensor = x + self.drop_path(self.mlp(self.norm2(x)))
        return y


class ViTEVA02(PlainTransformer):
    """EVA-02.

    Args:
        arch: A name of `ARCHS`, or a dict with the keys `ARCH_KEYS`.
        sub_ln: Whether the feed-forward layers have a norm inside.
        drop_rate: Dropout after the position embedding and the feed-forward layers, in [0, 1).
        attn_drop_rate: Dropout of the attention, in [0, 1).
        proj_drop_rate: Dropout after the attention, in [0, 1).
        drop_path_rate: Rate of stochastic depth of the last layer, rising from 0, in [0, 1).
        qkv_bias: Whether query, key and value have a bias.
        norm_cfg: Norm layers; `requires_grad`.
        with_cls_token: Whether there is a class token.
        layer_cfgs: For all layers, or for each, what differs: `feedforward_channels`, `sub_ln`,
            `attn_drop`, `proj_drop`, `drop_rate`, `drop_path_rate`, `qkv_bias`, `proj_bias`,
            `norm_cfg`.
        img_size: Image size that positions are made for [px]; others resize them on the fly.
        patch_size: Patch size [px].
        in_channels: Channels of the images.
        out_indices: Layers whose outputs are returned; negative counts from the end.
        final_norm: Whether the last layer's output is normalized.
        out_type: See `VisionTransformer`.
        frozen_stages: From 1 on: the embedding gets no gradient; the layers are left alone, as in
            the original.
        interpolate_mode: How position embeddings are resized.
        layer_scale_init_value: Has no effect, as in the original.
        patch_cfg: Options of the patch embedding, see `PatchEmbedding`.
        pre_norm: Whether the embedded tokens are normalized; the patch embedding then has no bias.
        init_cfg: See `InitModule`; torch's start values by default.
        freezes_layers: Whether `frozen_stages` freezes this many layers too.

    Raises:
        ValueError: If a value is out of range.

    From: mmpretrain 1.2 `ViTEVA02`.
    """

    timm_head = None  # query, key and value are three there, or its gate is two
    name_rules = RULES

    def __init__(
        self,
        arch: str | Mapping[str, int] = "tiny",
        sub_ln: bool = False,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        proj_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        qkv_bias: bool = True,
        norm_cfg: Mapping[str, Any] = LAYER_NORM,
        with_cls_token: bool = True,
        layer_cfgs: Mapping[str, Any] | Sequence[Mapping[str, Any]] = MappingProxyType({}),
        *,
        img_size: int | tuple[int, int] = 224,
        patch_size: int | tuple[int, int] = 16,
        in_channels: int = 3,
        out_indices: int | Sequence[int] = -1,
        final_norm: bool = True,
        out_type: OutType = "cls_token",
        frozen_stages: int = -1,
        interpolate_mode: str = "bicubic",
        layer_scale_init_value: float = 0.0,
        patch_cfg: Mapping[str, Any] = MappingProxyType({}),
        pre_norm: bool = False,
        init_cfg: InitCfg = None,
        freezes_layers: bool = False,
    ) -> None:
        check_out_type(out_type, with_cls_token)
        width, depth, heads, hidden = get_arch(arch, ARCHS)
        common = {
            "feedforward_channels": hidden,
            "sub_ln": sub_ln,
            "attn_drop": attn_drop_rate,
            "proj_drop": proj_drop_rate,
            "drop_rate": drop_rate,
            "qkv_bias": qkv_bias,
            "proj_bias": True,
            "norm_cfg": norm_cfg,
        }
        layers = spread_layers(layer_cfgs, common, depth, drop_path_rate)
        patch_options = {"kernel_size": patch_size, "stride": patch_size, "bias": not pre_norm}
        patches = PatchEmbedding(in_channels, width, patch_cfg, patch_options)
        rows, columns = patches.grid(img_size)
        tokens = ("cls_token",) if with_cls_token else ()
        rope = RotaryTable(width // heads, (rows, columns))
        network = TokenNetwork(
            patches,
            [RotaryBlock(width, heads, options, rope, len(tokens)) for options in layers],
            width,
            num_positions=rows * columns + len(tokens),
            tokens=tokens,
            drop_rate=drop_rate,
            norms={
                "norm_pre": norm_maker(norm_cfg)(width) if pre_norm else None,
                "norm": norm_maker(norm_cfg)(width) if final_norm else None,
                "fc_norm": norm_maker(norm_cfg)(width) if out_type == "avg_featmap" else None,
            },
        )
        network.rope = rope
        self._freezes_layers = freezes_layers
        super().__init__(
            network,
            img_size=img_size,
            out_indices=out_indices,
            out_type=out_type,
            interpolate_mode=interpolate_mode,
            frozen_stages=frozen_stages,
            init_cfg=init_cfg,
        )
        self.num_pos_tokens = self.num_extra_tokens = len(tokens)

    def context(self, grid: Sequence[int]) -> tuple[Any, ...]:
        """Return the sines and cosines for a grid."""
        return (self.network.rope(grid),)

    def frozen_parts(self) -> Sequence[nn.Module]:
        """Return the embedding, and the final norms when all layers count as frozen."""
        blocks = [] if self._freezes_layers else list(self.network.blocks)
        return [part for part in super().frozen_parts() if part not in blocks]

    def fit_state(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """Resize the position embedding of a checkpoint, and leave out sines of another grid."""
        shape = self.network.rope.freqs_cos.shape
        return {
            name: value
            for name, value in super().fit_state(state).items()
            if ".freqs_" not in name or value.shape == shape
        }

    def init_children(self, init: Callable[[nn.Module], None]) -> None:
        """Keep torch's start values of the layers."""

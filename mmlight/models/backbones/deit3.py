"""DeiT III: layer scale, and a class token without position."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Literal

from timm.models.vision_transformer import Block
from torch import Tensor

from mmlight.models.backbones.base.plain_transformer import PlainTransformer, name_rules
from mmlight.models.backbones.vision_transformer import LAYER_NORM
from mmlight.models.initialize import InitCfg
from mmlight.models.layers.defaults import GELU
from mmlight.models.layers.norm import norm_maker
from mmlight.models.layers.patch_embedding import PatchEmbedding
from mmlight.models.layers.tokens import check_out_type
from mmlight.models.networks.vit import (
    ARCH_KEYS,
    SMALLEST_SCALE,
    TokenNetwork,
    get_arch,
    make_block,
    spread_layers,
)
from mmlight.models.options import name_archs

ARCHS: Final = name_archs(
    ARCH_KEYS,
    {
        ("s", "small"): (384, 12, 6, 1536),
        ("m", "medium"): (512, 12, 8, 2048),
        ("b", "base"): (768, 12, 12, 3072),
        ("l", "large"): (1024, 24, 16, 4096),
        ("h", "huge"): (1280, 32, 16, 5120),
    },
)


class OneNormBlock(Block):
    """A layer that uses its first norm twice; the second stays an unused parameter."""

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        """Map tokens `(B, L, C)` to the same shape."""
        x = x + self.drop_path1(self.ls1(self.attn(self.norm1(x))))
        y: Tensor = x + self.drop_path2(self.ls2(self.mlp(self.norm1(x))))
        return y


class DeiT3(PlainTransformer):
    """DeiT III.

    Args:
        arch: A name of `ARCHS`, or a dict with the keys `ARCH_KEYS`.
        img_size: Image size that the position embedding is made for [px]; other sizes resize it on
            the fly.
        patch_size: Patch size [px].
        in_channels: Channels of the images.
        out_indices: Layers whose outputs are returned; negative counts from the end.
        drop_rate: Dropout after the position embedding, the attention and the feed-forward layers,
            in [0, 1).
        drop_path_rate: Rate of stochastic depth of the last layer, rising from 0, in [0, 1).
        qkv_bias: Whether query, key and value have a bias.
        norm_cfg: Norm layers; `requires_grad`.
        final_norm: Whether the last layer's output is normalized.
        out_type: 'cls_token' `(B, C)`, 'featmap' `(B, C, H, W)` or 'raw' `(B, L, C)`; the original
            cannot do 'avg_featmap'.
        with_cls_token: Whether there is a class token.
        use_layer_scale: Whether each part of a layer has a learned factor per channel.
        interpolate_mode: How position embeddings are resized.
        patch_cfg: Options of the patch embedding, see `PatchEmbedding`.
        layer_cfgs: For all layers, or for each, what differs from the arguments here, and
            `num_heads`, `feedforward_channels`, `attn_drop_rate`, `num_fcs`, `act_cfg`.
        init_cfg: See `InitModule`; torch's start values by default.
        use_ln2: Whether the feed-forward layers get their own norm, as the paper has it. The
            original applies the attention's norm to both and leaves `ln2` unused: its numbers need
            False. Weights of the paper's authors are right with True.

    Raises:
        ValueError: If a value is out of range.

    From: mmpretrain 1.2 `DeiT3`.
    """

    num_pos_tokens = 0

    def __init__(
        self,
        arch: str | Mapping[str, int] = "base",
        img_size: int | tuple[int, int] = 224,
        patch_size: int | tuple[int, int] = 16,
        in_channels: int = 3,
        out_indices: int | Sequence[int] = -1,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        qkv_bias: bool = True,
        norm_cfg: Mapping[str, Any] = LAYER_NORM,
        final_norm: bool = True,
        out_type: Literal["raw", "cls_token", "featmap"] = "cls_token",
        with_cls_token: bool = True,
        use_layer_scale: bool = True,
        interpolate_mode: str = "bicubic",
        patch_cfg: Mapping[str, Any] = MappingProxyType({}),
        layer_cfgs: Mapping[str, Any] | Sequence[Mapping[str, Any]] = MappingProxyType({}),
        init_cfg: InitCfg = None,
        *,
        use_ln2: bool = False,
    ) -> None:
        check_out_type(out_type, with_cls_token, ("raw", "cls_token", "featmap"))
        width, depth, heads, hidden = get_arch(arch, ARCHS)
        common = {
            "num_heads": heads,
            "feedforward_channels": hidden,
            "use_layer_scale": use_layer_scale,
            "drop_rate": drop_rate,
            "attn_drop_rate": 0.0,
            "num_fcs": 2,
            "qkv_bias": qkv_bias,
            "act_cfg": GELU,
            "norm_cfg": norm_cfg,
        }
        layers = spread_layers(layer_cfgs, common, depth, drop_path_rate)
        for options in layers:
            scale = SMALLEST_SCALE if options["use_layer_scale"] else 0.0
            options["layer_scale_init_value"] = scale
        patch_options = {"kernel_size": patch_size, "stride": patch_size}
        patches = PatchEmbedding(in_channels, width, patch_cfg, patch_options)
        rows, columns = patches.grid(img_size)
        block = Block if use_ln2 else OneNormBlock
        network = TokenNetwork(
            patches,
            [make_block(width, options, block) for options in layers],
            width,
            num_positions=rows * columns,
            tokens=("cls_token",) if with_cls_token else (),
            drop_rate=drop_rate,
            norms={"norm": norm_maker(norm_cfg)(width) if final_norm else None},
        )
        super().__init__(
            network,
            img_size=img_size,
            out_indices=out_indices,
            out_type=out_type,
            interpolate_mode=interpolate_mode,
            init_cfg=init_cfg,
        )
        self.name_rules = name_rules(["origin"] * depth)
        self.num_extra_tokens = 1 if with_cls_token else 0

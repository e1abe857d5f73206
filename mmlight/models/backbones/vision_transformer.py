"""The Vision Transformer on timm's layers."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Final, Literal

from mmlight.models.backbones.base.plain_transformer import PlainTransformer, name_rules
from mmlight.models.initialize import InitCfg
from mmlight.models.layers.defaults import GELU
from mmlight.models.layers.norm import norm_maker
from mmlight.models.layers.patch_embedding import PatchEmbedding
from mmlight.models.layers.tokens import check_out_type
from mmlight.models.networks.vit import (
    ARCHS,
    TokenNetwork,
    get_arch,
    make_block,
    spread_layers,
)

LAYER_NORM: Final[Mapping[str, Any]] = MappingProxyType({"type": "LN", "eps": 1e-6})
OutType = Literal["raw", "cls_token", "featmap", "avg_featmap"]


class VisionTransformer(PlainTransformer):
    """Vision Transformer, also the backbone of DeiT and DINOv2.

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
        norm_cfg: `type` 'LN'; `eps` (1e-5 when left out), `requires_grad`.
        final_norm: Whether the last layer's output is normalized.
        out_type: 'cls_token' `(B, C)`, 'featmap' `(B, C, H, W)`, 'avg_featmap' `(B, C)` or 'raw'
            `(B, L, C)`.
        with_cls_token: Whether there is a class token.
        frozen_stages: From 1 on: the embedding and this many layers get no gradient. Eval mode is
            set once, on construction; `.train()` undoes it, as in the original.
        interpolate_mode: How position embeddings are resized.
        layer_scale_init_value: Start value of layer scale; 0 for none.
        patch_cfg: Options of the patch embedding, see `PatchEmbedding`.
        layer_cfgs: For all layers, or for each, what differs from the arguments here: `num_heads`,
            `feedforward_channels`, `layer_scale_init_value`, `drop_rate`, `drop_path_rate`,
            `qkv_bias`, `norm_cfg`, and `attn_drop_rate`, `num_fcs`, `act_cfg`, `ffn_type` 'origin'
            or 'swiglu_fused'.
        pre_norm: Whether the embedded tokens are normalized; the patch embedding then has no bias.
        init_cfg: See `InitModule`; torch's start values by default.
        drops_cls_token: Without class token: keep one all the same that is removed after it got
            its position (0.x).

    Raises:
        ValueError: If a value is out of range or timm cannot do it.

    Examples:
        >>> import torch
        >>> arch = {"embed_dims": 8, "num_layers": 2, "num_heads": 2, "feedforward_channels": 16}
        >>> [tuple(x.shape) for x in VisionTransformer(arch, img_size=32)(torch.rand(1, 3, 32, 32))]
        [(1, 8)]

    From: mmpretrain 1.2 `VisionTransformer`; mmcls 0.25 returns `[featmap, cls_token]` for
        `output_cls_token=True`, here `out_type='cls_token'`.
    """

    archs: ClassVar[Mapping[tuple[str, ...], Mapping[str, Any]]] = ARCHS
    tokens: ClassVar[tuple[str, ...]] = ("cls_token",)

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
        out_type: OutType = "cls_token",
        with_cls_token: bool = True,
        frozen_stages: int = -1,
        interpolate_mode: str = "bicubic",
        layer_scale_init_value: float = 0.0,
        patch_cfg: Mapping[str, Any] = MappingProxyType({}),
        layer_cfgs: Mapping[str, Any] | Sequence[Mapping[str, Any]] = MappingProxyType({}),
        pre_norm: bool = False,
        init_cfg: InitCfg = None,
        *,
        drops_cls_token: bool = False,
    ) -> None:
        check_out_type(out_type, with_cls_token)
        width, depth, heads, hidden = get_arch(arch, self.archs)
        tokens = self.tokens if with_cls_token or drops_cls_token else ()
        common = {
            "num_heads": heads,
            "feedforward_channels": hidden,
            "layer_scale_init_value": layer_scale_init_value,
            "drop_rate": drop_rate,
            "attn_drop_rate": 0.0,
            "num_fcs": 2,
            "qkv_bias": qkv_bias,
            "ffn_type": "origin",
            "act_cfg": GELU,
            "norm_cfg": norm_cfg,
        }
        layers = spread_layers(layer_cfgs, common, depth, drop_path_rate)
        patch_options = {"kernel_size": patch_size, "stride": patch_size, "bias": not pre_norm}
        patches = PatchEmbedding(in_channels, width, patch_cfg, patch_options)
        rows, columns = patches.grid(img_size)
        network = TokenNetwork(
            patches,
            [make_block(width, options) for options in layers],
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
        super().__init__(
            network,
            img_size=img_size,
            out_indices=out_indices,
            out_type=out_type,
            interpolate_mode=interpolate_mode,
            frozen_stages=frozen_stages,
            init_cfg=init_cfg,
        )
        self.name_rules = name_rules([options["ffn_type"] for options in layers])
        self.num_pos_tokens = len(tokens)
        self.num_extra_tokens = len(tokens) if with_cls_token else 0

"""T2T-ViT, which timm does not have: tokens are made of overlapping patches step by step."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Literal

import numpy as np
import torch
from torch import Tensor, nn

from mmlight.models.backbones.base.out_indices import to_out_indices
from mmlight.models.initialize import InitCfg, InitModule
from mmlight.models.layers.defaults import GELU, LAYER_NORM
from mmlight.models.layers.norm import norm_maker
from mmlight.models.layers.position import fit_pos_embed, resize_pos_embed
from mmlight.models.layers.tokens import check_out_type, format_tokens
from mmlight.models.networks.t2t import (
    AttentionScale,
    T2TModule,
    T2TTransformerLayer,
    sinusoid_encoding,
)
from mmlight.models.options import Options, spread_options, take_options
from mmlight.models.trunc_normal import trunc_normal_

EMPTY: Final[Options] = MappingProxyType({})
LAYER: Final[Options] = MappingProxyType(
    {
        "num_heads": 6,
        "feedforward_channels": None,
        "drop_rate": 0.0,
        "attn_drop_rate": 0.0,
        "drop_path_rate": 0.0,
        "num_fcs": 2,
        "qkv_bias": False,
        "qk_scale": None,
        "act_cfg": GELU,
        "norm_cfg": LAYER_NORM,
    }
)
"""Options of a layer that `layer_cfgs` may give."""


class T2T_ViT(InitModule):  # noqa: N801 (the originals' name, found by it in configs)
    """Tokens-to-Token Vision Transformer.

    Args:
        img_size: Image size that the position embedding is made for [px]; others resize it.
        in_channels: Channels of the images.
        embed_dims: Channels of the tokens `C`.
        num_layers: Number of layers.
        out_indices: Layers whose outputs are returned; negative counts from the end.
        drop_rate: Dropout behind the position embedding, in [0, 1).
        drop_path_rate: Rate of stochastic depth of the last layer, rising from 0, in [0, 1).
        norm_cfg: `type` 'LN', `eps`.
        final_norm: Whether the last layer's output is normalized.
        out_type: 'cls_token' `(B, C)`, 'featmap' `(B, C, H, W)`, 'avg_featmap' `(B, C)` or 'raw'
            `(B, L, C)`.
        with_cls_token: Whether there is a class token.
        interpolate_mode: How position embeddings are resized.
        t2t_cfg: `token_dims` (64); `use_performer` False.
        layer_cfgs: Arguments of `T2TTransformerLayer` for all layers or each.
        init_cfg: See `InitModule`; torch's start values by default.
        attention_scale: What the products of query and key are scaled by, with d channels per
            head. 'multiply' is what mmpretrain 1.2 does: by sqrt(d), a defect, but the one its
            checkpoints were trained with. 'divide' is the paper's and mmcls 0.25's: by 1 / sqrt(d)
            of the input, or by `qk_scale`.
        drops_cls_token: Whether without a class token there is one until positions are added, as
            in 0.x.

    Raises:
        ValueError: If a value is out of range or not supported.

    Examples:
        >>> layer = {"num_heads": 2, "feedforward_channels": 8}
        >>> backbone = T2T_ViT(32, embed_dims=8, num_layers=1, layer_cfgs=layer)
        >>> backbone(torch.rand(1, 3, 32, 32))[0].shape
        torch.Size([1, 8])

    From: mmpretrain 1.2 `T2T_ViT`; mmcls 0.25 `T2T_ViT` by `attention_scale='divide'` and
        `drops_cls_token=True`.
    """

    pos_embed: Tensor

    def __init__(
        self,
        img_size: int = 224,
        in_channels: int = 3,
        embed_dims: int = 384,
        num_layers: int = 14,
        out_indices: int | Sequence[int] = -1,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        norm_cfg: Options = LAYER_NORM,
        final_norm: bool = True,
        out_type: Literal["raw", "cls_token", "featmap", "avg_featmap"] = "cls_token",
        with_cls_token: bool = True,
        interpolate_mode: str = "bicubic",
        t2t_cfg: Options = EMPTY,
        layer_cfgs: Options | Sequence[Options] = EMPTY,
        init_cfg: InitCfg = None,
        *,
        attention_scale: AttentionScale = "multiply",
        drops_cls_token: bool = False,
    ) -> None:
        super().__init__(init_cfg)
        token_dims = _check(out_type, with_cls_token, attention_scale, t2t_cfg)
        self.tokens_to_token = T2TModule(in_channels, embed_dims, token_dims, attention_scale)
        self.grid = (img_size // 16, img_size // 16)
        self.out_type, self.interpolate_mode = out_type, interpolate_mode
        self.num_extra_tokens = int(with_cls_token)
        self.num_embedded = int(with_cls_token or drops_cls_token)
        token = nn.Parameter(torch.zeros(1, 1, embed_dims)) if self.num_embedded else None
        self.cls_token: nn.Parameter | None = token
        count = self.grid[0] * self.grid[1] + self.num_embedded
        self.register_buffer("pos_embed", sinusoid_encoding(count, embed_dims))
        self.drop_after_pos = nn.Dropout(drop_rate)
        self.out_indices = to_out_indices(out_indices, num_layers)
        rates = np.linspace(0, drop_path_rate, num_layers).tolist()
        defaults = {
            **LAYER,
            "feedforward_channels": 3 * embed_dims,
            "norm_cfg": norm_cfg,
        }
        self.encoder = nn.ModuleList(
            T2TTransformerLayer(
                embed_dims,
                **take_options(given, {**defaults, "drop_path_rate": rate}, "layer_cfgs"),
                attention_scale=attention_scale,
            )
            for given, rate in zip(
                spread_options(layer_cfgs, num_layers, "layer_cfgs"), rates, strict=True
            )
        )
        self.norm = norm_maker(norm_cfg)(embed_dims) if final_norm else nn.Identity()

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map images `(B, C, H, W)` to one output of type `out_type` per entry of `out_indices`."""
        x, grid = self.tokens_to_token(images)
        if self.cls_token is not None:
            x = torch.cat((self.cls_token.expand(len(x), -1, -1), x), dim=1)
        positions = resize_pos_embed(
            self.pos_embed, self.grid, grid, self.interpolate_mode, self.num_embedded
        )
        x = self.drop_after_pos(x + positions)[:, self.num_embedded - self.num_extra_tokens :]
        outputs = []
        last = len(self.encoder) - 1
        for index, layer in enumerate(self.encoder):
            x = layer(x)
            if index == last:
                x = self.norm(x)
            if index in self.out_indices:
                outputs.append(format_tokens(x, grid, self.num_extra_tokens, self.out_type))
        return tuple(outputs)

    def fit_state(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Fit the position embedding of a checkpoint to this image size."""
        fitted = dict(state)
        if "pos_embed" in fitted:
            fitted["pos_embed"] = fit_pos_embed(
                fitted["pos_embed"], self.grid, self.interpolate_mode, self.num_embedded
            )
        return fitted

    def init_extra(self) -> None:
        """Draw the class token, unless a checkpoint alone fills the weights."""
        if self.cls_token is not None and not self.is_pretrained:
            trunc_normal_(self.cls_token, std=0.02)


def _check(
    out_type: str, with_cls_token: bool, attention_scale: str, t2t_cfg: Mapping[str, Any]
) -> int:
    """Refuse what is not there, and return the channels inside of the token module."""
    check_out_type(out_type, with_cls_token)
    if attention_scale not in ("multiply", "divide"):
        raise ValueError(f"attention_scale must be 'multiply' or 'divide', got {attention_scale!r}")
    taken = take_options(t2t_cfg, {"token_dims": 64, "use_performer": False}, "t2t_cfg")
    if taken["use_performer"]:
        raise ValueError(f"t2t_cfg use_performer must be False, got {taken['use_performer']}")
    return int(taken["token_dims"])

"""The Vision Transformer on timm."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Literal

import torch
from torch import Tensor, nn

from mmlight.models.backbones.position import grid_size, resize_pos_embed, resize_when_loading
from mmlight.models.backbones.staged_backbone import StagedBackbone
from mmlight.models.backbones.vit_network import (
    build_network,
    get_arch,
    get_layer_options,
    set_drop_path,
    set_patch_bias,
)
from mmlight.models.initialize import InitCfg
from mmlight.models.norm import freeze_norms, norm_layer
from mmlight.models.trunc_normal import trunc_normal_
from mmlight.weights.name_map import NameRule

FFN_NAMES: Final = {"origin": ("layers.0.0", "layers.1"), "swiglu_fused": ("w12", "w3")}
LAYER_NORM: Final[Mapping[str, Any]] = MappingProxyType({"type": "LN", "eps": 1e-6})
OUT_TYPES: Final = ("raw", "cls_token", "featmap", "avg_featmap")


def name_rules(ffn_type: str) -> tuple[NameRule, ...]:
    """Return the rules for a feed-forward type, 'origin' or 'swiglu_fused'."""
    first, second = FFN_NAMES[ffn_type]
    return (
        NameRule(r"network\.patch_embed\.proj\.(.+)", r"patch_embed.projection.\1"),
        NameRule(r"network\.norm_pre\.(.+)", r"pre_norm.\1"),
        NameRule(r"network\.blocks\.(\d+)\.norm([12])\.(.+)", r"layers.\1.ln\2.\3"),
        NameRule(r"network\.blocks\.(\d+)\.(attn\..+)", r"layers.\1.\2"),
        NameRule(r"network\.blocks\.(\d+)\.ls1\.gamma", r"layers.\1.attn.gamma1.weight"),
        NameRule(r"network\.blocks\.(\d+)\.ls2\.gamma", r"layers.\1.ffn.gamma2.weight"),
        NameRule(r"network\.blocks\.(\d+)\.mlp\.fc1\.(.+)", rf"layers.\1.ffn.{first}.\2"),
        NameRule(r"network\.blocks\.(\d+)\.mlp\.fc2\.(.+)", rf"layers.\1.ffn.{second}.\2"),
        NameRule(r"network\.norm\.(.+)", r"ln1.\1"),
        NameRule(r"network\.fc_norm\.(.+)", r"ln2.\1"),
        NameRule(r"network\.(cls_token|pos_embed)", r"\1"),
    )


class VisionTransformer(StagedBackbone):
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
        patch_cfg: `bias` of the patch embedding.
        layer_cfgs: For all layers: `ffn_type` 'origin' or 'swiglu_fused', `act_cfg`,
            `attn_drop_rate`.
        pre_norm: Whether the embedded tokens are normalized; the patch embedding then has no bias.
        init_cfg: See `InitModule`; torch's start values by default.

    Raises:
        ValueError: If a value is out of range or timm cannot do it.

    Examples:
        >>> arch = {"embed_dims": 8, "num_layers": 2, "num_heads": 2, "feedforward_channels": 16}
        >>> [tuple(x.shape) for x in VisionTransformer(arch, img_size=32)(torch.rand(1, 3, 32, 32))]
        [(1, 8)]

    From: mmpretrain 1.2 `VisionTransformer`. mmcls 0.25 returns `[featmap, cls_token]` for
    `output_cls_token=True`, here `out_type='cls_token'`; its `with_cls_token=False` keeps an unused
    token and is not reproduced.
    """

    freezes_again = False

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
        out_type: Literal["raw", "cls_token", "featmap", "avg_featmap"] = "cls_token",
        with_cls_token: bool = True,
        frozen_stages: int = -1,
        interpolate_mode: str = "bicubic",
        layer_scale_init_value: float = 0.0,
        patch_cfg: Mapping[str, Any] = MappingProxyType({}),
        layer_cfgs: Mapping[str, Any] | Sequence[Mapping[str, Any]] = MappingProxyType({}),
        pre_norm: bool = False,
        init_cfg: InitCfg = None,
    ) -> None:
        _check_arguments(out_type, with_cls_token, patch_cfg)
        numbers, layer = get_arch(arch), get_layer_options(layer_cfgs)
        norm = norm_layer(norm_cfg, allowed=("LN",))
        grid, padded = grid_size(img_size, patch_size)
        network = build_network(
            numbers,
            layer,
            norm_layer=norm,
            drop_rate=drop_rate,
            img_size=padded,
            patch_size=patch_size,
            in_chans=in_channels,
            qkv_bias=qkv_bias,
            init_values=layer_scale_init_value or None,
            class_token=with_cls_token,
            pre_norm=pre_norm,
        )
        network.norm = norm(numbers[0]) if final_norm else nn.Identity()
        network.fc_norm = norm(numbers[0]) if out_type == "avg_featmap" else nn.Identity()
        set_patch_bias(network, patch_cfg.get("bias", not pre_norm))
        set_drop_path(network, drop_path_rate, layer["ffn_type"])
        freeze_norms(network, norm_cfg)
        indices = [out_indices] if isinstance(out_indices, int) else out_indices
        super().__init__(
            network,
            out_indices=[index + numbers[1] if index < 0 else index for index in indices],
            frozen_stages=frozen_stages,
            init_cfg=init_cfg,
        )
        self.name_rules = name_rules(layer["ffn_type"])
        self.out_type = out_type
        self.interpolate_mode = interpolate_mode
        self.grid = grid
        for embedding in self._embeddings():
            nn.init.zeros_(embedding)
        self.register_load_state_dict_pre_hook(  # type: ignore[no-untyped-call]
            resize_when_loading
        )

    @property
    def num_extra_tokens(self) -> int:
        """Number of tokens in front of the patches: 1 with a class token, else 0."""
        return 0 if self.network.cls_token is None else 1

    def stem(self, images: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to tokens with their positions `(B, L, C)`."""
        return self._embed(self.network.patch_embed(images))

    def stages(self) -> Sequence[Sequence[nn.Module]]:
        """Return each layer as a stage of its own."""
        return [[block] for block in self.network.blocks]

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map images `(B, C, H, W)` to one output of type `out_type` per entry of `out_indices`."""
        patches = self.network.patch_embed(images)  # (B, H, W, C)
        grid = patches.shape[1:3]
        x = self._embed(patches)
        outputs = []
        last = len(self.network.blocks) - 1
        for index, block in enumerate(self.network.blocks):
            x = self.run_block(block, x)
            if index == last:
                x = self.network.norm(x)
            if index in self.out_indices:
                outputs.append(self._format(x, grid))
        return tuple(outputs)

    def _embed(self, patches: Tensor) -> Tensor:
        net, grid = self.network, (patches.shape[1], patches.shape[2])
        x = patches.flatten(1, 2)  # (B, H, W, C) -> (B, H * W, C)
        if net.cls_token is not None:
            x = torch.cat((net.cls_token.expand(len(x), -1, -1), x), dim=1)
        extra = self.num_extra_tokens
        positions = resize_pos_embed(net.pos_embed, self.grid, grid, self.interpolate_mode, extra)
        tokens: Tensor = net.norm_pre(net.pos_drop(x + positions))
        return tokens

    def _format(self, x: Tensor, grid: Sequence[int]) -> Tensor:
        if self.out_type == "raw":
            return x
        if self.out_type == "cls_token":
            return x[:, 0]
        patches = x[:, self.num_extra_tokens :]
        if self.out_type == "featmap":
            # (B, H * W, C) -> (B, H, W, C) -> (B, C, H, W)
            return patches.reshape(len(x), *grid, -1).permute(0, 3, 1, 2)
        pooled: Tensor = self.network.fc_norm(patches.mean(dim=1))  # (B, L, C) -> (B, C)
        return pooled

    def frozen_parts(self) -> Sequence[nn.Module]:
        """Return the embedding and the first layers; the final norms too when all are frozen."""
        if self.frozen_stages < 1:
            return ()
        net, count = self.network, self.frozen_stages
        ends = [net.norm, net.fc_norm] if count == len(net.blocks) else []
        return [net.pos_drop, net.patch_embed, net.norm_pre, *net.blocks[:count], *ends]

    def freeze(self) -> None:
        """Freeze the parts and the embeddings that belong to no part."""
        super().freeze()
        for embedding in self._embeddings():
            embedding.requires_grad_(self.frozen_stages < 1)

    def _embeddings(self) -> list[nn.Parameter]:
        both = (self.network.cls_token, self.network.pos_embed)
        return [embedding for embedding in both if embedding is not None]

    def init_children(self, init: Callable[[nn.Module], None]) -> None:
        """Fill the feed-forward layers by Glorot's rule with almost zero biases."""
        for block in self.network.blocks:
            for layer in (block.mlp.fc1, block.mlp.fc2):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.normal_(layer.bias, std=1e-6)

    def init_extra(self) -> None:
        """Draw the position embedding, unless a checkpoint alone fills the weights."""
        if not self.is_pretrained:
            trunc_normal_(self.network.pos_embed, std=0.02)


def _check_arguments(out_type: str, with_cls_token: bool, patch_cfg: Mapping[str, Any]) -> None:
    if out_type not in OUT_TYPES:
        raise ValueError(f"out_type must be one of {OUT_TYPES}, got {out_type!r}")
    if out_type == "cls_token" and not with_cls_token:
        raise ValueError("with_cls_token must be True for out_type='cls_token', got False")
    for key, value in patch_cfg.items():
        if key != "bias":
            raise ValueError(f"patch_cfg does not support {key}={value!r}")

"""XCiT on timm."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Final, Literal

import torch
from timm.models.xcit import Xcit
from torch import Tensor, nn

from mmlight.models.backbones.base.out_indices import to_out_indices
from mmlight.models.backbones.base.staged_backbone import StagedBackbone
from mmlight.models.initialize import InitCfg, Initializer, Kaiming, TruncNormal
from mmlight.models.layers.activation import activation_layer
from mmlight.models.layers.defaults import BATCH_NORM, GELU
from mmlight.models.layers.drop_path import DropPath
from mmlight.models.layers.norm import norm_maker
from mmlight.models.layers.tokens import check_out_type, format_tokens
from mmlight.models.trunc_normal import trunc_normal_
from mmlight.weights.name_map import NameRule

LAYER_NORM: Final[Mapping[str, Any]] = MappingProxyType({"type": "LN", "eps": 1e-6})
RULES: Final = (
    *(
        NameRule(
            rf"network\.patch_embed\.proj\.{2 * step}\.{part}\.(.+)",
            rf"patch_embed.proj.{step}.{name}.\1",
        )
        for step in range(4)
        for part, name in enumerate(("conv", "bn"))
    ),
    NameRule(r"network\.(pos_embed\.token_projection)\.(.+)", r"\1.conv.\2"),
    NameRule(r"network\.blocks\.(\d+\.local_mp\.conv\d)\.(.+)", r"xca_layers.\1.conv.\2"),
    NameRule(r"network\.blocks\.(\d+\.local_mp)\.bn\.(.+)", r"xca_layers.\1.conv1.bn.\2"),
    *(
        NameRule(rf"network\.{ours}\.(\d+)\.{layer}(.+)", rf"{mm}.\1.{name}\2")
        for ours, mm in (("blocks", "xca_layers"), ("cls_attn_blocks", "ca_layers"))
        for layer, name in (
            (r"mlp\.fc1", "ffn.layers.0.0"),
            (r"mlp\.fc2", "ffn.layers.1"),
            ("", ""),
        )
    ),
    NameRule(r"network\.(.+)", r"\1"),
)


class XCiT(StagedBackbone):
    """XCiT, a transformer with attention over channels, and class attention at its end.

    Args:
        img_size: Image size; has no effect but that `patch_size` must divide it [px].
        patch_size: 8 or 16 [px].
        in_channels: Channels of the images.
        embed_dims: Channels of the tokens `C`.
        depth: Number of layers with attention over channels.
        cls_attn_layers: Number of layers with class attention behind them.
        num_heads: Number of attention heads.
        mlp_ratio: Inner channels of the feed-forward layers over `C`.
        qkv_bias: Whether query, key and value have a bias.
        drop_rate: Dropout, in [0, 1).
        attn_drop_rate: Dropout of the attention weights, in [0, 1).
        drop_path_rate: Rate of stochastic depth of all layers over channels, in [0, 1).
        use_pos_embed: Whether positions are added.
        layer_scale_init_value: Start value of layer scale; class attention has none at 0.
        tokens_norm: Whether class attention normalizes all tokens, or the class token alone.
        out_type: 'cls_token' `(B, C)`, 'featmap' `(B, C, H, W)`, 'avg_featmap' `(B, C)` or 'raw'
            `(B, L, C)`.
        out_indices: Layers whose outputs are returned; negative counts from the end.
        final_norm: Whether the last layer's output is normalized.
        frozen_stages: -1 freezes nothing; n from 0 on freezes the embeddings and, as in the
            original, the first n - 1 layers; all layers' number also the final norm.
        bn_norm_cfg: Norms behind convolutions: `type` 'BN' or 'SyncBN', `eps`, `momentum`.
        norm_cfg: Other norms: `type` 'LN', `eps`.
        act_cfg: Activation.
        init_cfg: See `InitModule`; by default a truncated normal of deviation 1 for linear layers.

    Raises:
        ValueError: If a value is out of range.

    From: mmpretrain 1.2 `XCiT`; positions are computed in float32, as there.
    """

    default_init: ClassVar[tuple[Initializer, ...]] = (TruncNormal(layer="Linear"),)

    def __init__(
        self,
        img_size: int | tuple[int, int] = 224,
        patch_size: int = 16,
        in_channels: int = 3,
        embed_dims: int = 768,
        depth: int = 12,
        cls_attn_layers: int = 2,
        num_heads: int = 12,
        mlp_ratio: float = 4.0,
        qkv_bias: bool = True,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        use_pos_embed: bool = True,
        layer_scale_init_value: float = 1.0,
        tokens_norm: bool = False,
        out_type: Literal["raw", "cls_token", "featmap", "avg_featmap"] = "cls_token",
        out_indices: int | Sequence[int] = (-1,),
        final_norm: bool = True,
        frozen_stages: int = -1,
        bn_norm_cfg: Mapping[str, Any] = BATCH_NORM,
        norm_cfg: Mapping[str, Any] = LAYER_NORM,
        act_cfg: Mapping[str, Any] = GELU,
        init_cfg: InitCfg = None,
    ) -> None:
        count = depth + cls_attn_layers
        _check(img_size, patch_size, out_type, frozen_stages, count)
        activation: Any = activation_layer(act_cfg)
        norm: Any = norm_maker(norm_cfg)
        network: Any = Xcit(
            img_size,
            patch_size,
            in_channels,
            num_classes=0,
            global_pool="",
            embed_dim=embed_dims,
            depth=depth,
            num_heads=num_heads,
            mlp_ratio=mlp_ratio,
            qkv_bias=qkv_bias,
            pos_drop_rate=drop_rate,
            proj_drop_rate=drop_rate,
            attn_drop_rate=attn_drop_rate,
            act_layer=activation,
            norm_layer=norm,
            cls_attn_layers=cls_attn_layers,
            use_pos_embed=use_pos_embed,
            eta=layer_scale_init_value,
            tokens_norm=tokens_norm,
        )
        network.norm = norm(embed_dims) if final_norm else nn.Identity()
        set_batch_norms(network, norm_maker(bn_norm_cfg))
        for block in network.blocks:
            block.drop_path1 = block.drop_path2 = block.drop_path3 = DropPath(drop_path_rate)
        for block in network.cls_attn_blocks if layer_scale_init_value <= 0 else ():
            del block.gamma1, block.gamma2
            block.gamma1 = block.gamma2 = 1.0
        self.num_frozen = frozen_stages
        super().__init__(
            network,
            out_indices=to_out_indices(out_indices, count),
            frozen_stages=min(frozen_stages, count),
            init_cfg=init_cfg,
        )
        self.name_rules = RULES
        self.out_type = out_type
        Kaiming(layer="Conv2d").fill_layers(network.modules(), only_matching=True)
        nn.init.zeros_(network.cls_token)

    def stem(self, images: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to tokens with their positions `(B, L, C)`."""
        return self._embed(images)[0]

    def stages(self) -> Sequence[Sequence[nn.Module]]:
        """Return each layer as a stage of its own."""
        return [[block] for block in (*self.network.blocks, *self.network.cls_attn_blocks)]

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map images `(B, C, H, W)` to one output of type `out_type` per entry of `out_indices`.

        Raises:
            ValueError: If the class token is wanted of a layer in front of class attention.
        """
        net, outputs = self.network, []
        x, grid = self._embed(images)
        for index, block in enumerate(net.blocks):
            x = block(x, *grid)
            if index in self.out_indices:
                outputs.append(self._format(x, grid, num_extra=0))
        x = torch.cat((net.cls_token.expand(len(x), -1, -1), x), dim=1)
        last = len(net.cls_attn_blocks) - 1
        for index, block in enumerate(net.cls_attn_blocks):
            x = block(x)
            if index == last:
                x = net.norm(x)
            if index + len(net.blocks) in self.out_indices:
                outputs.append(self._format(x, grid, num_extra=1))
        return tuple(outputs)

    def _embed(self, images: Tensor) -> tuple[Tensor, tuple[int, int]]:
        net = self.network
        x, grid = net.patch_embed(images)
        if net.pos_embed is not None:
            positions = net.pos_embed(1, *grid)
            x = x + positions.flatten(2).transpose(1, 2)  # (1, C, H, W) -> (1, H * W, C)
        return net.pos_drop(x), grid

    def _format(self, x: Tensor, grid: tuple[int, int], num_extra: int) -> Tensor:
        if self.out_type == "cls_token" and not num_extra:
            raise ValueError(
                "out_type must not be 'cls_token' for layers in front of class attention, got "
                f"out_indices={self.out_indices}"
            )
        return format_tokens(x, grid, num_extra, self.out_type)

    def frozen_parts(self) -> Sequence[nn.Module]:
        """Return the embeddings and the first layers; the final norm when all are named."""
        if self.num_frozen < 0:
            return ()
        net = self.network
        positions = [] if net.pos_embed is None else [net.pos_embed]
        layers = [block for (block,) in self.stages()]
        ends = [net.norm] if self.num_frozen == len(layers) else []
        frozen = layers[: max(self.num_frozen - 1, 0)]
        return [*positions, net.patch_embed, net.pos_drop, *frozen, *ends]

    def freeze(self) -> None:
        """Freeze the parts, and the class token once class attention is reached."""
        super().freeze()
        if self.num_frozen > len(self.network.blocks):
            self.network.cls_token.requires_grad_(False)

    def init_extra(self) -> None:
        """Draw the class token, unless a checkpoint alone fills the weights."""
        if not self.is_pretrained:
            trunc_normal_(self.network.cls_token, std=0.02)


def set_batch_norms(network: Any, norm: Any) -> None:
    """Replace timm's batch norms in the patch embedding and the layers."""
    for step in network.patch_embed.proj:
        if isinstance(step, nn.Sequential):
            step[1] = norm(step[1].num_features)
    for block in network.blocks:
        block.local_mp.bn = norm(block.local_mp.bn.num_features)


def _check(
    img_size: int | tuple[int, int], patch_size: int, out_type: str, frozen_stages: int, count: int
) -> None:
    if patch_size not in (8, 16):
        raise ValueError(f"patch_size must be 8 or 16, got {patch_size}")
    sides = (img_size, img_size) if isinstance(img_size, int) else img_size
    if any(side % patch_size for side in sides):
        raise ValueError(f"img_size must be a multiple of {patch_size}, got {img_size}")
    check_out_type(out_type, with_cls_token=True)
    if not -1 <= frozen_stages <= count + 1:
        raise ValueError(f"frozen_stages must be in [-1, {count + 1}], got {frozen_stages}")

"""The image encoder of Segment Anything: a Vision Transformer with attention in windows."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Literal

import torch
from timm.layers.norm import LayerNorm2d
from timm.models.vision_transformer_sam import Block
from torch import Tensor, nn
from torch.nn import functional

from mmlight.models.backbones.base.plain_transformer import PlainTransformer, name_rules
from mmlight.models.backbones.vision_transformer import LAYER_NORM
from mmlight.models.initialize import InitCfg
from mmlight.models.layers.defaults import GELU
from mmlight.models.layers.drop_path import DropPath
from mmlight.models.layers.norm import freeze_norms, norm_layer
from mmlight.models.layers.patch_embedding import PatchEmbedding
from mmlight.models.layers.position import resize_pos_embed
from mmlight.models.layers.tokens import check_out_type
from mmlight.models.networks.vit import ARCH_KEYS, TokenNetwork, make_mlp, spread_layers
from mmlight.models.options import find_arch, name_archs
from mmlight.weights.name_map import NameRule

SAM_KEYS: Final = (*ARCH_KEYS, "global_attn_indexes")
ARCHS: Final = name_archs(
    SAM_KEYS,
    {
        ("b", "base"): (768, 12, 12, 3072, (2, 5, 8, 11)),
        ("l", "large"): (1024, 24, 16, 4096, (5, 11, 17, 23)),
        ("h", "huge"): (1280, 32, 16, 5120, (7, 15, 23, 31)),
    },
)
OUT_TYPES: Final = ("raw", "featmap", "avg_featmap")
NECK_RULE: Final = NameRule(r"network\.neck\.(.+)", r"channel_reduction.\1")


def make_block(width: int, options: Mapping[str, Any], grid: tuple[int, int]) -> Any:
    """Make one layer.

    Args:
        width: Channels.
        options: As `layer_cfgs` of `ViTSAM` gives them.
        grid: Rows and columns of patches.
    """
    block: Any = Block(
        width,
        options["num_heads"],
        qkv_bias=options["qkv_bias"],
        norm_layer=norm_layer(options["norm_cfg"]),  # type: ignore[arg-type]
        mlp_layer=lambda **_: make_mlp(width, options),  # type: ignore[arg-type]
        use_rel_pos=options["use_rel_pos"],
        window_size=options["window_size"],
        input_size=grid,
    )
    block.drop_path2 = DropPath(options["drop_path_rate"])  # the attention has none
    freeze_norms(block, options["norm_cfg"])
    return block


class ViTSAM(PlainTransformer):
    """The image encoder of Segment Anything.

    Args:
        arch: A name of `ARCHS`, or a dict with the keys `SAM_KEYS`.
        img_size: Image size that positions are made for [px]; others resize them on the fly.
        patch_size: Patch size [px].
        in_channels: Channels of the images.
        out_channels: Channels after the reduction of every output; 0 for no reduction.
        out_indices: Layers whose outputs are returned; negative counts from the end.
        out_type: 'raw' or 'featmap' `(B, C, H, W)`, 'avg_featmap' `(B, C)`.
        drop_rate: Dropout after the position embedding and in the feed-forward layers, in [0, 1).
        drop_path_rate: Rate of stochastic depth of the last feed-forward layer, rising from 0, in
            [0, 1).
        qkv_bias: Whether query, key and value have a bias.
        use_abs_pos: Whether there is a position embedding.
        use_rel_pos: Whether the layers have biases for relative positions.
        window_size: Side of the windows [patches]; 0 for none.
        norm_cfg: Norm layers; `requires_grad`.
        frozen_stages: From 1 on: the embedding and this many layers get no gradient, and the
            reduction when all do. Eval mode is set once, on construction.
        interpolate_mode: How position embeddings are resized.
        patch_cfg: Options of the patch embedding, see `PatchEmbedding`.
        layer_cfgs: For all layers, or for each, what differs from the arguments here, and
            `num_heads`, `feedforward_channels`, `num_fcs`, `act_cfg`.
        init_cfg: See `InitModule`; torch's start values by default.

    Raises:
        ValueError: If a value is out of range.

    From: mmpretrain 1.2 `ViTSAM`, which cannot be initialized with `use_abs_pos=False`; here it
    can.
    """

    num_pos_tokens = 0
    num_extra_tokens = 0

    timm_head = "head.fc"

    def __init__(
        self,
        arch: str | Mapping[str, Any] = "base",
        img_size: int | tuple[int, int] = 224,
        patch_size: int | tuple[int, int] = 16,
        in_channels: int = 3,
        out_channels: int = 256,
        out_indices: int | Sequence[int] = -1,
        out_type: Literal["raw", "featmap", "avg_featmap"] = "raw",
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        qkv_bias: bool = True,
        use_abs_pos: bool = True,
        use_rel_pos: bool = True,
        window_size: int = 14,
        norm_cfg: Mapping[str, Any] = LAYER_NORM,
        frozen_stages: int = -1,
        interpolate_mode: str = "bicubic",
        patch_cfg: Mapping[str, Any] = MappingProxyType({}),
        layer_cfgs: Mapping[str, Any] | Sequence[Mapping[str, Any]] = MappingProxyType({}),
        init_cfg: InitCfg = None,
    ) -> None:
        check_out_type(out_type, False, OUT_TYPES)
        numbers = find_arch(arch, ARCHS, SAM_KEYS)
        width, depth = numbers["embed_dims"], numbers["num_layers"]
        common = {
            "num_heads": numbers["num_heads"],
            "feedforward_channels": numbers["feedforward_channels"],
            "drop_rate": drop_rate,
            "num_fcs": 2,
            "qkv_bias": qkv_bias,
            "act_cfg": GELU,
            "norm_cfg": norm_cfg,
            "use_rel_pos": use_rel_pos,
            "window_size": None,
        }
        layers = spread_layers(layer_cfgs, common, depth, drop_path_rate)
        for index, options in enumerate(layers):
            if options["window_size"] is None:
                is_global = index in numbers["global_attn_indexes"]
                options["window_size"] = 0 if is_global else window_size
        patch_options = {"kernel_size": patch_size, "stride": patch_size}
        patches = PatchEmbedding(in_channels, width, patch_cfg, patch_options)
        grid = patches.grid(img_size)
        network = TokenNetwork(
            patches,
            [make_block(width, options, grid) for options in layers],
            width,
            num_positions=0,
            tokens=(),
            drop_rate=drop_rate,
            norms={},
        )
        if use_abs_pos:
            network.pos_embed = nn.Parameter(torch.zeros(1, *grid, width))
        network.neck = _make_neck(width, out_channels) if out_channels else nn.Identity()
        super().__init__(
            network,
            img_size=img_size,
            out_indices=out_indices,
            out_type=out_type,
            interpolate_mode=interpolate_mode,
            frozen_stages=frozen_stages,
            init_cfg=init_cfg,
        )
        self.name_rules = (NECK_RULE, *name_rules(["origin"] * depth))

    def embed(self, patches: Tensor) -> Tensor:
        """Add positions to patches `(B, H, W, C)`; the shape stays."""
        net, (rows, columns) = self.network, patches.shape[1:3]
        if net.pos_embed is None:
            return patches
        positions = self._resize(net.pos_embed, self.grid, (rows, columns))
        embedded: Tensor = net.pos_drop(patches + positions)
        return embedded

    def _resize(self, positions: Tensor, src: Sequence[int], dst: Sequence[int]) -> Tensor:
        # (1, H, W, C) -> (1, H * W, C) -> (1, H', W', C)
        flat = resize_pos_embed(positions.flatten(1, 2), src, dst, self.interpolate_mode, 0)
        return flat.reshape(1, *dst, -1)

    def format(self, x: Tensor, grid: Sequence[int]) -> Tensor:
        """Turn patches `(B, H, W, C)` into the output."""
        reduced: Tensor = self.network.neck(x.permute(0, 3, 1, 2))  # -> (B, C, H, W)
        # (B, C, H, W) -> (B, C)
        return reduced.flatten(2).mean(dim=2) if self.out_type == "avg_featmap" else reduced

    def frozen_parts(self) -> Sequence[nn.Module]:
        """Return the embedding and the first layers; the reduction too when all are frozen."""
        parts = super().frozen_parts()
        is_all = self.frozen_stages == len(self.network.blocks)
        return [*parts, self.network.neck] if is_all else parts

    def fit_state(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """Resize positions of a checkpoint; see `mmlight.weights.load`."""
        own = dict(self.named_parameters())
        fitted = dict(state)
        for name in own.keys() & state.keys():
            value = state[name]
            if name == "network.pos_embed" and value.ndim == 4:
                fitted[name] = self._resize(value, value.shape[1:3], self.grid)
            elif ".rel_pos_" in name and len(value) != len(own[name]):
                # (L, C) -> (1, C, L) -> (L', C)
                lines = value.T[None]
                fitted[name] = functional.interpolate(lines, len(own[name]), mode="linear")[0].T
        return fitted

    def init_children(self, init: Callable[[nn.Module], None]) -> None:
        """Keep torch's start values of the layers."""


def _make_neck(width: int, channels: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(width, channels, 1, bias=False),
        LayerNorm2d(channels, eps=1e-6),
        nn.Conv2d(channels, channels, 3, padding=1, bias=False),
        LayerNorm2d(channels, eps=1e-6),
    )

"""BEiT: a Vision Transformer with biases for relative positions."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Literal

from timm.models.beit import Block, RelativePositionBias
from torch import Tensor, nn

from mmlight.models.backbones.base.plain_transformer import PlainTransformer, name_rules
from mmlight.models.backbones.vision_transformer import LAYER_NORM, OutType
from mmlight.models.initialize import InitCfg
from mmlight.models.layers.defaults import GELU
from mmlight.models.layers.drop_path import DropPath
from mmlight.models.layers.norm import freeze_norms, norm_layer, norm_maker
from mmlight.models.layers.patch_embedding import PatchEmbedding
from mmlight.models.layers.position import fit_bias_table
from mmlight.models.layers.tokens import check_out_type
from mmlight.models.networks.vit import (
    TokenNetwork,
    get_arch,
    init_mlp,
    make_mlp,
    spread_layers,
)
from mmlight.models.options import take_options
from mmlight.models.trunc_normal import trunc_normal_

TABLE: Final = "relative_position_bias_table"
INDEX: Final = "relative_position_index"
SHARED: Final = "rel_pos_bias."
BIASES: Final = ("qv_bias", True, False)
NO_DISTANCE: Final = 3
"""Entries of a table for the class token: from it, to it, and to itself."""


def make_block(
    width: int, options: Mapping[str, Any], grid: tuple[int, int], *, drops_ffn_twice: bool
) -> Any:
    """Make one layer.

    Args:
        width: Channels.
        options: As `layer_cfgs` of `BEiTViT` gives them.
        grid: Rows and columns of patches.
        drops_ffn_twice: Whether the feed-forward part has stochastic depth twice.

    Raises:
        ValueError: If an option is not supported.
    """
    # attn_drop_rate and drop_rate of a layer do not reach the original's attention
    known = {"attn_drop_rate": 0.0, "proj_drop_rate": 0.0, "bias": options["bias"]}
    attn = take_options(options["attn_cfg"], known, "layer_cfgs attn_cfg")
    take_options(options["ffn_cfg"], {"add_identity": False}, "layer_cfgs ffn_cfg")
    if options["ffn_cfg"].get("add_identity", True):
        raise ValueError(
            f"layer_cfgs ffn_cfg must have add_identity=False, got {options['ffn_cfg']}"
        )
    if attn["bias"] not in BIASES:
        raise ValueError(f"bias must be one of {BIASES}, got {attn['bias']!r}")
    scale, rate = options["layer_scale_init_value"], options["drop_path_rate"]
    block: Any = Block(
        width,
        options["num_heads"],
        qkv_bias=attn["bias"] == "qv_bias",
        mlp_ratio=1.5 / width,  # one channel, replaced below: timm's width comes from a ratio
        proj_drop=attn["proj_drop_rate"],
        attn_drop=attn["attn_drop_rate"],
        init_values=scale if scale > 0 else None,
        norm_layer=norm_layer(options["norm_cfg"]),  # type: ignore[arg-type]
        window_size=grid if options["use_rel_pos_bias"] else None,
    )
    if attn["bias"] is True:
        block.attn.qkv = nn.Linear(width, 3 * width)
    block.mlp = make_mlp(width, options)
    freeze_norms(block, options["norm_cfg"])
    del block.drop_path1, block.drop_path2
    drop = DropPath(rate)
    block.drop_path2 = nn.Sequential(DropPath(rate), drop) if drops_ffn_twice else drop
    block.drop_path1 = drop
    return block


class BEiTViT(PlainTransformer):
    """BEiT, BEiT v2, and the EVA of the same layers.

    Args:
        arch: A name of `networks.vit.ARCHS`, or a dict with the keys `ARCH_KEYS`.
        img_size: Image size [px]; with relative positions no other size can be computed.
        patch_size: Patch size [px].
        in_channels: Channels of the images.
        out_indices: Layers whose outputs are returned; negative counts from the end.
        drop_rate: Dropout after the position embedding and in the feed-forward layers, in [0, 1).
        drop_path_rate: Rate of stochastic depth of the last layer, rising from 0, in [0, 1).
        bias: 'qv_bias' gives query and value a bias, True all three, False none.
        norm_cfg: Norm layers; `requires_grad`.
        final_norm: Whether the last layer's output is normalized.
        out_type: 'cls_token' `(B, C)`, 'featmap' `(B, C, H, W)`, 'avg_featmap' `(B, C)` or 'raw'
            `(B, L, C)`.
        with_cls_token: Whether there is a class token; relative positions need it.
        frozen_stages: From 1 on: the embedding and this many layers get no gradient. Eval mode is
            set once, on construction.
        use_abs_pos_emb: Whether there is a position embedding.
        use_rel_pos_bias: Whether each layer has a table of biases for relative positions.
        use_shared_rel_pos_bias: Whether all layers have one such table together.
        layer_scale_init_value: Start value of a learned factor per channel; 0 for none.
        interpolate_mode: How position embeddings are resized.
        patch_cfg: Options of the patch embedding, see `PatchEmbedding`.
        layer_cfgs: For all layers, or for each, what differs from the arguments here, and
            `num_heads`, `feedforward_channels`, `num_fcs`, `act_cfg`, and `attn_cfg` with
            `attn_drop_rate`, `proj_drop_rate`, `bias`. Its own `attn_drop_rate` has no effect, as
            in the original.
        init_cfg: See `InitModule`; torch's start values by default.
        drops_ffn_twice: Whether stochastic depth is applied to the feed-forward layers twice, each
            time with the layer's rate. That is what the original does; the paper has it once.

    Raises:
        ValueError: If a value is out of range.

    From: mmpretrain 1.2 `BEiTViT`.
    """

    def __init__(
        self,
        arch: str | Mapping[str, int] = "base",
        img_size: int | tuple[int, int] = 224,
        patch_size: int | tuple[int, int] = 16,
        in_channels: int = 3,
        out_indices: int | Sequence[int] = -1,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        bias: Literal["qv_bias"] | bool = "qv_bias",
        norm_cfg: Mapping[str, Any] = LAYER_NORM,
        final_norm: bool = False,
        out_type: OutType = "avg_featmap",
        with_cls_token: bool = True,
        frozen_stages: int = -1,
        use_abs_pos_emb: bool = False,
        use_rel_pos_bias: bool = True,
        use_shared_rel_pos_bias: bool = False,
        interpolate_mode: str = "bicubic",
        layer_scale_init_value: float = 0.1,
        patch_cfg: Mapping[str, Any] = MappingProxyType({}),
        layer_cfgs: Mapping[str, Any] | Sequence[Mapping[str, Any]] = MappingProxyType({}),
        init_cfg: InitCfg = None,
        *,
        drops_ffn_twice: bool = True,
    ) -> None:
        check_out_type(out_type, with_cls_token)
        if use_rel_pos_bias and use_shared_rel_pos_bias:
            raise ValueError(
                "use_shared_rel_pos_bias must be False with use_rel_pos_bias, got True"
            )
        if (use_rel_pos_bias or use_shared_rel_pos_bias) and not with_cls_token:
            raise ValueError("with_cls_token must be True with relative positions, got False")
        width, depth, heads, hidden = get_arch(arch)
        common = {
            "num_heads": heads,
            "feedforward_channels": hidden,
            "layer_scale_init_value": layer_scale_init_value,
            "use_rel_pos_bias": use_rel_pos_bias,
            "drop_rate": drop_rate,
            "attn_drop_rate": 0.0,
            "num_fcs": 2,
            "bias": bias,
            "act_cfg": GELU,
            "norm_cfg": norm_cfg,
            "attn_cfg": {},
            "ffn_cfg": {"add_identity": False},
        }
        layers = spread_layers(layer_cfgs, common, depth, drop_path_rate)
        patch_options = {"kernel_size": patch_size, "stride": patch_size}
        patches = PatchEmbedding(in_channels, width, patch_cfg, patch_options)
        grid = patches.grid(img_size)
        tokens = ("cls_token",) if with_cls_token else ()
        blocks = [
            make_block(width, options, grid, drops_ffn_twice=drops_ffn_twice) for options in layers
        ]
        network = TokenNetwork(
            patches,
            blocks,
            width,
            num_positions=grid[0] * grid[1] + len(tokens) if use_abs_pos_emb else 0,
            tokens=tokens,
            drop_rate=drop_rate,
            norms={
                "norm": norm_maker(norm_cfg)(width) if final_norm else None,
                "fc_norm": norm_maker(norm_cfg)(width) if out_type == "avg_featmap" else None,
            },
        )
        shared = RelativePositionBias(grid, heads) if use_shared_rel_pos_bias else None
        network.add_module("rel_pos_bias", shared)
        super().__init__(
            network,
            img_size=img_size,
            out_indices=out_indices,
            out_type=out_type,
            interpolate_mode=interpolate_mode,
            frozen_stages=frozen_stages,
            init_cfg=init_cfg,
        )
        self.name_rules = name_rules(["origin"] * depth)
        self.num_pos_tokens = self.num_extra_tokens = len(tokens)

    def context(self, grid: Sequence[int]) -> tuple[Any, ...]:
        """Return the biases that all layers share, `(heads, L, L)`, or None."""
        shared = self.network.rel_pos_bias
        return (None if shared is None else shared(),)

    def mm_constants(self) -> dict[str, Tensor]:
        """Return the places of all distances in the tables."""
        owners = {f"layers.{i}.attn.": block.attn for i, block in enumerate(self.network.blocks)}
        owners[SHARED] = self.network.rel_pos_bias
        return {
            prefix + INDEX: owner.relative_position_index
            for prefix, owner in owners.items()
            if owner is not None and owner.relative_position_index is not None
        }

    def fit_state(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """Resize positions of a checkpoint, and give a shared table to layers with their own."""
        state = super().fit_state(state)
        own = {name: value for name, value in self.named_parameters() if name.endswith(TABLE)}
        if self.network.rel_pos_bias is None:
            state.pop(SHARED + INDEX, None)
            for shared in (SHARED + TABLE, f"network.{SHARED}{TABLE}"):
                if own and shared in state:
                    state |= dict.fromkeys(own, state.pop(shared))
        for name in own.keys() & state.keys():
            state[name] = fit_bias_table(state[name], len(own[name]), NO_DISTANCE)
        return state

    def init_children(self, init: Callable[[nn.Module], None]) -> None:
        """Draw the tables of the layers, and fill the feed-forward layers by Glorot's rule."""
        for block in self.network.blocks:
            if block.attn.relative_position_bias_table is not None:
                trunc_normal_(block.attn.relative_position_bias_table, std=0.02)
            init_mlp(block.mlp)

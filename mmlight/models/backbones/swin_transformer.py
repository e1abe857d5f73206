"""The Swin Transformer on timm's layers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from torch import Tensor, nn

from mmlight.models.backbones.base.pyramid_backbone import PyramidBackbone, add_norms, split_rates
from mmlight.models.initialize import InitCfg
from mmlight.models.layers.defaults import LAYER_NORM
from mmlight.models.layers.patch_embedding import PatchEmbedding
from mmlight.models.layers.position import fit_bias_table, fit_pos_embed, resize_pos_embed
from mmlight.models.networks.swin import (
    EMPTY,
    STAGE,
    SwinBlock,
    SwinNetwork,
    SwinStage,
    build_blocks,
    build_merging,
)
from mmlight.models.options import Options, find_arch, name_archs, spread_options, take_options
from mmlight.models.trunc_normal import trunc_normal_
from mmlight.weights.name_map import NameRule, TensorTransform

ARCH_KEYS: Final = ("embed_dims", "depths", "num_heads")
ARCHS: Final = name_archs(
    ARCH_KEYS,
    {
        ("t", "tiny"): (96, (2, 2, 6, 2), (3, 6, 12, 24)),
        ("s", "small"): (96, (2, 2, 18, 2), (3, 6, 12, 24)),
        ("b", "base"): (128, (2, 2, 18, 2), (4, 8, 16, 32)),
        ("l", "large"): (192, (2, 2, 18, 2), (6, 12, 24, 48)),
    },
)
"""Names of an architecture -> channels of the first stage, blocks and heads per stage."""


def merge_to_mm(value: Tensor) -> Tensor:
    """Turn timm's order of the four merged vectors (columns, rows, C) into (C, rows, columns)."""
    # (..., 4 * C) -> (..., 2, 2, C) -> (..., C, 2, 2) -> (..., 4 * C)
    parts = value.reshape(*value.shape[:-1], 2, 2, -1)
    return parts.movedim((-1, -2, -3), (-3, -2, -1)).flatten(-3)


def merge_to_ours(value: Tensor) -> Tensor:
    """Undo `merge_to_mm`."""
    # (..., 4 * C) -> (..., C, 2, 2) -> (..., 2, 2, C) -> (..., 4 * C)
    parts = value.reshape(*value.shape[:-1], -1, 2, 2)
    return parts.movedim((-3, -2, -1), (-1, -2, -3)).flatten(-3)


MERGE: Final = TensorTransform(merge_to_mm, merge_to_ours)
BLOCK_RULES: Final = (
    NameRule(r"network\.layers\.(\d+)\.(blocks\.\d+\.attn)\.(.+)", r"stages.\1.\2.w_msa.\3"),
    NameRule(
        r"network\.layers\.(\d+)\.(blocks\.\d+)\.mlp\.fc1\.(.+)", r"stages.\1.\2.ffn.layers.0.0.\3"
    ),
    NameRule(
        r"network\.layers\.(\d+)\.(blocks\.\d+)\.mlp\.fc2\.(.+)", r"stages.\1.\2.ffn.layers.1.\3"
    ),
    NameRule(r"network\.layers\.(\d+)\.(blocks\..+)", r"stages.\1.\2"),
    NameRule(r"network\.patch_embed\.proj\.(.+)", r"patch_embed.projection.\1"),
)


def name_rules(count: int) -> tuple[NameRule, ...]:
    """Return the rules for `count` stages; the originals merge at the end of a stage."""
    merging = (
        NameRule(rf"network\.layers\.{i + 1}\.(downsample\..+)", rf"stages.{i}.\1", MERGE)
        for i in range(count - 1)
    )
    last = NameRule(r"network\.norm\.(.+)", rf"norm{count - 1}.\1")
    return (*BLOCK_RULES, *merging, last, NameRule(r"network\.(.+)", r"\1"))


class SwinBackbone(PyramidBackbone):
    """What both versions of Swin share: the embedding of patches and the norms of the outputs.

    Args:
        layers: The stages.
        width: Channels of the first stage.
        out_channels: Channels of the output of each stage.
        **kwargs: See `SwinTransformer`.
    """

    timm_head = "head.fc"

    def __init__(
        self,
        layers: Sequence[SwinStage],
        width: int,
        out_channels: Sequence[int],
        *,
        img_size: int | tuple[int, int],
        patch_size: int,
        in_channels: int,
        patch_cfg: Options,
        norm_cfg: Mapping[str, Any] | None,
        drop_rate: float,
        use_abs_pos_embed: bool,
        interpolate_mode: str,
        out_indices: Sequence[int],
        **kwargs: Any,
    ) -> None:
        defaults = {"kernel_size": patch_size, "stride": patch_size, "norm_cfg": LAYER_NORM}
        patch_embed = PatchEmbedding(in_channels, width, patch_cfg, defaults)
        grid = patch_embed.grid(img_size)
        network = SwinNetwork(patch_embed, grid if use_abs_pos_embed else None, drop_rate, layers)
        add_norms(network, out_channels, out_indices, norm_cfg, self.last_norm)
        super().__init__(network, out_indices=out_indices, **kwargs)
        self.grid = grid
        self.interpolate_mode = interpolate_mode

    def stem(self, images: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to vectors with their positions `(B, H', W', C')`."""
        net = self.network
        x: Tensor = net.patch_embed(images)
        if net.absolute_pos_embed is not None:
            size = (x.shape[1], x.shape[2])
            positions = resize_pos_embed(
                net.absolute_pos_embed, self.grid, size, self.interpolate_mode, 0
            )
            x = x + positions.reshape(1, *size, -1)  # (1, H * W, C) -> (1, H, W, C)
        dropped: Tensor = net.pos_drop(x)
        return dropped

    def mm_constants(self) -> dict[str, Tensor]:
        """Return the tables of relative positions, which the original saves."""
        return {
            f"stages.{stage}.blocks.{index}.attn.w_msa.{name}": getattr(block.attn, name)
            for stage, layer in enumerate(self.layers())
            for index, block in enumerate(layer.blocks)
            for name in ("relative_position_index", "relative_coords_table")
            if hasattr(block.attn, name)
        }

    def fit_state(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Fit a checkpoint's tables of positions to this size, and an old one's names.

        From: mmcls 0.25 and mmpretrain 1.2 `SwinTransformer`: its hooks for loading.
        """
        own = dict(self.named_parameters())
        fitted = {}
        for name, value in state.items():
            if name.endswith("relative_position_bias_table") and name in own:
                fitted[name] = fit_bias_table(value, len(own[name]))
            elif name == "network.absolute_pos_embed":
                fitted[name] = fit_pos_embed(value, self.grid, self.interpolate_mode, 0)
            elif name.startswith("norm."):  # in the first checkpoints the only norm
                fitted[f"network.{name}"] = value
            elif not name.endswith("attn_mask"):  # in the second, too, and always computed
                fitted[name] = value
        return fitted

    def init_extra(self) -> None:
        """Draw the position embedding, unless a checkpoint alone fills the weights."""
        if self.network.absolute_pos_embed is not None and not self.is_pretrained:
            trunc_normal_(self.network.absolute_pos_embed, std=0.02)


class SwinTransformer(SwinBackbone):
    """Swin Transformer.

    Args:
        arch: A name of `ARCHS`, or a dict with the keys `ARCH_KEYS`.
        img_size: Image size that the absolute position embedding is made for [px].
        patch_size: Patch size [px].
        in_channels: Channels of the images.
        window_size: Side of a window, in patches.
        drop_rate: Dropout behind the embedding, in [0, 1).
        drop_path_rate: Rate of stochastic depth of the last block, rising from 0, in [0, 1).
        out_indices: Stages whose outputs are returned, each with a norm of its own.
        out_after_downsample: Whether outputs are taken behind the merging that follows.
        use_abs_pos_embed: Whether there is an absolute position embedding.
        interpolate_mode: How it is resized for other image sizes.
        with_cp: Whether blocks are computed again in the backward pass instead of being stored.
        frozen_stages: -1 freezes nothing; n freezes the patch embedding and stages 0 to n.
        norm_eval: Whether batch norm stays in eval mode while training.
        pad_small_map: See `attend_in_windows`.
        norm_cfg: Norm of the outputs: `type` 'LN', `eps`; None for none.
        stage_cfgs: Options of all stages, or of each, see `STAGE`; its `block_cfgs` are arguments
            of `SwinBlock`.
        patch_cfg: Options of `PatchEmbedding`.
        init_cfg: See `InitModule`.

    Raises:
        ValueError: If a value is out of range or not supported.

    Examples:
        >>> arch = {"embed_dims": 8, "depths": [1, 2], "num_heads": [1, 2]}
        >>> import torch
        >>> backbone = SwinTransformer(arch, 32, window_size=4, out_indices=(0, 1))
        >>> [tuple(x.shape) for x in backbone(torch.rand(1, 3, 32, 32))]
        [(1, 8, 8, 8), (1, 16, 4, 4)]

    From: mmcls 0.25 and mmpretrain 1.2 `SwinTransformer`; patches are merged 2x2 only.
    """

    def __init__(
        self,
        arch: str | Mapping[str, Any] = "tiny",
        img_size: int | tuple[int, int] = 224,
        patch_size: int = 4,
        in_channels: int = 3,
        window_size: int = 7,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.1,
        out_indices: Sequence[int] = (3,),
        out_after_downsample: bool = False,
        use_abs_pos_embed: bool = False,
        interpolate_mode: str = "bicubic",
        with_cp: bool = False,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        pad_small_map: bool = False,
        norm_cfg: Mapping[str, Any] | None = LAYER_NORM,
        stage_cfgs: Options | Sequence[Options] = EMPTY,
        patch_cfg: Options = EMPTY,
        init_cfg: InitCfg = None,
    ) -> None:
        numbers = find_arch(arch, ARCHS, ARCH_KEYS)
        depths = numbers["depths"]
        widths = [numbers["embed_dims"] * 2**index for index in range(len(depths))]
        rates = split_rates(drop_path_rate, depths)
        layers: list[SwinStage] = []
        merging: nn.Module = nn.Identity()
        for index, given in enumerate(spread_options(stage_cfgs, len(depths), "stage_cfgs")):
            defaults = {
                **STAGE,
                "depth": depths[index],
                "num_heads": numbers["num_heads"][index],
                "window_size": window_size,
                "drop_paths": rates[index],
                "pad_small_map": pad_small_map,
                "with_cp": with_cp,
            }
            options = take_options(given, defaults, "stage_cfgs")
            layers.append(SwinStage(merging, build_blocks(SwinBlock, widths[index], options)))
            if index < len(depths) - 1:
                merging = build_merging(widths[index], options["downsample_cfg"])
        super().__init__(
            layers,
            widths[0],
            [*widths[1:], widths[-1]] if out_after_downsample else widths,
            img_size=img_size,
            patch_size=patch_size,
            in_channels=in_channels,
            patch_cfg=patch_cfg,
            norm_cfg=norm_cfg,
            drop_rate=drop_rate,
            use_abs_pos_embed=use_abs_pos_embed,
            interpolate_mode=interpolate_mode,
            out_indices=out_indices,
            out_after_downsample=out_after_downsample,
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            with_cp=with_cp,
            init_cfg=init_cfg,
        )
        self.name_rules = name_rules(len(depths))

    def init_children(self, init: Callable[[nn.Module], None]) -> None:
        """Draw the biases of relative positions."""
        for layer in self.layers():
            for block in layer.blocks:
                trunc_normal_(block.attn.relative_position_bias_table, std=0.02)

"""The Swin Transformer V2 on timm's layers."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from timm.models.swin_transformer import PatchMerging
from torch import nn

from mmlight.models.backbones.base.pyramid_backbone import split_rates
from mmlight.models.backbones.swin_transformer import BLOCK_RULES, MERGE, SwinBackbone
from mmlight.models.initialize import InitCfg
from mmlight.models.layers.defaults import LAYER_NORM
from mmlight.models.networks.swin import (
    EMPTY,
    STAGE_V2,
    SwinBlockV2,
    SwinStage,
    build_blocks,
    build_merging,
)
from mmlight.models.options import Options, find_arch, name_archs, spread_options, take_options
from mmlight.weights.name_map import NameRule

ARCH_KEYS: Final = ("embed_dims", "depths", "num_heads", "extra_norm_every_n_blocks")
ARCHS: Final = name_archs(
    ARCH_KEYS,
    {
        ("t", "tiny"): (96, (2, 2, 6, 2), (3, 6, 12, 24), 0),
        ("s", "small"): (96, (2, 2, 18, 2), (3, 6, 12, 24), 0),
        ("b", "base"): (128, (2, 2, 18, 2), (4, 8, 16, 32), 0),
        ("l", "large"): (192, (2, 2, 18, 2), (6, 12, 24, 48), 0),
        ("h", "huge"): (352, (2, 2, 18, 2), (8, 16, 32, 64), 6),
        ("g", "giant"): (512, (2, 2, 42, 4), (16, 32, 64, 128), 6),
    },
)
"""Names of an architecture -> its numbers, in the order of `ARCH_KEYS`."""


def name_rules(layers: Sequence[SwinStage]) -> tuple[NameRule, ...]:
    """Return the rules; a norm before the merging has the merged channels in another order."""
    merging = []
    for index, layer in enumerate(layers):
        if isinstance(layer.downsample, PatchMerging):
            mm, ours = rf"stages.{index}.\1", rf"network\.layers\.{index}\."
            merging.append(NameRule(ours + r"(downsample\.norm\..+)", mm, MERGE))
    return (
        *BLOCK_RULES,
        NameRule(r"network\.layers\.(\d+)\.(downsample\.reduction\..+)", r"stages.\1.\2", MERGE),
        *merging,
        NameRule(r"network\.layers\.(\d+)\.(downsample\.norm\..+)", r"stages.\1.\2"),
        NameRule(r"network\.norm\.(.+)", rf"norm{len(layers) - 1}.\1"),
        NameRule(r"network\.(.+)", r"\1"),
    )


class SwinTransformerV2(SwinBackbone):
    """Swin Transformer V2.

    Args:
        arch: A name of `ARCHS`, or a dict with the keys `ARCH_KEYS`.
        img_size: Image size that the absolute position embedding is made for [px].
        patch_size: Patch size [px].
        in_channels: Channels of the images.
        window_size: Side of a window, in patches, for all stages or each.
        drop_rate: Dropout behind the embedding, in [0, 1).
        drop_path_rate: Rate of stochastic depth of the last block, rising from 0, in [0, 1).
        out_indices: Stages whose outputs are returned, each with a norm of its own.
        use_abs_pos_embed: Whether there is an absolute position embedding.
        interpolate_mode: How it is resized for other image sizes.
        with_cp: Whether blocks are computed again in the backward pass instead of being stored.
        frozen_stages: -1 freezes nothing; n freezes the patch embedding and stages 0 to n.
        norm_eval: Whether batch norm stays in eval mode while training.
        pad_small_map: See `attend_in_windows`.
        norm_cfg: Norm of the outputs: `type` 'LN', `eps`; None for none.
        stage_cfgs: Options of all stages, or of each, see `STAGE_V2`; its `block_cfgs` are
            arguments of `SwinBlockV2`, its `downsample_cfg` those of `build_merging`.
        patch_cfg: Options of `PatchEmbedding`.
        pretrained_window_sizes: Windows that the position biases were trained for; 0 for
            `window_size`.
        init_cfg: See `InitModule`.
        drop_normalized: Where stochastic depth acts. False is the originals' way: before the norm
            that ends a branch, so that a dropped branch still adds the norm's bias. True is the
            paper's: behind the norm. Outputs in eval mode do not depend on it.

    Raises:
        ValueError: If a value is out of range or not supported.

    From: mmcls 0.25 and mmpretrain 1.2 `SwinTransformerV2`; patches are merged 2x2 only.
    """

    downsamples_first = True

    def __init__(
        self,
        arch: str | Mapping[str, Any] = "tiny",
        img_size: int | tuple[int, int] = 256,
        patch_size: int = 4,
        in_channels: int = 3,
        window_size: int | Sequence[int] = 8,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.1,
        out_indices: Sequence[int] = (3,),
        use_abs_pos_embed: bool = False,
        interpolate_mode: str = "bicubic",
        with_cp: bool = False,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        pad_small_map: bool = False,
        norm_cfg: Mapping[str, Any] | None = LAYER_NORM,
        stage_cfgs: Options | Sequence[Options] = EMPTY,
        patch_cfg: Options = EMPTY,
        pretrained_window_sizes: Sequence[int] = (0, 0, 0, 0),
        init_cfg: InitCfg = None,
        *,
        drop_normalized: bool = False,
    ) -> None:
        numbers = find_arch(arch, ARCHS, ARCH_KEYS)
        depths = numbers["depths"]
        windows = [window_size] * len(depths) if isinstance(window_size, int) else window_size
        if len(windows) != len(depths):
            raise ValueError(f"window_size must have {len(depths)} entries, got {window_size}")
        widths = [numbers["embed_dims"] * 2**index for index in range(len(depths))]
        rates = split_rates(drop_path_rate, depths)
        layers: list[SwinStage] = []
        for index, given in enumerate(spread_options(stage_cfgs, len(depths), "stage_cfgs")):
            defaults = {
                **STAGE_V2,
                "depth": depths[index],
                "num_heads": numbers["num_heads"][index],
                "window_size": windows[index],
                "drop_paths": rates[index],
                "pad_small_map": pad_small_map,
                "with_cp": with_cp,
                "extra_norm_every_n_blocks": numbers["extra_norm_every_n_blocks"],
                "pretrained_window_size": pretrained_window_sizes[index],
                "downsample_cfg": {"use_post_norm": True},
            }
            options = take_options(given, defaults, "stage_cfgs")
            common = {"drop_normalized": drop_normalized}
            merging: nn.Module = nn.Identity()
            if index:
                merging = build_merging(widths[index - 1], options["downsample_cfg"])
            blocks = build_blocks(SwinBlockV2, widths[index], options, common)
            layers.append(SwinStage(merging, blocks))
        super().__init__(
            layers,
            widths[0],
            widths,
            img_size=img_size,
            patch_size=patch_size,
            in_channels=in_channels,
            patch_cfg=patch_cfg,
            norm_cfg=norm_cfg,
            drop_rate=drop_rate,
            use_abs_pos_embed=use_abs_pos_embed,
            interpolate_mode=interpolate_mode,
            out_indices=out_indices,
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            with_cp=with_cp,
            init_cfg=init_cfg,
        )
        self.name_rules = name_rules(self.layers())

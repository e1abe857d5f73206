"""DaViT, on the blocks of timm."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from torch import Tensor, nn

from mmlight.models.backbones.base.pyramid_backbone import PyramidBackbone, add_norms, split_rates
from mmlight.models.initialize import InitCfg
from mmlight.models.layers.defaults import LAYER_NORM
from mmlight.models.networks.davit import (
    STAGE,
    DaViTNetwork,
    Downsample,
    Stem,
    build_blocks,
)
from mmlight.models.networks.swin import EMPTY, SwinStage
from mmlight.models.options import (
    Options,
    find_arch,
    name_archs,
    spread_options,
    take_options,
)
from mmlight.weights.name_map import NameRule

ARCH_KEYS: Final = ("embed_dims", "depths", "num_heads")
ARCHS: Final = name_archs(
    ARCH_KEYS,
    {
        ("t", "tiny"): (96, (1, 1, 3, 1), (3, 6, 12, 24)),
        ("s", "small"): (96, (1, 1, 9, 1), (3, 6, 12, 24)),
        ("b", "base"): (128, (1, 1, 9, 1), (4, 8, 16, 32)),
        ("l", "large"): (192, (1, 1, 9, 1), (6, 12, 24, 48)),
        ("h", "huge"): (256, (1, 1, 9, 1), (8, 16, 32, 64)),
        ("g", "giant"): (384, (1, 1, 12, 3), (12, 24, 48, 96)),
    },
)
"""Names of an architecture -> channels of the first stage, blocks and heads per stage."""
BLOCK: Final = r"network\.stages\.(\d+)\.blocks\.(\d+)\."


def name_rules(count: int) -> tuple[NameRule, ...]:
    """Return the rules for `count` stages; the originals downsample at the end of a stage."""
    blocks = []
    for place, kind, attention in ((0, "spatial", r"attn.w_msa"), (1, "channel", "attn")):
        ours, mm = rf"{BLOCK}{place}\.", rf"stages.\1.blocks.\2.{kind}_block."
        blocks += [
            NameRule(ours + r"mlp\.fc1\.(.+)", mm + r"ffn.layers.0.0.\3"),
            NameRule(ours + r"mlp\.fc2\.(.+)", mm + r"ffn.layers.1.\3"),
            NameRule(ours + r"attn\.(.+)", mm + attention + r".\3"),
            NameRule(ours + r"(.+)", mm + r"\3"),
        ]
    downsampling = [
        NameRule(rf"network\.stages\.{i + 1}\.downsample\.{name}\.(.+)", mm.format(i))
        for i in range(count - 1)
        for name, mm in (
            ("conv", r"stages.{}.downsample.projection.\1"),
            ("norm", r"stages.{}.downsample.norm.\1"),
        )
    ]
    return (
        NameRule(r"network\.stem\.conv\.(.+)", r"patch_embed.projection.\1"),
        NameRule(r"network\.stem\.norm\.(.+)", r"patch_embed.norm.\1"),
        *blocks,
        *downsampling,
        NameRule(r"network\.norm_pre\.(.+)", rf"norm{count - 1}.\1"),
        NameRule(r"network\.(norm\d\..+)", r"\1"),
    )


class DaViT(PyramidBackbone):
    """DaViT, a transformer with attention over places and over channels.

    Args:
        arch: A name of `ARCHS`, or a dict with the keys `ARCH_KEYS`.
        patch_size: Step of the patches [px].
        in_channels: Channels of the images.
        window_size: Side of a window, in patches.
        ffn_ratio: Inner channels of the feed-forward layers over outer ones.
        qkv_bias: Whether query, key and value have a bias.
        drop_path_rate: Rate of stochastic depth of the last block, rising from 0, in [0, 1).
        out_after_downsample: Whether outputs are taken behind the downsampling that follows.
        pad_small_map: No effect: maps smaller than a window are always padded, where the original
            refuses them without this argument.
        norm_cfg: Norm of the outputs: `type` 'LN', `eps`; None for none.
        stage_cfgs: Options of all stages, or of each, see `STAGE`; its `block_cfgs` are arguments
            of `DualBlock`, its `downsample_cfg` the `norm_cfg` of `Downsample`.
        frozen_stages: -1 freezes nothing; n freezes the patch embedding and stages 0 to n.
        norm_eval: Whether batch norm stays in eval mode while training.
        out_indices: Stages whose outputs are returned, each with a norm of its own.
        with_cp: Whether blocks are computed again in the backward pass instead of being stored.
        init_cfg: See `InitModule`; torch's start values by default.

    Raises:
        ValueError: If a value is out of range or not supported.

    From: mmpretrain 1.2 `DaViT`.
    """

    timm_head = "head.fc"
    last_norm = "norm_pre"

    def __init__(
        self,
        arch: str | Mapping[str, Any] = "t",
        patch_size: int = 4,
        in_channels: int = 3,
        window_size: int = 7,
        ffn_ratio: float = 4.0,
        qkv_bias: bool = True,
        drop_path_rate: float = 0.1,
        out_after_downsample: bool = False,
        pad_small_map: bool = False,
        norm_cfg: Mapping[str, Any] | None = LAYER_NORM,
        stage_cfgs: Options | Sequence[Options] = EMPTY,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        out_indices: Sequence[int] = (3,),
        with_cp: bool = False,
        init_cfg: InitCfg = None,
    ) -> None:
        numbers = find_arch(arch, ARCHS, ARCH_KEYS)
        depths = numbers["depths"]
        widths = [numbers["embed_dims"] * 2**index for index in range(len(depths))]
        rates = split_rates(drop_path_rate, depths)
        stages: list[SwinStage] = []
        downsample: nn.Module = nn.Identity()
        for index, given in enumerate(spread_options(stage_cfgs, len(depths), "stage_cfgs")):
            defaults = {
                "depth": depths[index],
                "num_heads": numbers["num_heads"][index],
                "window_size": window_size,
                "ffn_ratio": ffn_ratio,
                "qkv_bias": qkv_bias,
                "drop_paths": rates[index],
                "pad_small_map": pad_small_map,
                "with_cp": with_cp,
            }
            options = take_options(given, {**STAGE, **defaults}, "stage_cfgs")
            stages.append(SwinStage(downsample, build_blocks(widths[index], options)))
            if index < len(depths) - 1:
                known = {"norm_cfg": LAYER_NORM}
                taken = take_options(options["downsample_cfg"], known, "downsample_cfg")
                downsample = Downsample(widths[index], taken["norm_cfg"])
        network = DaViTNetwork(Stem(in_channels, widths[0], patch_size), stages)
        out_channels = [*widths[1:], widths[-1]] if out_after_downsample else widths
        add_norms(network, out_channels, out_indices, norm_cfg, self.last_norm)
        super().__init__(
            network,
            out_after_downsample=out_after_downsample,
            frozen_stages=frozen_stages,
            out_indices=out_indices,
            norm_eval=norm_eval,
            with_cp=with_cp,
            init_cfg=init_cfg,
        )
        self.name_rules = name_rules(len(depths))

    def stem(self, images: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to vectors `(B, H', W', C')`."""
        x: Tensor = self.network.stem(images)
        return x

    def layers(self) -> Sequence[Any]:
        """Return the stages."""
        stages: Sequence[Any] = self.network.stages
        return stages

    def patch_embedding(self) -> nn.Module:
        """Return the stem."""
        stem: nn.Module = self.network.stem
        return stem

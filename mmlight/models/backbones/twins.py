"""Twins: PCPVT, whose keys are pooled, and SVT, which attends in windows in turn."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from torch import Tensor, nn

from mmlight.models.backbones.base.pyramid_backbone import split_rates
from mmlight.models.backbones.base.staged_backbone import StagedBackbone
from mmlight.models.initialize import Constant, InitCfg, TruncNormal
from mmlight.models.layers.defaults import LAYER_NORM
from mmlight.models.layers.norm import norm_maker
from mmlight.models.layers.patch_embedding import PatchEmbedding
from mmlight.models.networks.twins import GroupAttention, PaddingMask, TwinsBlock, TwinsNetwork
from mmlight.models.options import Options, find_arch
from mmlight.weights.name_map import NameRule

_PATCHES: Final[Options] = {
    "patch_sizes": [4, 2, 2, 2],
    "strides": [4, 2, 2, 2],
    "sr_ratios": [8, 4, 2, 1],
}
_PCPVT: Final[Options] = {
    **_PATCHES,
    "embed_dims": [64, 128, 320, 512],
    "num_heads": [1, 2, 5, 8],
    "mlp_ratios": [8, 8, 4, 4],
}
_SVT: Final[Options] = {**_PATCHES, "mlp_ratios": [4, 4, 4, 4], "window_sizes": [7, 7, 7, 7]}
PCPVT_ARCHS: Final[Mapping[tuple[str, ...], Options]] = {
    ("s", "small"): {**_PCPVT, "depths": [3, 4, 6, 3]},
    ("b", "base"): {**_PCPVT, "depths": [3, 4, 18, 3]},
    ("l", "large"): {**_PCPVT, "depths": [3, 8, 27, 3]},
}
SVT_ARCHS: Final[Mapping[tuple[str, ...], Options]] = {
    names: {**_SVT, "embed_dims": widths, "depths": depths, "num_heads": heads}
    for names, widths, depths, heads in (
        (("s", "small"), [64, 128, 256, 512], [2, 2, 10, 4], [2, 4, 8, 16]),
        (("b", "base"), [96, 192, 384, 768], [2, 2, 18, 2], [3, 6, 12, 24]),
        (("l", "large"), [128, 256, 512, 1024], [2, 2, 18, 2], [4, 8, 16, 32]),
    )
}
"""Names of an architecture -> its numbers per stage."""
BLOCK: Final = r"network\.blocks\.(\d+\.\d+)\."


def name_rules(count: int) -> tuple[NameRule, ...]:
    """Return the rules for `count` stages."""
    return (
        NameRule(r"network\.(patch_embeds\.\d+)\.proj\.(.+)", r"\1.projection.\2"),
        NameRule(r"network\.pos_block\.(\d+)\.proj\.0\.(.+)", r"position_encodings.\1.proj.\2"),
        NameRule(BLOCK + r"mlp\.fc1\.(.+)", r"stages.\1.ffn.layers.0.0.\2"),
        NameRule(BLOCK + r"mlp\.fc2\.(.+)", r"stages.\1.ffn.layers.1.\2"),
        NameRule(BLOCK + r"(.+)", r"stages.\1.\2"),
        NameRule(r"network\.norm\.(.+)", rf"norm_after_stage{count - 1}.\1"),
        NameRule(r"network\.(.+)", r"\1"),
    )


class PCPVT(StagedBackbone):
    """Twins-PCPVT.

    Args:
        arch: A name of `PCPVT_ARCHS`, or a dict with their keys.
        in_channels: Channels of the images.
        out_indices: Stages whose outputs are returned.
        qkv_bias: Whether query, key and value have a bias.
        drop_rate: Dropout, in [0, 1).
        attn_drop_rate: Dropout of the attention weights, in [0, 1).
        drop_path_rate: Rate of stochastic depth of the last block, rising from 0, in [0, 1). As in
            the originals a branch is dropped twice by this rate (attention in windows once).
        norm_cfg: `type` 'LN', `eps`; the patch embeddings keep 1e-5.
        norm_after_stage: Whether a norm follows, for all stages or each.
        init_cfg: See `InitModule`; by default truncated normal for linear and normal by the
            fan-out for convolutional layers.

    Raises:
        ValueError: If the architecture or the number of `norm_after_stage` is wrong.

    From: mmcls 0.25 and mmpretrain 1.2 `PCPVT`.
    """

    archs: ClassVar[Mapping[tuple[str, ...], Options]] = PCPVT_ARCHS

    def __init__(
        self,
        arch: str | Mapping[str, Sequence[int]],
        in_channels: int = 3,
        out_indices: Sequence[int] = (3,),
        qkv_bias: bool = False,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        norm_cfg: Mapping[str, Any] = LAYER_NORM,
        norm_after_stage: bool | Sequence[bool] = False,
        init_cfg: InitCfg = None,
    ) -> None:
        numbers = find_arch(arch, self.archs, tuple(next(iter(self.archs.values()))))
        widths, depths = numbers["embed_dims"], numbers["depths"]
        count = len(depths)
        given = norm_after_stage
        has_norm = [given] * count if isinstance(given, bool) else list(given)
        if len(has_norm) != count:
            raise ValueError(f"norm_after_stage must have {count} entries, got {given}")
        windows = numbers.get("window_sizes")
        common: dict[str, Any] = {
            "qkv_bias": qkv_bias,
            "drop_rate": drop_rate,
            "attn_drop_rate": attn_drop_rate,
            "norm_cfg": norm_cfg,
        }
        blocks = [
            [
                TwinsBlock(
                    widths[stage],
                    numbers["num_heads"][stage],
                    numbers["mlp_ratios"][stage],
                    sr_ratio=None if windows and index % 2 == 0 else numbers["sr_ratios"][stage],
                    window_size=windows[stage] if windows else 0,
                    drop_path_rate=rate,
                    **common,
                )
                for index, rate in enumerate(rates)
            ]
            for stage, rates in enumerate(split_rates(drop_path_rate, depths))
        ]
        shapes = zip(numbers["patch_sizes"], numbers["strides"], strict=True)
        embeds = [
            PatchEmbedding(
                before,
                width,
                {"kernel_size": kernel, "stride": stride, "norm_cfg": LAYER_NORM},
            )
            for before, width, (kernel, stride) in zip(
                [in_channels, *widths[:-1]], widths, shapes, strict=True
            )
        ]
        network = TwinsNetwork(embeds, blocks, drop_rate)
        for index, width in enumerate(widths):
            norm = norm_maker(norm_cfg)(width) if has_norm[index] else nn.Identity()
            network.add_module(norm_name(index, count), norm)
        super().__init__(network, out_indices=out_indices, init_cfg=init_cfg)
        self.name_rules = name_rules(count)

    def stem(self, images: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to the vectors of the first stage `(B, H', W', C')`."""
        patches: Tensor = self.network.patch_embeds[0](images)
        return patches

    def stages(self) -> Sequence[Sequence[nn.Module]]:
        """Return the blocks of each stage."""
        return [list(blocks) for blocks in self.network.blocks]

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map images `(B, C, H, W)` to one `(B, C, H, W)` per entry of `out_indices`."""
        net, x, outputs = self.network, images, []
        for index, blocks in enumerate(net.blocks):
            patches = net.patch_embeds[index](x)  # (B, H, W, C)
            size = (patches.shape[1], patches.shape[2])
            tokens = net.pos_drops[index](patches.flatten(1, 2))  # (B, H, W, C) -> (B, H * W, C)
            for place, block in enumerate(blocks):
                tokens = block(tokens, size)
                if place == 0:
                    tokens = net.pos_block[index](tokens, size)
            tokens = getattr(net, norm_name(index, len(net.blocks)))(tokens)
            # (B, H * W, C) -> (B, C, H * W) -> (B, C, H, W)
            x = tokens.transpose(1, 2).unflatten(2, size).contiguous()
            if index in self.out_indices:
                outputs.append(x)
        return tuple(outputs)

    def init_extra(self) -> None:
        """Draw all layers where no `init_cfg` says how."""
        if self.init_cfg:
            return
        TruncNormal(std=0.02, layer="Linear")(self)
        Constant(1.0, layer=("LayerNorm", "_BatchNorm", "GroupNorm"))(self)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                fan_out = math.prod(layer.kernel_size) * layer.out_channels // layer.groups
                nn.init.normal_(layer.weight, std=math.sqrt(2.0 / fan_out))
                layer.bias.data.zero_()  # type: ignore[union-attr]


class SVT(PCPVT):
    """Twins-SVT.

    Args:
        arch: A name of `SVT_ARCHS`, or a dict with their keys.
        *args: Arguments of `PCPVT`.
        padding_mask: When attention is kept from padding, on maps that are no whole windows:
            'both' where rows and columns are padded, as in the originals, whose mask has no effect
            where only one is; 'any' always, as is right.
        **kwargs: Arguments of `PCPVT`.

    From: mmcls 0.25 and mmpretrain 1.2 `SVT`.
    """

    archs = SVT_ARCHS

    def __init__(
        self,
        arch: str | Mapping[str, Sequence[int]],
        *args: Any,
        padding_mask: PaddingMask = "both",
        **kwargs: Any,
    ) -> None:
        super().__init__(arch, *args, **kwargs)
        for layer in self.modules():
            if isinstance(layer, GroupAttention):
                layer.padding_mask = padding_mask


def norm_name(index: int, count: int) -> str:
    """Return the name of the norm behind stage `index` of `count`; timm has the last only."""
    return "norm" if index == count - 1 else f"norm_after_stage{index}"

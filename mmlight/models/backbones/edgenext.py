"""EdgeNeXt on timm's blocks."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from timm.models.convnext import ConvNeXtBlock
from timm.models.edgenext import PositionalEncodingFourier, SplitTransposeBlock
from torch import Tensor, nn

from mmlight.compat.cnn.norm import LayerNorm2d
from mmlight.models.backbones.base.next_backbone import NextBackbone, build_network
from mmlight.models.backbones.base.out_indices import to_out_indices
from mmlight.models.backbones.convnext import LAYER_NORM, norm_1d, norm_2d
from mmlight.models.initialize import InitCfg
from mmlight.models.layers.activation import activation_layer
from mmlight.models.layers.defaults import GELU
from mmlight.models.layers.norm import freeze_norms
from mmlight.models.options import find_arch, name_archs

ARCH_KEYS: Final = ("channels", "depths", "num_heads")
ARCHS: Final = name_archs(
    ARCH_KEYS,
    {
        ("xxsmall",): ((24, 48, 88, 168), (2, 2, 6, 2), (4, 4, 4, 4)),
        ("xsmall",): ((32, 64, 100, 192), (3, 3, 9, 3), (4, 4, 4, 4)),
        ("small",): ((48, 96, 160, 304), (3, 3, 9, 3), (8, 8, 8, 8)),
        ("base",): ((80, 160, 288, 584), (3, 3, 9, 3), (8, 8, 8, 8)),
    },
)
GLOBAL_BLOCK_TYPES: Final = ("None", "SDTA")


class EdgeNeXt(NextBackbone):
    """EdgeNeXt: stages of convolutional blocks that end with attention between channels.

    Args:
        arch: A name of `ARCHS`, or a dict of `channels`, `depths` and `num_heads` per stage.
        in_channels: Channels of the images.
        global_blocks: Number of attention blocks at the end of each stage.
        global_block_type: 'None' or 'SDTA' per stage; checked only, `global_blocks` decides.
        drop_path_rate: Rate of stochastic depth of the last block, rising from 0, in [0, 1).
        layer_scale_init_value: Start value of layer scale of the convolutional blocks, 0 for none;
            the attention blocks always have 1e-6.
        linear_pw_conv: Whether the pointwise layers of the convolutional blocks are linear layers
            and not 1x1 convolutions.
        mlp_ratio: Channels inside over channels outside the feed-forward part of attention blocks;
            4 in the others.
        conv_kernel_sizes: Kernel size of the convolutional blocks per stage [px].
        use_pos_embd_csa: Whether the attention blocks of a stage add a position encoding.
        use_pos_embd_global: Whether the output of the first stage adds one.
        d2_scales: Parts into which the attention blocks of a stage split the channels, at least 2.
        norm_cfg: `type` 'LN2d', of the convolutional blocks, stem and downsampling; the attention
            blocks always have an `eps` of 1e-5, and outputs that are averaged first.
        out_indices: Stages whose outputs are returned; negative counts from the end.
        frozen_stages: This many stages get no gradient and stay in eval mode.
        gap_before_final_norm: Whether outputs are averaged over places and then normalized.
        act_cfg: Activation of the convolutional blocks; GELU in the others.
        init_cfg: See `InitModule`; torch's start values by default.

    Raises:
        ValueError: If a value is out of range or timm cannot do it.

    Examples:
        >>> import torch
        >>> [tuple(x.shape) for x in EdgeNeXt()(torch.rand(2, 3, 64, 64))]
        [(2, 168)]

    From: mmpretrain 1.2 `EdgeNeXt`. Difference: position encodings of a network in float64 are cast
        to it, where the original fails.
    """

    def __init__(
        self,
        arch: str | Mapping[str, Sequence[int]] = "xxsmall",
        in_channels: int = 3,
        global_blocks: Sequence[int] = (0, 1, 1, 1),
        global_block_type: Sequence[str] = ("None", "SDTA", "SDTA", "SDTA"),
        drop_path_rate: float = 0.0,
        layer_scale_init_value: float = 1e-6,
        linear_pw_conv: bool = True,
        mlp_ratio: int = 4,
        conv_kernel_sizes: Sequence[int] = (3, 5, 7, 9),
        use_pos_embd_csa: Sequence[bool] = (False, True, False, False),
        use_pos_embd_global: bool = False,
        d2_scales: Sequence[int] = (2, 2, 3, 4),
        norm_cfg: Mapping[str, Any] = LAYER_NORM,
        out_indices: int | Sequence[int] = -1,
        frozen_stages: int = 0,
        gap_before_final_norm: bool = True,
        act_cfg: Mapping[str, Any] = GELU,
        init_cfg: InitCfg = None,
    ) -> None:
        for kind in global_block_type:
            if kind not in GLOBAL_BLOCK_TYPES:
                raise ValueError(f"global_block_type must be 'None' or 'SDTA', got {kind!r}")
        numbers = find_arch(arch, ARCHS, ARCH_KEYS)
        channels, depths, heads = (numbers[key] for key in ARCH_KEYS)
        norm = norm_2d(norm_cfg)
        options: dict[str, Any] = {
            "conv_mlp": not linear_pw_conv,
            "ls_init_value": layer_scale_init_value or None,
            "act_layer": activation_layer(act_cfg),
            "norm_layer": norm_1d(norm) if linear_pw_conv else norm,
        }
        blocks: list[list[nn.Module]] = []
        for stage, (width, depth) in enumerate(zip(channels, depths, strict=True)):
            split = max(depth - global_blocks[stage], 0)
            kernel, scales = conv_kernel_sizes[stage], d2_scales[stage]
            position = use_pos_embd_csa[stage]
            blocks.append(
                [ConvNeXtBlock(width, kernel_size=kernel, **options) for _ in range(split)]
                + [
                    build_attention_block(width, scales, heads[stage], mlp_ratio, position=position)
                    for _ in range(split, depth)
                ]
            )
        network = build_network(
            channels, blocks, norm, in_channels=in_channels, patch_size=4, downsample_norm=norm
        )
        if use_pos_embd_global:
            network.pos_embd = PositionalEncodingFourier(dim=channels[0])
        indices = to_out_indices(out_indices, len(depths))
        out_norm = nn.LayerNorm if gap_before_final_norm else norm
        super().__init__(
            network,
            out_norms=[out_norm(channels[index]) for index in sorted(set(indices))],
            out_indices=indices,
            gap_before_final_norm=gap_before_final_norm,
            drop_path_rate=drop_path_rate,
            frozen_stages=frozen_stages,
            init_cfg=init_cfg,
        )
        self._freeze_norms(norm_cfg)

    def add_position(self, x: Tensor) -> Tensor:
        """Add a position encoding to the output of the first stage where asked for."""
        if not hasattr(self.network, "pos_embd"):
            return x
        batch, _, height, width = x.shape
        position: Tensor = self.network.pos_embd((batch, height, width))
        return x + position

    def _freeze_norms(self, norm_cfg: Mapping[str, Any]) -> None:
        """Apply `requires_grad` of `norm_cfg` where the norm comes from it."""
        for part in self.network.modules():
            if isinstance(part, ConvNeXtBlock | LayerNorm2d):
                freeze_norms(part, norm_cfg)


def build_attention_block(
    channels: int, scales: int, heads: int, mlp_ratio: float, *, position: bool
) -> nn.Module:
    """Build a block of attention between channels, with the original's fixed numbers.

    Args:
        channels: Number of channels.
        scales: Parts into which the channels are split.
        heads: Number of heads.
        mlp_ratio: Channels inside over channels outside the feed-forward part.
        position: Whether a position encoding is added.

    Raises:
        ValueError: If there are fewer than two parts.
    """
    if scales < 2:
        raise ValueError(f"d2_scales must be at least 2, got {scales}")
    norm: Any = partial(nn.LayerNorm, eps=1e-5)
    block = SplitTransposeBlock(
        channels,
        num_scales=scales,
        num_heads=heads,
        expand_ratio=mlp_ratio,
        use_pos_emb=position,
        norm_layer=norm,
    )
    block.norm = norm(channels)  # timm sets another eps
    return block

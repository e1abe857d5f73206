"""Conformer: convolutions and attention side by side."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmlight.compat.cnn.patch_embed import AdaptivePadding
from mmlight.models.backbones.base.out_indices import to_out_indices
from mmlight.models.initialize import Constant, InitCfg, InitModule, Kaiming, TruncNormal
from mmlight.models.layers.drop_path import rising_rates
from mmlight.models.networks.conformer import ConvBlock, ConvTransBlock, EncoderLayer
from mmlight.models.options import find_arch, name_archs
from mmlight.models.trunc_normal import trunc_normal_

ARCH_KEYS: Final = ("embed_dims", "channel_ratio", "num_heads", "depths")
ARCHS: Final = name_archs(
    ARCH_KEYS,
    {
        ("t", "tiny"): (384, 1, 6, 12),
        ("s", "small"): (384, 4, 6, 12),
        ("b", "base"): (576, 6, 9, 12),
    },
)
"""Names of an architecture -> its numbers, in the order of `ARCH_KEYS`."""


class Conformer(InitModule):
    """Conformer: a convolutional and a transformer branch that exchange features in every block.

    Args:
        arch: A name of `ARCHS`, or a dict with the keys `ARCH_KEYS`; the depth must be divisible by
            3.
        patch_size: Pixels per token, divisible by 16 [px].
        base_channels: Channels of the maps, before the factor of the architecture.
        mlp_ratio: Channels inside over outside of the feed-forward layers.
        qkv_bias: Whether query, key and value have a bias.
        with_cls_token: Whether there is a class token; else the mean of the tokens is given.
        drop_path_rate: Rate of stochastic depth of the last block, rising from 0, in [0, 1).
        norm_eval: Accepted; it has no effect, as in the original.
        frozen_stages: Accepted; it has no effect, as in the original.
        out_indices: Blocks whose outputs are returned, in [2, depth]; negative counts from the end.
        init_cfg: See `InitModule`. By default a truncated normal distribution for linear layers,
            He's rule for convolutions, zero for the last norm of each convolutional block; they
            stand over all but a single checkpoint.

    Raises:
        ValueError: If a value is out of range.

    From: mmcls 0.25 and mmpretrain 1.2 `Conformer`.
    """

    def __init__(
        self,
        arch: str | Mapping[str, int] = "tiny",
        patch_size: int = 16,
        base_channels: int = 64,
        mlp_ratio: float = 4.0,
        qkv_bias: bool = True,
        with_cls_token: bool = True,
        drop_path_rate: float = 0.0,
        norm_eval: bool = True,
        frozen_stages: int = 0,
        out_indices: int | Sequence[int] = -1,
        init_cfg: InitCfg = None,
    ) -> None:
        super().__init__(init_cfg)
        numbers = find_arch(arch, ARCHS, ARCH_KEYS)
        width, ratio, heads, depth = (numbers[key] for key in ARCH_KEYS)
        if depth % 3:
            raise ValueError(f"arch depths must be divisible by 3, got {depth}")
        if patch_size % 16:
            raise ValueError(f"patch_size must be divisible by 16, got {patch_size}")
        self.depth = depth
        self.out_indices = to_out_indices(out_indices, depth, first=1)
        if min(self.out_indices) < 2:
            raise ValueError(f"out_indices must be in [2, {depth}], got {out_indices}")
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width)) if with_cls_token else None
        self._add_stem(width, int(base_channels * ratio), patch_size // 4)
        rates = rising_rates(drop_path_rate, depth)
        layer: dict[str, Any] = {"num_heads": heads, "mlp_ratio": mlp_ratio, "qkv_bias": qkv_bias}
        self.trans_1 = EncoderLayer(width, drop_path_rate=rates[0], **layer)
        channels = int(base_channels * ratio)
        for number in range(2, depth + 1):
            stage, place = divmod(number - 1, depth // 3)
            out_channels = int(base_channels * ratio * 2**stage)
            begins = stage > 0 and place == 0
            block = ConvTransBlock(
                channels,
                out_channels,
                width,
                conv_stride=2 if begins else 1,
                with_residual_conv=begins,
                down_stride=patch_size // 4 // 2**stage,
                with_cls_token=with_cls_token,
                last_fusion=number == depth,
                drop_path_rate=rates[number - 1],
                **layer,
            )
            self.add_module(f"conv_trans_{number}", block)
            channels = out_channels
        self.trans_norm = nn.LayerNorm(width)
        if self.cls_token is not None:
            trunc_normal_(self.cls_token, std=0.02)

    def _add_stem(self, width: int, channels: int, stride: int) -> None:
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.auto_pad = AdaptivePadding(stride, stride)
        self.conv_1 = ConvBlock(64, channels, with_residual_conv=True)
        self.trans_patch_conv = nn.Conv2d(64, width, stride, stride=stride)

    def forward(self, images: Tensor) -> tuple[list[Tensor], ...]:
        """Map images `(B, 3, H, W)` to the features of both branches.

        Returns:
            For each entry of `out_indices` the mean of the maps `(B, C)` and the class token, or
            the mean of the tokens, `(B, embed_dims)`.
        """
        x = self.auto_pad(self.maxpool(functional.relu(self.bn1(self.conv1(images)))))
        tokens = self.trans_patch_conv(x).flatten(2).transpose(1, 2)  # (B, C, H, W) -> (B, L, C)
        if self.cls_token is not None:
            tokens = torch.cat((self.cls_token.expand(len(x), -1, -1), tokens), dim=1)
        x, _ = self.conv_1(x)
        tokens = self.trans_1(tokens)
        outputs = []
        for number in range(2, self.depth + 1):
            x, tokens = self.get_submodule(f"conv_trans_{number}")(x, tokens)
            if number in self.out_indices:
                normed = self.trans_norm(tokens)
                token = normed.mean(dim=1) if self.cls_token is None else normed[:, 0]
                outputs.append([x.mean(dim=(2, 3)), token])
        return tuple(outputs)

    def init_children(self, init: Callable[[nn.Module], None]) -> None:
        """Fill nothing: `init_extra` fills all."""

    def init_extra(self) -> None:
        """Fill all layers, unless a checkpoint alone fills the weights."""
        if self.is_pretrained:
            return
        TruncNormal(std=0.02, layer="Linear")(self)
        Constant(1, layer=("LayerNorm", "BatchNorm2d"))(self)
        blocks = [block for block in self.modules() if isinstance(block, ConvBlock)]
        for conv in (layer for layer in self.modules() if isinstance(layer, nn.Conv2d)):
            Kaiming().fill(conv.weight)  # biases keep torch's start values
        Constant(0).fill_layers([block.bn3 for block in blocks], only_matching=False)

"""TNT, a transformer inside a transformer, of the blocks of users' own transformers.

timm has the network too, but splits query, key and value into other tensors, which an optimizer
would treat in another way; so it is written here under the original's names.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

import torch
from torch import Tensor, nn

from mmlight.compat.cnn.transformer import FFN, MultiheadAttention
from mmlight.models.initialize import Constant, InitCfg, Initializer, InitModule, TruncNormal
from mmlight.models.layers.defaults import GELU, LAYER_NORM
from mmlight.models.layers.drop_path import rising_rates
from mmlight.models.layers.norm import norm_maker
from mmlight.models.options import Options, find_arch, name_archs
from mmlight.models.trunc_normal import trunc_normal_

ARCH_KEYS: Final = (
    "embed_dims_outer",
    "embed_dims_inner",
    "num_layers",
    "num_heads_outer",
    "num_heads_inner",
)
ARCHS: Final = name_archs(
    ARCH_KEYS,
    {
        ("s", "small"): (384, 24, 12, 6, 4),
        ("b", "base"): (640, 40, 12, 10, 4),
    },
)
"""Names of an architecture -> its numbers, in the order of `ARCH_KEYS`."""


class TransformerBlock(nn.Module):
    """Attention and a feed-forward layer, normalized before.

    Args:
        channels: Channels in and out `C`.
        num_heads: Number of attention heads.
        ffn_ratio: Inner channels of the feed-forward layer over `C`.
        num_fcs: Number of its linear layers, at least 2.
        qkv_bias: Whether query, key and value have a bias.
        drop_rate: Dropout behind attention and linear layers, in [0, 1).
        attn_drop_rate: Dropout of the attention weights, in [0, 1).
        drop_path_rate: Rate of stochastic depth, in [0, 1).
        norm_cfg: `type` 'LN', `eps`.
    """

    def __init__(
        self,
        channels: int,
        num_heads: int,
        *,
        ffn_ratio: int,
        num_fcs: int,
        qkv_bias: bool,
        drop_rate: float,
        attn_drop_rate: float,
        drop_path_rate: float,
        norm_cfg: Options,
    ) -> None:
        super().__init__()
        drop_path = {"type": "DropPath", "drop_prob": drop_path_rate}
        norm = norm_maker(norm_cfg)
        self.norm_attn = norm(channels)
        self.attn = MultiheadAttention(
            channels,
            num_heads,
            attn_drop_rate,
            drop_rate,
            dropout_layer=drop_path,
            batch_first=True,
        )
        if not qkv_bias:
            self.attn.attn.register_parameter("in_proj_bias", None)
        self.norm_ffn = norm(channels)
        self.ffn = FFN(
            channels,
            channels * ffn_ratio,
            num_fcs,
            act_cfg=GELU,
            ffn_drop=drop_rate,
            dropout_layer=drop_path,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, N, C)` to the same shape."""
        x = self.attn(self.norm_attn(x), identity=x)
        y: Tensor = self.ffn(self.norm_ffn(x), identity=x)
        return y


class TnTLayer(nn.Module):
    """A block over the pixels of each patch, and one over the patches, which it is added to.

    Args:
        num_pixel: Pixels of a patch.
        inner: Channels of a pixel.
        outer: Channels of a patch.
        num_heads: Number of attention heads, inner and outer.
        norm_cfg: `type` 'LN', `eps`.
        **block: Arguments of `TransformerBlock`.
    """

    def __init__(
        self,
        num_pixel: int,
        inner: int,
        outer: int,
        num_heads: tuple[int, int],
        norm_cfg: Options,
        **block: Any,
    ) -> None:
        super().__init__()
        self.inner_block = TransformerBlock(inner, num_heads[0], norm_cfg=norm_cfg, **block)
        self.norm_proj = norm_maker(norm_cfg)(inner)
        self.projection = nn.Linear(inner * num_pixel, outer)
        self.outer_block = TransformerBlock(outer, num_heads[1], norm_cfg=norm_cfg, **block)

    def forward(self, pixels: Tensor, patches: Tensor) -> tuple[Tensor, Tensor]:
        """Map pixels `(B * N, P, C)` and patches with a class token `(B, 1 + N, C')`."""
        pixels = self.inner_block(pixels)
        batch, count = patches.shape[0], patches.shape[1] - 1
        # (B * N, P, C) -> (B, N, P * C) -> (B, N, C')
        inner = self.projection(self.norm_proj(pixels).reshape(batch, count, -1))
        patches = torch.cat((patches[:, :1], patches[:, 1:] + inner), dim=1)
        return pixels, self.outer_block(patches)


class PixelEmbed(nn.Module):
    """Cut an image into patches, and each into pixels with a vector.

    Args:
        img_size: Height and width of the images [px].
        patch_size: Height and width of a patch [px].
        in_channels: Channels of the images.
        channels: Channels of a pixel `C`.
        stride: Distance of the pixels [px].
    """

    def __init__(
        self,
        img_size: tuple[int, int],
        patch_size: tuple[int, int],
        in_channels: int,
        channels: int,
        stride: int,
    ) -> None:
        super().__init__()
        self.img_size = img_size
        self.num_patches = (img_size[0] // patch_size[0]) * (img_size[1] // patch_size[1])
        self.pixels = (math.ceil(patch_size[0] / stride), math.ceil(patch_size[1] / stride))
        self.proj = nn.Conv2d(in_channels, channels, 7, stride, padding=3)
        self.unfold = nn.Unfold(self.pixels, stride=self.pixels)

    def forward(self, images: Tensor, positions: Tensor) -> Tensor:
        """Map `(B, C, H, W)` and positions `(1, C', h, w)` to `(B * patches, h * w, C')`.

        Raises:
            ValueError: If the images have another size than `img_size`.
        """
        size = tuple(images.shape[2:])
        if size != self.img_size:
            raise ValueError(f"img_size must be that of the images {size}, got {self.img_size}")
        x: Tensor = self.unfold(self.proj(images)).transpose(1, 2)  # (B, patches, C' * h * w)
        x = x.reshape(-1, *positions.shape[1:]) + positions  # (B * patches, C', h, w)
        return x.flatten(2).transpose(1, 2)  # (B * patches, C', h, w) -> (B * patches, h * w, C')


class TNT(InitModule):
    """Transformer in Transformer.

    Args:
        arch: A name of `ARCHS`, or a dict with the keys `ARCH_KEYS`.
        img_size: Image size [px]; there is no other.
        patch_size: Patch size [px].
        in_channels: Channels of the images.
        ffn_ratio: Inner channels of the feed-forward layers over outer ones.
        qkv_bias: Whether query, key and value have a bias.
        drop_rate: Dropout, in [0, 1).
        attn_drop_rate: Dropout of the attention weights, in [0, 1).
        drop_path_rate: Rate of stochastic depth of the last layer, rising from 0, in [0, 1).
        act_cfg: Has no effect, as in the originals; the activation is GELU.
        norm_cfg: `type` 'LN', `eps`.
        first_stride: Distance of the pixels [px].
        num_fcs: Linear layers of a feed-forward layer, at least 2.
        init_cfg: See `InitModule`; by default a truncated normal for linear layers.

    Raises:
        ValueError: If the architecture is not known.

    Examples:
        >>> arch = dict(zip(ARCH_KEYS, (16, 4, 2, 2, 2)))
        >>> TNT(arch, img_size=32)(torch.rand(1, 3, 32, 32))[0].shape
        torch.Size([1, 16])

    From: mmcls 0.25 and mmpretrain 1.2 `TNT`.
    """

    default_init: ClassVar[tuple[Initializer, ...]] = (
        TruncNormal(std=0.02, layer="Linear"),
        Constant(1.0, layer="LayerNorm"),
    )

    def __init__(
        self,
        arch: str | Mapping[str, int] = "b",
        img_size: int | Sequence[int] = 224,
        patch_size: int | Sequence[int] = 16,
        in_channels: int = 3,
        ffn_ratio: int = 4,
        qkv_bias: bool = False,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        act_cfg: Options = GELU,
        norm_cfg: Options = LAYER_NORM,
        first_stride: int = 4,
        num_fcs: int = 2,
        init_cfg: InitCfg = None,
    ) -> None:
        super().__init__(init_cfg)
        outer, inner, depth, *heads = (find_arch(arch, ARCHS, ARCH_KEYS)[key] for key in ARCH_KEYS)
        self.pixel_embed = PixelEmbed(
            _pair(img_size), _pair(patch_size), in_channels, inner, first_stride
        )
        pixels, patches = self.pixel_embed.pixels, self.pixel_embed.num_patches
        count = pixels[0] * pixels[1]
        norm = norm_maker(norm_cfg)
        self.norm1_proj = norm(count * inner)
        self.projection = nn.Linear(count * inner, outer)
        self.norm2_proj = norm(outer)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, outer))
        self.patch_pos = nn.Parameter(torch.zeros(1, patches + 1, outer))
        self.pixel_pos = nn.Parameter(torch.zeros(1, inner, *pixels))
        self.drop_after_pos = nn.Dropout(drop_rate)
        self.layers = nn.ModuleList(
            TnTLayer(
                count,
                inner,
                outer,
                (heads[1], heads[0]),
                norm_cfg,
                ffn_ratio=ffn_ratio,
                num_fcs=num_fcs,
                qkv_bias=qkv_bias,
                drop_rate=drop_rate,
                attn_drop_rate=attn_drop_rate,
                drop_path_rate=rate,
            )
            for rate in rising_rates(drop_path_rate, depth)
        )
        self.norm = norm(outer)
        for embedding in (self.cls_token, self.patch_pos, self.pixel_pos):
            trunc_normal_(embedding, std=0.02)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map images `(B, C, H, W)` to the class token `(B, C')`."""
        pixels = self.pixel_embed(images, self.pixel_pos)
        # (B * patches, P, C) -> (B, patches, P * C)
        joined = pixels.reshape(len(images), self.pixel_embed.num_patches, -1)
        patches = self.norm2_proj(self.projection(self.norm1_proj(joined)))
        tokens = torch.cat((self.cls_token.expand(len(images), -1, -1), patches), dim=1)
        tokens = self.drop_after_pos(tokens + self.patch_pos)
        for layer in self.layers:
            pixels, tokens = layer(pixels, tokens)
        return (self.norm(tokens)[:, 0],)


def _pair(size: int | Sequence[int]) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (size[0], size[1])

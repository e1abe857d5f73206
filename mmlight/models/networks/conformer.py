"""The parts of Conformer: convolutions, a transformer, and bridges between them."""

from typing import Any, Final

import torch
from timm.layers.attention import Attention
from torch import Tensor, nn
from torch.nn import functional

from mmlight.compat.cnn.transformer import FFN
from mmlight.models.layers.defaults import GELU
from mmlight.models.layers.drop_path import DropPath

EPS: Final = 1e-6
"""Of all norms but the first and the last of the network."""


class EncoderLayer(nn.Module):
    """Attention and a feed-forward layer, each behind a norm.

    Args:
        embed_dims: Channels `C`.
        num_heads: Heads of the attention.
        mlp_ratio: Channels inside over outside of the feed-forward layer.
        qkv_bias: Whether query, key and value have a bias.
        drop_path_rate: Rate of stochastic depth, in [0, 1).
    """

    def __init__(
        self,
        embed_dims: int,
        *,
        num_heads: int,
        mlp_ratio: float,
        qkv_bias: bool,
        drop_path_rate: float,
    ) -> None:
        super().__init__()
        self.ln1 = nn.LayerNorm(embed_dims, eps=EPS)
        self.attn = Attention(embed_dims, num_heads, qkv_bias=qkv_bias)
        self.drop_path = DropPath(drop_path_rate)
        self.ln2 = nn.LayerNorm(embed_dims, eps=EPS)
        self.ffn = FFN(
            embed_dims,
            int(embed_dims * mlp_ratio),
            act_cfg=GELU,
            dropout_layer={"type": "DropPath", "drop_prob": drop_path_rate},
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, L, C)` to the same shape."""
        x = x + self.drop_path(self.attn(self.ln1(x)))
        out: Tensor = self.ffn(self.ln2(x), identity=x)
        return out


class ConvBlock(nn.Module):
    """A bottleneck that gives its inner map away and takes one in.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the result; four times those inside.
        stride: Of the middle convolution [px].
        drop_path_rate: Rate of stochastic depth, in [0, 1).
        with_residual_conv: Whether the shortcut has a convolution.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        stride: int = 1,
        drop_path_rate: float = 0.0,
        with_residual_conv: bool = False,
    ) -> None:
        super().__init__()
        inner = out_channels // 4
        self.conv1 = nn.Conv2d(in_channels, inner, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner, eps=EPS)
        self.conv2 = nn.Conv2d(inner, inner, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(inner, eps=EPS)
        self.conv3 = nn.Conv2d(inner, out_channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out_channels, eps=EPS)
        self.drop_path = DropPath(drop_path_rate)
        self.with_residual_conv = with_residual_conv
        if with_residual_conv:
            self.residual_conv = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
            self.residual_bn = nn.BatchNorm2d(out_channels, eps=EPS)

    def forward(self, x: Tensor, extra: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the result and the inner map.

        Args:
            x: `(B, in_channels, H, W)`.
            extra: Added inside, `(B, out_channels / 4, H, W)`.

        Returns:
            `(B, out_channels, H / stride, W / stride)` and `(B, out_channels / 4, H / stride,
            W / stride)`.
        """
        shortcut = self.residual_bn(self.residual_conv(x)) if self.with_residual_conv else x
        x = functional.relu(self.bn1(self.conv1(x)))
        x = x if extra is None else x + extra
        inner = functional.relu(self.bn2(self.conv2(x)))
        x = self.drop_path(self.bn3(self.conv3(inner)))
        return functional.relu(x + shortcut), inner


class FCUDown(nn.Module):
    """The bridge from maps to tokens.

    Args:
        in_channels: Channels of the maps.
        out_channels: Channels of the tokens.
        down_stride: Pixels per token [px].
        with_cls_token: Whether the tokens begin with a class token.
    """

    def __init__(
        self, in_channels: int, out_channels: int, *, down_stride: int, with_cls_token: bool
    ) -> None:
        super().__init__()
        self.with_cls_token = with_cls_token
        self.conv_project = nn.Conv2d(in_channels, out_channels, 1)
        self.sample_pooling = nn.AvgPool2d(down_stride)
        self.ln = nn.LayerNorm(out_channels, eps=EPS)

    def forward(self, x: Tensor, tokens: Tensor) -> Tensor:
        """Map `(B, in_channels, H, W)` to `(B, L, C)`; the class token is that of `tokens`."""
        pooled = self.sample_pooling(self.conv_project(x))
        x = functional.gelu(self.ln(pooled.flatten(2).transpose(1, 2)))  # (B, C, H, W) -> (B, L, C)
        return torch.cat((tokens[:, :1], x), dim=1) if self.with_cls_token else x


class FCUUp(nn.Module):
    """The bridge from tokens to maps.

    Args:
        in_channels: Channels of the tokens.
        out_channels: Channels of the maps.
        up_stride: Pixels per token [px].
        with_cls_token: Whether the tokens begin with a class token, which is left out.
    """

    def __init__(
        self, in_channels: int, out_channels: int, *, up_stride: int, with_cls_token: bool
    ) -> None:
        super().__init__()
        self.up_stride, self.with_cls_token = up_stride, with_cls_token
        self.conv_project = nn.Conv2d(in_channels, out_channels, 1)
        self.bn = nn.BatchNorm2d(out_channels, eps=EPS)

    def forward(self, tokens: Tensor, grid: tuple[int, int]) -> Tensor:
        """Map `(B, L, C)` on a grid (H, W) to `(B, out_channels, H * up_stride, W * up_stride)`."""
        patches = tokens[:, 1:] if self.with_cls_token else tokens
        x = patches.transpose(1, 2).reshape(len(tokens), -1, *grid)  # (B, L, C) -> (B, C, H, W)
        x = functional.relu(self.bn(self.conv_project(x)))
        return functional.interpolate(x, scale_factor=self.up_stride)


class ConvTransBlock(nn.Module):
    """One block of both branches and the bridges between them.

    Args:
        in_channels: Channels of the incoming maps.
        out_channels: Channels of the maps.
        embed_dims: Channels of the tokens.
        conv_stride: Of the first convolutional block [px].
        with_residual_conv: Whether the shortcut of that block has a convolution.
        down_stride: Pixels per token [px].
        with_cls_token: Whether there is a class token.
        last_fusion: Whether the second convolutional block halves the resolution.
        drop_path_rate: Rate of stochastic depth of that block and of the transformer, in [0, 1).
        **layer: Other arguments of `EncoderLayer`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        embed_dims: int,
        *,
        conv_stride: int,
        with_residual_conv: bool,
        down_stride: int,
        with_cls_token: bool,
        last_fusion: bool,
        drop_path_rate: float,
        **layer: Any,
    ) -> None:
        super().__init__()
        self.down_stride = down_stride
        self.cnn_block = ConvBlock(
            in_channels, out_channels, stride=conv_stride, with_residual_conv=with_residual_conv
        )
        self.fusion_block = ConvBlock(
            out_channels,
            out_channels,
            stride=2 if last_fusion else 1,
            with_residual_conv=last_fusion,
            drop_path_rate=drop_path_rate,
        )
        inner = out_channels // 4
        self.squeeze_block = FCUDown(
            inner, embed_dims, down_stride=down_stride, with_cls_token=with_cls_token
        )
        self.expand_block = FCUUp(
            embed_dims, inner, up_stride=down_stride, with_cls_token=with_cls_token
        )
        self.trans_block = EncoderLayer(embed_dims, drop_path_rate=drop_path_rate, **layer)

    def forward(self, x: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Map maps `(B, in_channels, H, W)` and tokens `(B, L, C)` to those of the next block."""
        x, inner = self.cnn_block(x)
        tokens = self.trans_block(self.squeeze_block(inner, tokens) + tokens)
        grid = (inner.shape[2] // self.down_stride, inner.shape[3] // self.down_stride)
        x, _ = self.fusion_block(x, self.expand_block(tokens, grid))
        return x, tokens

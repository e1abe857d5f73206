"""The layers of T2T-ViT."""

from collections.abc import Sequence
from typing import Final, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmlight.compat.cnn.transformer import FFN
from mmlight.models.layers.defaults import GELU, LAYER_NORM
from mmlight.models.layers.drop_path import DropPath
from mmlight.models.layers.norm import norm_maker
from mmlight.models.options import Options

AttentionScale = Literal["multiply", "divide"]
SPLITS: Final = ((7, 4, 2), (3, 2, 1), (3, 2, 1))
"""Kernel, stride and padding of the three steps from pixels to tokens."""


class T2TAttention(nn.Module):
    """Self-attention that may change the number of channels.

    Args:
        input_dims: Channels in.
        embed_dims: Channels out `C`.
        num_heads: Number of heads.
        qkv_bias: Whether query, key and value have a bias.
        scale: Factor on the products of query and key.
        attn_drop: Dropout of the attention weights, in [0, 1).
        proj_drop: Dropout of the result, in [0, 1).
        drop_path: Rate of stochastic depth, in [0, 1).
        value_shortcut: Whether the values are added to the result; only with one head.
    """

    def __init__(
        self,
        input_dims: int,
        embed_dims: int,
        num_heads: int,
        *,
        qkv_bias: bool,
        scale: float,
        attn_drop: float,
        proj_drop: float,
        drop_path: float,
        value_shortcut: bool,
    ) -> None:
        super().__init__()
        self.num_heads, self.scale, self.value_shortcut = num_heads, scale, value_shortcut
        self.qkv = nn.Linear(input_dims, 3 * embed_dims, bias=qkv_bias)
        self.attn_drop = nn.Dropout(attn_drop)
        self.proj = nn.Linear(embed_dims, embed_dims)
        self.proj_drop = nn.Dropout(proj_drop)
        self.out_drop = DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, N, input_dims)` to `(B, N, C)`."""
        batch, count, _ = x.shape
        # (B, N, 3 * C) -> (B, N, 3, heads, C / heads) -> (3, B, heads, N, C / heads)
        qkv = self.qkv(x).reshape(batch, count, 3, self.num_heads, -1).permute(2, 0, 3, 1, 4)
        query, key, value = qkv.unbind()
        attended = functional.scaled_dot_product_attention(
            query,
            key,
            value,
            dropout_p=self.attn_drop.p if self.training else 0.0,
            scale=self.scale,
        )
        joined = attended.transpose(1, 2).flatten(2)  # (B, heads, N, C / heads) -> (B, N, C)
        out: Tensor = self.out_drop(self.proj_drop(self.proj(joined)))
        return value.squeeze(1) + out if self.value_shortcut else out


class T2TTransformerLayer(nn.Module):
    """Attention and a feed-forward layer.

    Args:
        embed_dims: Channels out `C`.
        num_heads: Number of attention heads.
        feedforward_channels: Inner channels of the feed-forward layer.
        input_dims: Channels in, where the layer makes tokens; None for `embed_dims`.
        drop_rate: Dropout, in [0, 1).
        attn_drop_rate: Dropout of the attention weights, in [0, 1).
        drop_path_rate: Rate of stochastic depth, in [0, 1).
        num_fcs: Linear layers of the feed-forward layer, at least 2.
        qkv_bias: Whether query, key and value have a bias.
        qk_scale: Factor on the products of query and key; used for 'divide' only, as in the
            originals.
        act_cfg: Activation of the feed-forward layer.
        norm_cfg: `type` 'LN', `eps`.
        attention_scale: See `T2T_ViT`.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        feedforward_channels: int,
        input_dims: int | None = None,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        num_fcs: int = 2,
        qkv_bias: bool = False,
        qk_scale: float | None = None,
        act_cfg: Options = GELU,
        norm_cfg: Options = LAYER_NORM,
        *,
        attention_scale: AttentionScale,
    ) -> None:
        super().__init__()
        makes_tokens = input_dims is not None
        dims = input_dims or embed_dims
        divisor = qk_scale or (dims // num_heads) ** -0.5
        norm = norm_maker(norm_cfg)
        self.ln1 = norm(dims)
        self.attn = T2TAttention(
            dims,
            embed_dims,
            num_heads,
            qkv_bias=qkv_bias,
            scale=divisor if attention_scale == "divide" else (embed_dims // num_heads) ** 0.5,
            attn_drop=attn_drop_rate,
            proj_drop=drop_rate,
            drop_path=drop_path_rate,
            value_shortcut=makes_tokens,
        )
        self.ln2 = norm(embed_dims)
        self.ffn = FFN(
            embed_dims,
            feedforward_channels,
            num_fcs,
            act_cfg=act_cfg,
            ffn_drop=drop_rate,
            dropout_layer={"type": "DropPath", "drop_prob": drop_path_rate},
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, N, input_dims)` to `(B, N, C)`."""
        attended = self.attn(self.ln1(x))
        x = attended if self.attn.value_shortcut else x + attended
        y: Tensor = self.ffn(self.ln2(x), identity=x)
        return y


class T2TModule(nn.Module):
    """Three steps that each join neighbours to a token, with attention in between.

    Args:
        in_channels: Channels of the images.
        embed_dims: Channels of the tokens `C`.
        token_dims: Channels inside.
        attention_scale: See `T2T_ViT`.
    """

    def __init__(
        self, in_channels: int, embed_dims: int, token_dims: int, attention_scale: AttentionScale
    ) -> None:
        super().__init__()
        widths = [in_channels, token_dims, token_dims]
        joined = [width * kernel**2 for width, (kernel, *_) in zip(widths, SPLITS, strict=True)]

        def attention(dims: int) -> T2TTransformerLayer:
            return T2TTransformerLayer(
                token_dims, 1, token_dims, dims, attention_scale=attention_scale
            )

        self.attention1, self.attention2 = attention(joined[0]), attention(joined[1])
        self.project = nn.Linear(joined[2], embed_dims)

    def forward(self, images: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Map images `(B, C, H, W)` to tokens `(B, rows * columns, C')`, rows and columns."""
        x, grid = images, (images.shape[2], images.shape[3])
        for (kernel, stride, pad), layer in zip(SPLITS, self._layers(), strict=True):
            # (B, C, H, W) -> (B, C * kernel^2, rows * columns) -> (B, rows * columns, C')
            x = layer(functional.unfold(x, kernel, 1, pad, stride).transpose(1, 2))
            rows, columns = ((size + 2 * pad - kernel) // stride + 1 for size in grid)
            grid = rows, columns
            if layer is not self.project:
                x = x.transpose(1, 2).unflatten(2, grid)
        return x, grid

    def _layers(self) -> Sequence[nn.Module]:
        return self.attention1, self.attention2, self.project


def sinusoid_encoding(count: int, channels: int) -> Tensor:
    """Return sine and cosine of each position in waves of growing length.

    Args:
        count: Number of positions.
        channels: Number of waves.

    Returns:
        Computed in float64, given as float32, `(1, count, channels)`: sines in even channels.
    """
    exponent = torch.arange(channels, dtype=torch.float64) // 2 * 2 / channels
    angles = torch.arange(count)[:, None] / torch.pow(10000, exponent)
    table = torch.where(torch.arange(channels) % 2 == 0, angles.sin(), angles.cos())
    return table.float()[None]

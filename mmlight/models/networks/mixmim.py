"""The parts of MixMIM: attention in windows without shifts, and patch merging."""

from collections.abc import Mapping
from typing import Any

from timm.models.swin_transformer import window_partition, window_reverse
from torch import Tensor, nn
from torch.nn import functional

from mmlight.compat.cnn.patch_embed import AdaptivePadding
from mmlight.compat.cnn.transformer import FFN
from mmlight.models.layers.defaults import GELU
from mmlight.models.layers.drop_path import DropPath
from mmlight.models.layers.norm import norm_maker
from mmlight.models.layers.window_attention import WindowAttention


class WindowBlock(nn.Module):
    """Attention in windows and a feed-forward layer, each behind a norm.

    Args:
        embed_dims: Channels `C`.
        grid: Rows and columns of tokens, divisible by the window.
        window: Height and width of the windows.
        num_heads: Number of heads.
        mlp_ratio: Channels inside over outside of the feed-forward layer.
        qkv_bias: Whether query, key and value have a bias.
        drop_rate: Dropout after both layers, in [0, 1).
        attn_drop_rate: Dropout of the attention weights, in [0, 1).
        drop_path_rate: Rate of stochastic depth, in [0, 1).
        norm_cfg: Norms: `type` 'LN'; `eps`, `requires_grad`.
    """

    def __init__(
        self,
        embed_dims: int,
        grid: tuple[int, int],
        *,
        window: int,
        num_heads: int,
        mlp_ratio: float,
        qkv_bias: bool,
        drop_rate: float,
        attn_drop_rate: float,
        drop_path_rate: float,
        norm_cfg: Mapping[str, Any],
    ) -> None:
        super().__init__()
        self.grid, self.window = grid, window
        self.ln1 = norm_maker(norm_cfg)(embed_dims)
        self.attn = WindowAttention(
            embed_dims,
            window,
            num_heads,
            qkv_bias=qkv_bias,
            attn_drop_rate=attn_drop_rate,
            proj_drop_rate=drop_rate,
        )
        self.ln2 = norm_maker(norm_cfg)(embed_dims)
        self.ffn = FFN(
            embed_dims,
            int(mlp_ratio * embed_dims),
            act_cfg=GELU,
            ffn_drop=drop_rate,
            dropout_layer={"type": "DropPath", "drop_prob": drop_path_rate},
        )
        self.drop_path = DropPath(drop_path_rate)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, rows * columns, C)` to the same shape."""
        x = x + self.drop_path(self._attend(self.ln1(x)))
        out: Tensor = self.ffn(self.ln2(x), identity=x)
        return out

    def _attend(self, x: Tensor) -> Tensor:
        side = (self.window, self.window)
        # (B, H * W, C) -> (B, H, W, C) -> (B * windows, window, window, C)
        windows = window_partition(x.reshape(len(x), *self.grid, -1), side)
        attended = self.attn(windows.flatten(1, 2)).reshape(windows.shape)
        joined: Tensor = window_reverse(attended, side, *self.grid)
        return joined.flatten(1, 2)


class PatchMerging(nn.Module):
    """Make one token of four: their channels side by side, a norm, a linear layer.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the result.
        norm_cfg: The norm.

    From: mmcv 1.7 and 2.2 `PatchMerging`, with kernels of 2 x 2 px.
    """

    def __init__(self, in_channels: int, out_channels: int, norm_cfg: Mapping[str, Any]) -> None:
        super().__init__()
        self.pad = AdaptivePadding(2, 2)
        self.norm = norm_maker(norm_cfg)(4 * in_channels)
        self.reduction = nn.Linear(4 * in_channels, out_channels, bias=False)

    def forward(self, x: Tensor, grid: tuple[int, int]) -> Tensor:
        """Map `(B, H * W, C)` on a grid (H, W) to `(B, H / 2 * W / 2, out_channels)`."""
        # (B, H * W, C) -> (B, C, H * W) -> (B, C, H, W)
        maps = self.pad(x.transpose(1, 2).reshape(len(x), -1, *grid))
        merged = functional.unfold(maps, 2, stride=2).transpose(1, 2)  # -> (B, H * W / 4, 4 C)
        out: Tensor = self.reduction(self.norm(merged))
        return out

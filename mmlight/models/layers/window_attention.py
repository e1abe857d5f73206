"""Attention in windows, with a learned bias per offset."""

import torch
from torch import Tensor, nn
from torch.nn import functional


def relative_position_index(rows: int, columns: int) -> Tensor:
    """Return for each two places of a window the row of the table that holds their bias.

    Args:
        rows: Height of the window.
        columns: Width of the window.

    Returns:
        int64 `(rows * columns, rows * columns)`; the offsets count row by row, from the most
        negative on.

    Examples:
        >>> relative_position_index(1, 2)
        tensor([[1, 0],
                [2, 1]])
    """
    y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    y, x = y.flatten(), x.flatten()
    down = y[:, None] - y[None, :] + rows - 1
    right = x[:, None] - x[None, :] + columns - 1
    return down * (2 * columns - 1) + right


class WindowAttention(nn.Module):
    """Attention among the tokens of one window, with a learned bias per offset.

    Args:
        embed_dims: Channels `C`.
        window: Height and width of the window; None for no bias.
        num_heads: Number of heads.
        qkv_bias: Whether query, key and value have a bias.
        qk_scale: Factor on the products of query and key; None means one over the root of the
            channels of a head.
        attn_drop_rate: Dropout of the attention weights, in [0, 1).
        proj_drop_rate: Dropout of the result, in [0, 1).

    From: mmpretrain 1.2 `WindowMSA` without masks, and the attention of `HiViT`.
    """

    relative_position_index: Tensor

    def __init__(
        self,
        embed_dims: int,
        window: int | None,
        num_heads: int,
        *,
        qkv_bias: bool,
        qk_scale: float | None = None,
        attn_drop_rate: float,
        proj_drop_rate: float,
    ) -> None:
        super().__init__()
        self.num_heads, self.scale = num_heads, qk_scale or None
        self.relative_position_bias_table: nn.Parameter | None = None
        if window is not None:
            table = torch.zeros((2 * window - 1) ** 2, num_heads)
            self.relative_position_bias_table = nn.Parameter(table)
            self.register_buffer("relative_position_index", relative_position_index(window, window))
        self.qkv = nn.Linear(embed_dims, 3 * embed_dims, bias=qkv_bias)
        self.attn_drop = nn.Dropout(attn_drop_rate)
        self.proj = nn.Linear(embed_dims, embed_dims)
        self.proj_drop = nn.Dropout(proj_drop_rate)

    def forward(self, x: Tensor) -> Tensor:
        """Map windows `(B, N, C)` to the same shape."""
        # (B, N, 3 C) -> (B, N, 3, heads, C / heads) -> (3, B, heads, N, C / heads)
        q, k, v = self.qkv(x).unflatten(2, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        bias, table = None, self.relative_position_bias_table
        if table is not None:
            bias = table[self.relative_position_index].permute(2, 0, 1)  # -> (heads, N, N)
        drop = self.attn_drop.p if self.training else 0.0
        out = functional.scaled_dot_product_attention(
            q, k, v, attn_mask=bias, dropout_p=drop, scale=self.scale
        )
        out = out.transpose(1, 2).flatten(2)  # (B, heads, N, C / heads) -> (B, N, C)
        result: Tensor = self.proj_drop(self.proj(out))
        return result

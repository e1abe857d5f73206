"""Attention and feed-forward blocks of users' own transformers."""

import warnings
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

from torch import Tensor, nn

from mmlight.compat.base_module import BaseModule, Sequential
from mmlight.compat.cnn.layer import build_activation_layer, build_dropout, take_layer
from mmlight.compat.cnn.scale import LayerScale
from mmlight.registry import ATTENTION, FEEDFORWARD_NETWORK

Cfg = Mapping[str, Any]
_NO_DROPOUT: Final[Cfg] = {"type": "Dropout", "drop_prob": 0.0}
_RELU: Final[Cfg] = {"type": "ReLU", "inplace": True}


class MultiheadAttention(BaseModule):
    """Attention with its residual connection, over `torch.nn.MultiheadAttention`.

    Args:
        embed_dims: Number of channels `C`.
        num_heads: Number of heads.
        attn_drop: Dropout of the attention weights.
        proj_drop: Dropout of the result.
        dropout_layer: Dropout before the residual sum, see `build_dropout`.
        init_cfg: See `BaseModule`.
        batch_first: Whether inputs are `(B, N, C)` and not `(N, B, C)`.
        **kwargs: More arguments of torch's class.

    From: mmcv 1.7 and 2.2 `mmcv.cnn.bricks.transformer.MultiheadAttention`, without the argument
        `dropout`, which it deprecates.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
        dropout_layer: Cfg | None = _NO_DROPOUT,
        init_cfg: Any = None,
        batch_first: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(init_cfg)
        if "dropout" in kwargs:
            raise ValueError(
                f"dropout must be given as attn_drop and dropout_layer, got {kwargs['dropout']!r}"
            )
        self.embed_dims, self.num_heads, self.batch_first = embed_dims, num_heads, batch_first
        self.attn = nn.MultiheadAttention(embed_dims, num_heads, attn_drop, **kwargs)
        self.proj_drop = nn.Dropout(proj_drop)
        self.dropout_layer = build_dropout(dropout_layer) if dropout_layer else nn.Identity()

    def forward(
        self,
        query: Tensor,
        key: Tensor | None = None,
        value: Tensor | None = None,
        identity: Tensor | None = None,
        query_pos: Tensor | None = None,
        key_pos: Tensor | None = None,
        attn_mask: Tensor | None = None,
        key_padding_mask: Tensor | None = None,
        **kwargs: Any,
    ) -> Tensor:
        """Attend, and add the result to `identity`.

        Args:
            query: `(N, B, C)`, or `(B, N, C)` with `batch_first`.
            key: The same layout; None means the query.
            value: The same layout; None means the key.
            identity: What the result is added to; None means the query.
            query_pos: Added to the query.
            key_pos: Added to the key; None means `query_pos` where the shapes agree.
            attn_mask: See `torch.nn.MultiheadAttention`.
            key_padding_mask: See `torch.nn.MultiheadAttention`.
            **kwargs: Accepted and not used, as in the original.

        Returns:
            The shape of `query`.
        """
        key = query if key is None else key
        value = key if value is None else value
        identity = query if identity is None else identity
        if key_pos is None and query_pos is not None:
            if query_pos.shape == key.shape:
                key_pos = query_pos
            else:
                warnings.warn("the key has no position embedding", stacklevel=2)
        query = query if query_pos is None else query + query_pos
        key = key if key_pos is None else key + key_pos
        if self.batch_first:  # (B, N, C) -> (N, B, C)
            query, key, value = (item.transpose(0, 1) for item in (query, key, value))
        masks = {"attn_mask": attn_mask, "key_padding_mask": key_padding_mask}
        out = self.attn(query=query, key=key, value=value, **masks)[0]
        if self.batch_first:
            out = out.transpose(0, 1)  # (N, B, C) -> (B, N, C)
        result: Tensor = identity + self.dropout_layer(self.proj_drop(out))
        return result


class FFN(BaseModule):
    """Linear layers with an activation between them, and the residual connection around them.

    Args:
        embed_dims: Channels of input and result `C`.
        feedforward_channels: Channels inside.
        num_fcs: Number of linear layers, at least 2.
        act_cfg: The activation, see `build_activation_layer`.
        ffn_drop: Dropout after each linear layer.
        dropout_layer: Dropout before the residual sum, see `build_dropout`.
        add_identity: Whether there is a residual connection.
        init_cfg: See `BaseModule`.
        layer_scale_init_value: Start value of a learned factor per channel; 0 for none.

    From: mmcv 1.7 and 2.2 `mmcv.cnn.bricks.transformer.FFN`; 1.7 has no `layer_scale_init_value`.
    """

    def __init__(
        self,
        embed_dims: int = 256,
        feedforward_channels: int = 1024,
        num_fcs: int = 2,
        act_cfg: Cfg = _RELU,
        ffn_drop: float = 0.0,
        dropout_layer: Cfg | None = None,
        add_identity: bool = True,
        init_cfg: Any = None,
        layer_scale_init_value: float = 0.0,
    ) -> None:
        super().__init__(init_cfg)
        if num_fcs < 2:
            raise ValueError(f"num_fcs must be at least 2, got {num_fcs}")
        self.embed_dims, self.feedforward_channels = embed_dims, feedforward_channels
        self.num_fcs, self.add_identity = num_fcs, add_identity
        widths = [embed_dims, *[feedforward_channels] * (num_fcs - 1)]
        hidden = [
            Sequential(
                nn.Linear(before, after), build_activation_layer(act_cfg), nn.Dropout(ffn_drop)
            )
            for before, after in pairwise(widths)
        ]
        last = [nn.Linear(feedforward_channels, embed_dims), nn.Dropout(ffn_drop)]
        self.layers = Sequential(*hidden, *last)
        self.dropout_layer = build_dropout(dropout_layer) if dropout_layer else nn.Identity()
        scaled = layer_scale_init_value > 0
        self.gamma2: nn.Module = (
            LayerScale(embed_dims, scale=layer_scale_init_value) if scaled else nn.Identity()
        )

    def forward(self, x: Tensor, identity: Tensor | None = None) -> Tensor:
        """Map `(..., C)` to the same shape; `identity` is added instead of `x` where given."""
        out: Tensor = self.dropout_layer(self.gamma2(self.layers(x)))
        if not self.add_identity:
            return out
        return (x if identity is None else identity) + out


def build_attention(cfg: Cfg, default_args: Cfg | None = None) -> nn.Module:
    """Build `MultiheadAttention` or a registered class; `default_args` stand behind `cfg`.

    From: mmcv 1.7 and 2.2 `build_attention`.
    """
    layer, arguments = take_layer(cfg, ATTENTION)
    return layer(**{**(default_args or {}), **arguments})


def build_feedforward_network(cfg: Cfg, default_args: Cfg | None = None) -> nn.Module:
    """Build `FFN` or a registered class; `default_args` stand behind `cfg`.

    From: mmcv 1.7 and 2.2 `build_feedforward_network`.
    """
    layer, arguments = take_layer(cfg, FEEDFORWARD_NETWORK)
    return layer(**{**(default_args or {}), **arguments})

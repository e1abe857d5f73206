"""Generalized mean pooling between backbone and head."""

import torch
from torch import Tensor, nn


def gem(x: Tensor, p: Tensor, eps: float = 1e-6, clamp: bool = True) -> Tensor:
    """Take the generalized mean over the places of a feature map.

    Args:
        x: Feature map `(B, C, H, W)`.
        p: Power `(1,)`: 1 is the mean; the larger, the nearer to the maximum.
        eps: Smallest value, for `clamp`.
        clamp: Whether smaller values count as `eps`; negative ones have no power.

    Returns:
        `(B, C, 1, 1)`.

    From: mmcls 0.25 and mmpretrain 1.2 `gem`.
    """
    x = x.clamp(min=eps) if clamp else x
    return x.pow(p).mean((-2, -1), keepdim=True).pow(1.0 / p)


class GeneralizedMeanPooling(nn.Module):
    """Take the generalized mean of each feature map over its places.

    Args:
        p: Power at the start, at least 1.
        eps: See `gem`.
        clamp: See `gem`.
        p_trainable: Whether the power is trained.

    Examples:
        >>> GeneralizedMeanPooling(p=2)((torch.tensor([[[[3.0, 1.0]]]]),))[0].item() ** 2
        5.000000...

    From: mmcls 0.25 and mmpretrain 1.2 `GeneralizedMeanPooling`.
    """

    def __init__(
        self, p: float = 3.0, eps: float = 1e-6, clamp: bool = True, p_trainable: bool = True
    ) -> None:
        super().__init__()
        if p < 1:
            raise ValueError(f"p must be at least 1, got {p}")
        self.p = nn.Parameter(torch.ones(1) * p, requires_grad=p_trainable)
        self.eps = eps
        self.clamp = clamp

    def forward(self, feats: Tensor | tuple[Tensor, ...]) -> Tensor | tuple[Tensor, ...]:
        """Map each `(B, C, H, W)` to `(B, C)`; a tensor gives a tensor."""
        if isinstance(feats, Tensor):
            return self._pool(feats)
        return tuple(self._pool(feat) for feat in feats)

    def _pool(self, feat: Tensor) -> Tensor:
        return gem(feat, self.p, self.eps, self.clamp).flatten(1)  # (B, C, 1, 1) -> (B, C)

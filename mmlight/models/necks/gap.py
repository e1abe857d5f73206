"""Global average pooling between backbone and head."""

from typing import Final

from torch import Tensor, nn

POOLS: Final = {1: nn.AdaptiveAvgPool1d, 2: nn.AdaptiveAvgPool2d, 3: nn.AdaptiveAvgPool3d}


class GlobalAveragePooling(nn.Module):
    """Average each feature map over its places.

    Args:
        dim: Number of place dimensions: 1, 2 or 3.

    Examples:
        >>> import torch
        >>> GlobalAveragePooling()((torch.ones(2, 8, 7, 7),))[0].shape
        torch.Size([2, 8])

    From: mmcls 0.25 and mmpretrain 1.2 `GlobalAveragePooling`.
    """

    def __init__(self, dim: int = 2) -> None:
        super().__init__()
        if dim not in POOLS:
            raise ValueError(f"dim must be 1, 2 or 3, got {dim}")
        self.gap = POOLS[dim](1)

    def forward(self, feats: Tensor | tuple[Tensor, ...]) -> Tensor | tuple[Tensor, ...]:
        """Map each `(B, C, ...)` to `(B, C)`; a tensor gives a tensor."""
        if isinstance(feats, Tensor):
            pooled: Tensor = self.gap(feats).flatten(1)  # (B, C, 1, 1) -> (B, C)
            return pooled
        return tuple(self.gap(feat).flatten(1) for feat in feats)  # (B, C, 1, 1) -> (B, C)

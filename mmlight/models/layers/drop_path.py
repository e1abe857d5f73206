"""Stochastic depth that draws its random numbers as the originals do."""

import torch
from torch import Tensor, nn


def drop_path(x: Tensor, drop_prob: float) -> Tensor:
    """Set whole samples to zero at random and scale the others by 1 / (1 - drop_prob).

    Args:
        x: Any float tensor `(B, ...)`.
        drop_prob: Probability for a sample to become zero, in [0, 1).

    From: mmcv 1.7 and 2.2 `drop_path`: one uniform draw per sample (timm's layer makes Bernoulli
        draws instead).
    """
    keep_prob = 1 - drop_prob
    shape = (x.shape[0],) + (1,) * (x.ndim - 1)  # (B, ...) -> (B, 1, ...)
    keep = (keep_prob + torch.rand(shape, dtype=x.dtype, device=x.device)).floor()
    return x.div(keep_prob) * keep


class DropPath(nn.Module):
    """Apply `drop_path` in training mode.

    Args:
        drop_prob: Probability for a sample to become zero, in [0, 1).

    From: mmcv 1.7 and 2.2 `DropPath`.
    """

    def __init__(self, drop_prob: float = 0.1) -> None:
        super().__init__()
        if not 0 <= drop_prob < 1:
            raise ValueError(f"drop_prob must be in [0, 1), got {drop_prob}")
        self.drop_prob = drop_prob

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, ...)` to the same shape."""
        if not self.training or self.drop_prob == 0:
            return x
        return drop_path(x, self.drop_prob)

    def extra_repr(self) -> str:
        """Show the probability."""
        return f"drop_prob={self.drop_prob:.3f}"


def rising_rates(rate: float, count: int) -> list[float]:
    """Return a rate of stochastic depth for each of `count` blocks, from 0 up to `rate`.

    Examples:
        >>> rising_rates(0.5, 3)
        [0.0, 0.25, 0.5]
    """
    rates: list[float] = torch.linspace(0, rate, count, device="cpu").tolist()
    return rates

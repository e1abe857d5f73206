"""Activations that torch does not have in this form."""

import torch
from torch import Tensor, nn


class Swish(nn.Module):
    """Compute `x * sigmoid(x)`.

    From: mmcv 1.7 and 2.2 `Swish`.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map any float tensor to the same shape."""
        return x * torch.sigmoid(x)


class HSwish(nn.Module):
    """Compute `x * relu6(x + 3) / 6`.

    Args:
        inplace: Accepted; there is nothing to overwrite but an intermediate value.

    From: mmcv 1.7 and 2.2 `HSwish`. `act_cfg=dict(type='HSwish')` builds `torch.nn.Hardswish`, as
        there.
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.act = nn.ReLU6(inplace)

    def forward(self, x: Tensor) -> Tensor:
        """Map any float tensor to the same shape."""
        out: Tensor = x * self.act(x + 3) / 6
        return out


class HSigmoid(nn.Module):
    """Compute `(x + bias) / divisor`, limited to [`min_value`, `max_value`].

    Args:
        bias: Added first.
        divisor: Not 0.
        min_value: Smallest result.
        max_value: Largest result.

    From: mmcv 1.7 and 2.2 `HSigmoid`, without its warning about older defaults.
    """

    def __init__(
        self,
        bias: float = 3.0,
        divisor: float = 6.0,
        min_value: float = 0.0,
        max_value: float = 1.0,
    ) -> None:
        super().__init__()
        if divisor == 0:
            raise ValueError("divisor must not be 0, got 0")
        self.bias, self.divisor = bias, divisor
        self.min_value, self.max_value = min_value, max_value

    def forward(self, x: Tensor) -> Tensor:
        """Map any float tensor to the same shape."""
        return ((x + self.bias) / self.divisor).clamp(self.min_value, self.max_value)


class Clamp(nn.Module):
    """Limit values to [`min`, `max`].

    Args:
        min: Smallest result.
        max: Largest result.

    From: mmcv 1.7 and 2.2 `Clamp`, in configs also `Clip`.
    """

    def __init__(self, min: float = -1.0, max: float = 1.0) -> None:
        super().__init__()
        self.min, self.max = min, max

    def forward(self, x: Tensor) -> Tensor:
        """Map any float tensor to the same shape."""
        return x.clamp(self.min, self.max)

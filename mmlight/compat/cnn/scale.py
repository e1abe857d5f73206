"""Learnable factors."""

import torch
from torch import Tensor, nn


class Scale(nn.Module):
    """Multiply by one learnable number.

    Args:
        scale: Its start value.

    From: mmcv 1.7 and 2.2 `Scale`.
    """

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(float(scale)))

    def forward(self, x: Tensor) -> Tensor:
        """Map any float tensor to the same shape."""
        return x * self.scale


class LayerScale(nn.Module):
    """Multiply each channel by a learnable number.

    Args:
        dim: Number of channels `C`.
        inplace: Overwrite the input.
        data_format: 'channels_last' for `(B, ..., C)`, 'channels_first' for `(B, C, ...)`.
        scale: Start value of all numbers.

    From: mmcv 2.2 and mmcls 0.25 `LayerScale`; mmpretrain's is `InitLayerScale`.
    """

    def __init__(
        self,
        dim: int,
        inplace: bool = False,
        data_format: str = "channels_last",
        scale: float = 1e-5,
    ) -> None:
        super().__init__()
        if data_format not in ("channels_last", "channels_first"):
            raise ValueError(
                f"data_format must be 'channels_last' or 'channels_first', got {data_format!r}"
            )
        self.inplace, self.data_format = inplace, data_format
        self.weight = nn.Parameter(torch.full((dim,), float(scale)))

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, ..., C)` or `(B, C, ...)` to the same shape."""
        weight: Tensor = self.weight
        if self.data_format == "channels_first":
            weight = weight.view(-1, *[1] * (x.ndim - 2))  # (C,) -> (C, 1, ...)
        return x.mul_(weight) if self.inplace else x * weight


class InitLayerScale(LayerScale):
    """`LayerScale` with the arguments in the order of mmpretrain.

    Args:
        dim: Number of channels `C`.
        layer_scale_init_value: Start value of all numbers, or a tensor `(C,)` of them.
        inplace: Overwrite the input.
        data_format: See `LayerScale`.

    From: mmpretrain 1.2 `LayerScale`.
    """

    def __init__(
        self,
        dim: int,
        layer_scale_init_value: float | Tensor = 1e-5,
        inplace: bool = False,
        data_format: str = "channels_last",
    ) -> None:
        super().__init__(dim, inplace, data_format)
        with torch.no_grad():
            self.weight.copy_(torch.ones(dim) * layer_scale_init_value)

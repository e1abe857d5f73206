"""Cuts images into patches and makes a vector of each."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from mmlight.compat.base_module import BaseModule
from mmlight.compat.cnn.layer import build_conv_layer
from mmlight.compat.cnn.norm import build_norm_layer
from mmlight.compat.sequence import to_2tuple

Pair = int | tuple[int, int]


class AdaptivePadding(nn.Module):
    """Pad an image so that kernels cover it to its end.

    Args:
        kernel_size: Size of the kernel [px].
        stride: Step [px].
        dilation: Distance of the kernel's points [px].
        padding: 'corner' pads at the right and below, 'same' on all sides.

    From: mmcv 1.7 and 2.2 `mmcv.cnn.bricks.transformer.AdaptivePadding`.
    """

    def __init__(
        self,
        kernel_size: Pair = 1,
        stride: Pair = 1,
        dilation: Pair = 1,
        padding: str = "corner",
    ) -> None:
        super().__init__()
        if padding not in ("same", "corner"):
            raise ValueError(f"padding must be 'same' or 'corner', got {padding!r}")
        self.padding = padding
        self.kernel_size = to_2tuple(kernel_size)
        self.stride = to_2tuple(stride)
        self.dilation = to_2tuple(dilation)

    def get_pad_shape(self, input_shape: tuple[int, int]) -> tuple[int, int]:
        """Return how many rows and columns an image `(H, W)` lacks."""
        lacks = [
            max((-(-size // step) - 1) * step + (kernel - 1) * gap + 1 - size, 0)
            for size, kernel, step, gap in zip(
                input_shape, self.kernel_size, self.stride, self.dilation, strict=True
            )
        ]
        return lacks[0], lacks[1]

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to `(B, C, H', W')`."""
        rows, columns = self.get_pad_shape((x.shape[-2], x.shape[-1]))
        top, left = (rows // 2, columns // 2) if self.padding == "same" else (0, 0)
        return functional.pad(x, [left, columns - left, top, rows - top])


class PatchEmbed(BaseModule):
    """Make a vector of each patch by a convolution.

    Args:
        in_channels: Channels of the images.
        embed_dims: Length of the vectors `C`.
        conv_type: Type of the convolution, see `build_conv_layer`.
        kernel_size: Size of a patch [px].
        stride: Step from patch to patch [px]; None means `kernel_size`.
        padding: 'corner', 'same', see `AdaptivePadding`, or a number [px].
        dilation: Distance of the kernel's points [px].
        bias: Whether the convolution adds a bias.
        norm_cfg: Norm of the vectors, see `build_norm_layer`.
        input_size: Size of the images, where `init_out_size` is asked for [px].
        init_cfg: See `BaseModule`.

    From: mmcv 1.7 and 2.2 `mmcv.cnn.bricks.transformer.PatchEmbed`.
    """

    def __init__(
        self,
        in_channels: int = 3,
        embed_dims: int = 768,
        conv_type: str = "Conv2d",
        kernel_size: Pair = 16,
        stride: Pair | None = 16,
        padding: Pair | str = "corner",
        dilation: Pair = 1,
        bias: bool = True,
        norm_cfg: Mapping[str, Any] | None = None,
        input_size: Pair | None = None,
        init_cfg: Any = None,
    ) -> None:
        super().__init__(init_cfg)
        self.embed_dims = embed_dims
        steps = stride or kernel_size
        self.adaptive_padding: AdaptivePadding | None = None
        if isinstance(padding, str):
            self.adaptive_padding = AdaptivePadding(kernel_size, steps, dilation, padding)
            padding = 0
        self.projection: Any = build_conv_layer(
            {"type": conv_type},
            in_channels,
            embed_dims,
            kernel_size=to_2tuple(kernel_size),
            stride=to_2tuple(steps),
            padding=to_2tuple(padding),
            dilation=to_2tuple(dilation),
            bias=bias,
        )
        self.norm = None if norm_cfg is None else build_norm_layer(norm_cfg, embed_dims)[1]
        size: Any = to_2tuple(input_size) if input_size else None
        self.init_input_size = size
        self.init_out_size = self._measure(size) if size else None

    def _measure(self, size: tuple[int, int]) -> tuple[int, ...]:
        """Return the rows and columns of patches in an image `(H, W)`."""
        lacks = self.adaptive_padding.get_pad_shape(size) if self.adaptive_padding else (0, 0)
        conv = self.projection
        return tuple(
            (
                size[i]
                + lacks[i]
                + 2 * conv.padding[i]
                - conv.dilation[i] * (conv.kernel_size[i] - 1)
                - 1
            )
            // conv.stride[i]
            + 1
            for i in range(2)
        )

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Map `(B, in_channels, H, W)` to `(B, rows * columns, C)` and (rows, columns)."""
        x = x if self.adaptive_padding is None else self.adaptive_padding(x)
        grid = self.projection(x)
        x = grid.flatten(2).transpose(1, 2)  # (B, C, rows, columns) -> (B, rows * columns, C)
        return (x if self.norm is None else self.norm(x)), (grid.shape[2], grid.shape[3])

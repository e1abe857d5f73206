"""Makes a grid of vectors of an image by a convolution, channels last."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from torch import Tensor, nn

from mmlight.compat.cnn.patch_embed import AdaptivePadding
from mmlight.models.layers.norm import norm_maker
from mmlight.models.options import take_options

Pair = int | tuple[int, int]


class PatchEmbedding(nn.Module):
    """A convolution and a norm, with the parameter names of timm.

    Args:
        in_channels: Channels of the images.
        embed_dims: Length of the vectors `C`.
        options: `kernel_size`, `stride` (None means `kernel_size`), `padding` (a number of
            pixels, or 'corner' or 'same': as much as the kernels need), `dilation`, `bias`,
            `norm_cfg` (None for no norm), `conv_type` 'Conv2d'.
        defaults: Options that `options` may leave out.

    Raises:
        ValueError: If an option is not known.

    From: mmcv 1.7 and 2.2 `PatchEmbed`.
    """

    def __init__(
        self,
        in_channels: int,
        embed_dims: int,
        options: Mapping[str, Any],
        defaults: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        super().__init__()
        known = {
            "conv_type": "Conv2d",
            "kernel_size": 16,
            "stride": None,
            "padding": "corner",
            "dilation": 1,
            "bias": True,
            "norm_cfg": None,
        }
        taken = take_options(options, {**known, **defaults}, "patch_cfg")
        if taken["conv_type"] not in ("Conv2d", "Conv", None):
            raise ValueError(f"patch_cfg conv_type must be 'Conv2d', got {taken['conv_type']!r}")
        kernel, dilation, padding = taken["kernel_size"], taken["dilation"], taken["padding"]
        stride = taken["stride"] or kernel
        adaptive = isinstance(padding, str)
        self.pad: AdaptivePadding | None = (
            AdaptivePadding(kernel, stride, dilation, padding) if adaptive else None
        )
        self.proj = nn.Conv2d(
            in_channels,
            embed_dims,
            kernel,
            stride,
            padding=0 if adaptive else padding,
            dilation=dilation,
            bias=taken["bias"],
        )
        norm_cfg = taken["norm_cfg"]
        self.norm = nn.Identity() if norm_cfg is None else norm_maker(norm_cfg)(embed_dims)

    def forward(self, images: Tensor) -> Tensor:
        """Map images `(B, C, H, W)` to vectors `(B, H', W', C')`."""
        padded = images if self.pad is None else self.pad(images)
        patches: Tensor = self.norm(self.proj(padded).permute(0, 2, 3, 1))
        return patches

    def grid(self, size: Pair) -> tuple[int, int]:
        """Return the rows and columns of vectors that an image (height, width) gives."""
        height, width = (size, size) if isinstance(size, int) else size
        lack = self.pad.get_pad_shape((height, width)) if self.pad is not None else (0, 0)
        conv = self.proj
        rows, columns = (
            (edge + more + 2 * int(pad) - gap * (kernel - 1) - 1) // step + 1
            for edge, more, pad, gap, kernel, step in zip(
                (height, width),
                lack,
                conv.padding,
                conv.dilation,
                conv.kernel_size,
                conv.stride,
                strict=True,
            )
        )
        return rows, columns

"""Adds to every pixel, or multiplies it with, what the whole image says."""

from collections.abc import Sequence

from torch import Tensor, nn

from mmlight.compat.initialize import constant_init, kaiming_init


class ContextBlock(nn.Module):
    """Global context block.

    Args:
        in_channels: Number of channels `C`.
        ratio: Channels between the two convolutions, as a part of `C`.
        pooling_type: 'att' for a learned weight per pixel, 'avg' for the mean.
        fusion_types: 'channel_add', 'channel_mul' or both.

    From: mmcv 1.7 and 2.2 `ContextBlock`.
    """

    _abbr_ = "context_block"

    def __init__(
        self,
        in_channels: int,
        ratio: float,
        pooling_type: str = "att",
        fusion_types: Sequence[str] = ("channel_add",),
    ) -> None:
        super().__init__()
        if pooling_type not in ("avg", "att"):
            raise ValueError(f"pooling_type must be 'avg' or 'att', got {pooling_type!r}")
        if not fusion_types or set(fusion_types) - {"channel_add", "channel_mul"}:
            raise ValueError(
                f"fusion_types must be of 'channel_add' and 'channel_mul', got {fusion_types!r}"
            )
        self.in_channels, self.ratio = in_channels, ratio
        self.planes = int(in_channels * ratio)
        self.pooling_type, self.fusion_types = pooling_type, fusion_types
        if pooling_type == "att":
            self.conv_mask = nn.Conv2d(in_channels, 1, 1)
        else:
            self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.channel_add_conv = self._build_branch("channel_add")
        self.channel_mul_conv = self._build_branch("channel_mul")
        self.reset_parameters()

    def _build_branch(self, fusion_type: str) -> nn.Sequential | None:
        if fusion_type not in self.fusion_types:
            return None
        return nn.Sequential(
            nn.Conv2d(self.in_channels, self.planes, 1),
            nn.LayerNorm([self.planes, 1, 1]),
            nn.ReLU(inplace=True),
            nn.Conv2d(self.planes, self.in_channels, 1),
        )

    def reset_parameters(self) -> None:
        """Draw the weights of the pixels by He's rule; the branches start as zero."""
        if self.pooling_type == "att":
            kaiming_init(self.conv_mask, mode="fan_in")
        for branch in (self.channel_add_conv, self.channel_mul_conv):
            if branch is not None:
                constant_init(branch[-1], 0)

    def spatial_pool(self, x: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to `(B, C, 1, 1)`."""
        if self.pooling_type == "avg":
            pooled: Tensor = self.avg_pool(x)
            return pooled
        weights = self.conv_mask(x).flatten(2).softmax(dim=2)  # (B, 1, H, W) -> (B, 1, H * W)
        pixels = x.flatten(2).unsqueeze(1)  # (B, C, H, W) -> (B, 1, C, H * W)
        context: Tensor = pixels @ weights.unsqueeze(
            -1
        )  # (B, 1, C, N) @ (B, 1, N, 1) -> (B, 1, C, 1)
        return context.transpose(1, 2)  # (B, 1, C, 1) -> (B, C, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to the same shape."""
        context = self.spatial_pool(x)
        out = x
        if self.channel_mul_conv is not None:
            out = out * self.channel_mul_conv(context).sigmoid()
        if self.channel_add_conv is not None:
            out = out + self.channel_add_conv(context)
        return out

"""Mixes every pixel with all others, by how alike they are."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from torch import Tensor, cat, nn

from mmlight.compat.cnn.conv_module import ConvModule
from mmlight.compat.initialize import constant_init, normal_init

MODES: Final = ("gaussian", "embedded_gaussian", "dot_product", "concatenation")


class _NonLocal(nn.Module):
    """What the blocks for 1, 2 and 3 dimensions share."""

    conv_type: ClassVar[str]
    pool: ClassVar[type[nn.Module]]
    pool_size: ClassVar[int | tuple[int, ...]] = 2

    def __init__(
        self,
        in_channels: int,
        sub_sample: bool = False,
        conv_cfg: Mapping[str, Any] | None = None,
        reduction: int = 2,
        use_scale: bool = True,
        norm_cfg: Mapping[str, Any] | None = None,
        mode: str = "embedded_gaussian",
        std: float = 0.01,
        zeros_init: bool = True,
    ) -> None:
        super().__init__()
        if mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(map(repr, MODES))}, got {mode!r}")
        self.in_channels, self.reduction, self.use_scale = in_channels, reduction, use_scale
        self.inter_channels = inner = max(in_channels // reduction, 1)
        self.mode, self.sub_sample = mode, sub_sample
        plain: dict[str, Any] = {
            "kernel_size": 1,
            "conv_cfg": conv_cfg or {"type": self.conv_type},
            "act_cfg": None,
        }
        self.g: Any = ConvModule(in_channels, inner, **plain)
        self.conv_out = ConvModule(inner, in_channels, norm_cfg=norm_cfg, **plain)
        if mode != "gaussian":
            self.theta = ConvModule(in_channels, inner, **plain)
            self.phi: Any = ConvModule(in_channels, inner, **plain)
        if mode == "concatenation":
            self.concat_project = ConvModule(inner * 2, 1, kernel_size=1, bias=False)
        self.init_weights(std, zeros_init)
        if sub_sample:
            pool = self.pool(self.pool_size)
            self.g = nn.Sequential(self.g, pool)
            self.phi = pool if mode == "gaussian" else nn.Sequential(self.phi, pool)

    def init_weights(self, std: float = 0.01, zeros_init: bool = True) -> None:
        """Draw the weights from N(0, std^2); the last layer starts as zero with `zeros_init`."""
        inner: list[Any] = [self.g]
        inner += [] if self.mode == "gaussian" else [self.theta, self.phi]
        for module in inner:
            first: Any = module
            if isinstance(module, nn.Sequential):  # with `sub_sample`
                first = module[0]
            normal_init(first.conv, std=std)
        last = self.conv_out.conv if self.conv_out.norm is None else self.conv_out.norm
        if zeros_init:
            constant_init(last, 0)
        else:
            normal_init(last, std=std)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, C, ...)` to the same shape."""
        values = self.g(x).flatten(2).transpose(1, 2)  # (B, C', ...) -> (B, N, C')
        mixed = self._compare(x) @ values  # (B, M, N) @ (B, N, C') -> (B, M, C')
        mixed = mixed.transpose(1, 2).reshape(len(x), -1, *x.shape[2:])  # -> (B, C', ...)
        out: Tensor = x + self.conv_out(mixed)
        return out

    def _compare(self, x: Tensor) -> Tensor:
        """Return the weight of each pixel for each, `(B, M, N)`."""
        gaussian = self.mode == "gaussian"
        first = (x if gaussian else self.theta(x)).flatten(2)  # (B, C', ...) -> (B, C', M)
        second = x if gaussian and not self.sub_sample else self.phi(x)
        second = second.flatten(2)  # (B, C', ...) -> (B, C', N)
        if self.mode == "concatenation":
            size = (-1, -1, first.shape[2], second.shape[2])
            pairs = cat([first.unsqueeze(3).expand(size), second.unsqueeze(2).expand(size)], dim=1)
            weights: Tensor = self.concat_project(pairs).flatten(0, 1)  # (B, 1, M, N) -> (B, M, N)
            return weights / weights.shape[-1]
        weights = first.transpose(1, 2) @ second  # (B, M, C') @ (B, C', N) -> (B, M, N)
        if self.mode == "dot_product":
            return weights / weights.shape[-1]
        if self.use_scale and not gaussian:
            weights = weights / first.shape[1] ** 0.5
        return weights.softmax(dim=-1)


class NonLocal1d(_NonLocal):
    """Non-local block on `(B, C, L)`.

    Args:
        in_channels: Number of channels `C`.
        sub_sample: Halve the size of what each pixel is compared with.
        conv_cfg: The convolution, see `build_conv_layer`.
        reduction: `C` over the number of channels inside.
        use_scale: Divide the likeness by the root of the channels inside; 'embedded_gaussian' only.
        norm_cfg: Norm of the last convolution.
        mode: One of `MODES`.
        std: Deviation of the start values.
        zeros_init: Start as the identity.

    From: mmcv 1.7 and 2.2 `NonLocal1d`, `NonLocal2d`, `NonLocal3d`.
    """

    conv_type = "Conv1d"
    pool = nn.MaxPool1d


class NonLocal2d(_NonLocal):
    """Non-local block on `(B, C, H, W)`; arguments as in `NonLocal1d`."""

    _abbr_ = "nonlocal_block"
    conv_type = "Conv2d"
    pool = nn.MaxPool2d


class NonLocal3d(_NonLocal):
    """Non-local block on `(B, C, D, H, W)`; arguments as in `NonLocal1d`."""

    conv_type = "Conv3d"
    pool = nn.MaxPool3d
    pool_size = (1, 2, 2)

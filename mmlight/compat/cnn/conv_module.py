"""Convolution, normalization and activation as one module, in any order."""

import warnings
from collections.abc import Mapping
from typing import Any, Final

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.instancenorm import _InstanceNorm

from mmlight.compat.cnn.layer import build_activation_layer, build_conv_layer, build_padding_layer
from mmlight.compat.cnn.norm import build_norm_layer
from mmlight.compat.initialize import constant_init, kaiming_init

Pair = int | tuple[int, int]
Cfg = Mapping[str, Any]
RELU: Final[Cfg] = {"type": "ReLU"}
# activations without the argument `inplace`
_NOT_INPLACE = ("Tanh", "PReLU", "Sigmoid", "HSigmoid", "Swish", "GELU")


def _to_dict(cfg: Cfg | None) -> dict[str, Any] | None:
    return None if cfg is None else dict(cfg)


class ConvModule(nn.Module):
    """A convolution with the norm and the activation that go with it.

    The parts are `padding_layer`, `conv`, the norm under its short name (`bn`, `gn`, ...) and
    `activate`.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the result.
        kernel_size: Size of the kernel [px].
        stride: Step [px].
        padding: Border [px].
        dilation: Distance of the kernel's points [px].
        groups: Number of groups of channels.
        bias: Whether the convolution adds a bias; 'auto' means: where there is no norm.
        conv_cfg: See `build_conv_layer`.
        norm_cfg: See `build_norm_layer`; None for no norm.
        act_cfg: See `build_activation_layer`; None for no activation.
        inplace: Whether the activation overwrites its input, where it can.
        with_spectral_norm: Normalize the weight by its largest singular value.
        padding_mode: 'zeros' or 'circular' as torch does it, or a type of `build_padding_layer`.
        order: 'conv', 'norm' and 'act' in the order of running.
        efficient_conv_bn_eval: Only False: torch's compiler fuses the two.

    From: mmcv 1.7 and 2.2 `ConvModule`, without `efficient_conv_bn_eval`.
    """

    _abbr_ = "conv_block"

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair = 0,
        dilation: Pair = 1,
        groups: int = 1,
        bias: bool | str = "auto",
        conv_cfg: Cfg | None = None,
        norm_cfg: Cfg | None = None,
        act_cfg: Cfg | None = RELU,
        inplace: bool = True,
        with_spectral_norm: bool = False,
        padding_mode: str = "zeros",
        order: tuple[str, str, str] = ("conv", "norm", "act"),
        efficient_conv_bn_eval: bool = False,
    ) -> None:
        super().__init__()
        if sorted(order) != ["act", "conv", "norm"]:
            raise ValueError(f"order must hold 'conv', 'norm' and 'act' once each, got {order!r}")
        if efficient_conv_bn_eval:
            raise ValueError("efficient_conv_bn_eval must be False, got True")
        # dicts, for a module with other mappings cannot be copied
        self.conv_cfg, self.norm_cfg, self.act_cfg = map(_to_dict, (conv_cfg, norm_cfg, act_cfg))
        self.inplace, self.order = inplace, order
        self.with_norm, self.with_activation = norm_cfg is not None, act_cfg is not None
        self.with_bias = not self.with_norm if bias == "auto" else bool(bias)
        self.with_spectral_norm = with_spectral_norm
        self.with_explicit_padding = padding_mode not in ("zeros", "circular")
        if self.with_explicit_padding:
            self.padding_layer = build_padding_layer({"type": padding_mode}, padding)
        self.conv: Any = build_conv_layer(
            conv_cfg,
            in_channels,
            out_channels,
            kernel_size,
            stride=stride,
            padding=0 if self.with_explicit_padding else padding,
            dilation=dilation,
            groups=groups,
            bias=self.with_bias,
        )
        self._copy_attributes(padding)
        if with_spectral_norm:
            self.conv = nn.utils.spectral_norm(self.conv)
        self.norm_name = self._add_norm(in_channels, out_channels)
        if act_cfg is not None:
            self.activate = self._build_activation(act_cfg)
        self.init_weights()

    def _copy_attributes(self, padding: Pair) -> None:
        """Offer what users ask the convolution for."""
        self.padding = padding
        for name in ("in_channels", "out_channels", "kernel_size", "stride", "dilation"):
            setattr(self, name, getattr(self.conv, name))
        for name in ("transposed", "output_padding", "groups"):
            setattr(self, name, getattr(self.conv, name))

    def _add_norm(self, in_channels: int, out_channels: int) -> str | None:
        if self.norm_cfg is None:
            return None
        after = self.order.index("norm") > self.order.index("conv")
        name, norm = build_norm_layer(self.norm_cfg, out_channels if after else in_channels)
        self.add_module(name, norm)
        if self.with_bias and isinstance(norm, _BatchNorm | _InstanceNorm):
            warnings.warn("the norm takes out what the bias of the convolution adds", stacklevel=3)
        return name

    def _build_activation(self, act_cfg: Cfg) -> nn.Module:
        options = {} if act_cfg.get("type") in _NOT_INPLACE else {"inplace": self.inplace}
        return build_activation_layer({**options, **act_cfg})

    @property
    def norm(self) -> nn.Module | None:
        """The norm layer, whatever its name."""
        return getattr(self, self.norm_name) if self.norm_name else None

    def init_weights(self) -> None:
        """Draw the weights by He's rule; a convolution with `init_weights` keeps its own."""
        if not hasattr(self.conv, "init_weights"):
            leaky = self.act_cfg is not None and self.act_cfg.get("type") == "LeakyReLU"
            slope = (self.act_cfg or {}).get("negative_slope", 0.01) if leaky else 0
            kaiming_init(self.conv, a=slope, nonlinearity="leaky_relu" if leaky else "relu")
        if self.norm is not None:
            constant_init(self.norm, 1, bias=0)

    def forward(self, x: Tensor, activate: bool = True, norm: bool = True) -> Tensor:
        """Map `(B, C, H, W)` to `(B, out_channels, H', W')`.

        Args:
            x: The input.
            activate: Whether to run the activation.
            norm: Whether to run the norm.
        """
        for part in self.order:
            if part == "conv":
                x = self.conv(self.padding_layer(x) if self.with_explicit_padding else x)
            elif part == "norm" and norm and self.norm is not None:
                x = self.norm(x)
            elif part == "act" and activate and self.with_activation:
                x = self.activate(x)
        return x


class DepthwiseSeparableConvModule(nn.Module):
    """A convolution of each channel by itself, then one of all channels at each pixel.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the result.
        kernel_size: Size of the first kernel [px].
        stride: Step of the first [px].
        padding: Border of the first [px].
        dilation: Distance of the points of the first kernel [px].
        norm_cfg: Norm of both.
        act_cfg: Activation of both.
        dw_norm_cfg: Norm of the first; 'default' means `norm_cfg`.
        dw_act_cfg: Activation of the first; 'default' means `act_cfg`.
        pw_norm_cfg: Norm of the second; 'default' means `norm_cfg`.
        pw_act_cfg: Activation of the second; 'default' means `act_cfg`.
        **kwargs: Arguments of both `ConvModule`s.

    From: mmcv 1.7 and 2.2 `DepthwiseSeparableConvModule`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair = 0,
        dilation: Pair = 1,
        norm_cfg: Cfg | None = None,
        act_cfg: Cfg | None = RELU,
        dw_norm_cfg: Cfg | str | None = "default",
        dw_act_cfg: Cfg | str | None = "default",
        pw_norm_cfg: Cfg | str | None = "default",
        pw_act_cfg: Cfg | str | None = "default",
        **kwargs: Any,
    ) -> None:
        super().__init__()
        if "groups" in kwargs:
            raise ValueError(f"groups must not be given, got {kwargs['groups']!r}")

        def choose(own: Cfg | str | None, shared: Cfg | None) -> Any:
            return shared if own == "default" else own

        self.depthwise_conv = ConvModule(
            in_channels,
            in_channels,
            kernel_size,
            stride=stride,
            padding=padding,
            dilation=dilation,
            groups=in_channels,
            norm_cfg=choose(dw_norm_cfg, norm_cfg),
            act_cfg=choose(dw_act_cfg, act_cfg),
            **kwargs,
        )
        self.pointwise_conv = ConvModule(
            in_channels,
            out_channels,
            1,
            norm_cfg=choose(pw_norm_cfg, norm_cfg),
            act_cfg=choose(pw_act_cfg, act_cfg),
            **kwargs,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to `(B, out_channels, H', W')`."""
        out: Tensor = self.pointwise_conv(self.depthwise_conv(x))
        return out

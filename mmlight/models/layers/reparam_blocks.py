"""Blocks of parallel branches that fuse into one convolution, and how they fuse."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from timm.layers.conv_bn_act import ConvNormAct
from timm.layers.squeeze_excite import SEModule
from timm.models.byobnet import LayerFn
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from mmlight.compat.cnn.channel import make_divisible
from mmlight.models.layers.activation import activation_layer
from mmlight.models.layers.defaults import RELU
from mmlight.models.layers.norm import norm_layer
from mmlight.models.options import take_options

Cfg = Mapping[str, Any]
SQUEEZE_DEFAULTS: Final[Cfg] = MappingProxyType(
    {
        "squeeze_channels": None,
        "ratio": 16,
        "divisor": 8,
        "bias": "auto",
        "act_cfg": (RELU, {"type": "Sigmoid"}),
    }
)


def fuse_conv_norm(conv: Any, norm: Any) -> tuple[Tensor, Tensor]:
    """Return weight and bias of the convolution that does what a convolution and its norm do.

    Args:
        conv: A convolution without bias, weight `(O, I, H, W)`.
        norm: A batch norm over `N` channels in eval mode, where `N` divides `O`: one of its
            channels then normalizes `O / N` neighbouring rows of the weight.

    Returns:
        Weight `(O, I, H, W)` and bias `(O,)`.
    """
    repeats = len(conv.weight) // len(norm.weight)
    mean, variance, weight, bias = (
        value.repeat_interleave(repeats)
        for value in (norm.running_mean, norm.running_var, norm.weight, norm.bias)
    )
    return fuse_conv_bn_weights(conv.weight, conv.bias, mean, variance, norm.eps, weight, bias)


def build_layers(norm_cfg: Cfg, act_cfg: Cfg, se_cfg: Cfg | None = None) -> LayerFn:
    """Return what timm's blocks are made of: norms, activations, squeeze-and-excitation.

    Args:
        norm_cfg: See `norm_layer`.
        act_cfg: See `activation_layer`.
        se_cfg: Arguments of the original's `SELayer` besides `channels`; None for none.

    Raises:
        ValueError: If timm cannot do a value.
    """
    norm, activation = norm_layer(norm_cfg), activation_layer(act_cfg)

    def conv_norm(
        in_chs: int, out_chs: int, kernel_size: int, *, dilation: int = 1, **options: Any
    ) -> nn.Module:
        kept = {name: options[name] for name in ("stride", "groups")}
        padding = dilation * (kernel_size // 2)  # timm's own depends on the stride
        layer = ConvNormAct(
            *(in_chs, out_chs, kernel_size),
            padding=padding,
            dilation=dilation,
            apply_norm=False,
            **kept,
        )
        layer.bn = norm(out_chs)
        return layer

    return LayerFn(
        conv_norm_act=conv_norm,  # type: ignore[arg-type]
        norm_act=lambda channels, **_: norm(channels),  # type: ignore[arg-type]
        act=lambda inplace: activation(),  # type: ignore[arg-type]
        attn=None if se_cfg is None else squeeze_excite(se_cfg),  # type: ignore[arg-type]
    )


def squeeze_excite(se_cfg: Cfg) -> Callable[..., nn.Module]:
    """Return a function from a number of channels to timm's squeeze-and-excitation.

    Args:
        se_cfg: Arguments of the original's `SELayer` besides `channels`.

    Raises:
        ValueError: If timm cannot do a value.
    """
    options = take_options(se_cfg, SQUEEZE_DEFAULTS, "se_cfg")
    both = options["act_cfg"]
    first, second = (both, both) if isinstance(both, Mapping) else both

    def build(channels: int, **_: Any) -> nn.Module:
        squeezed = options["squeeze_channels"] or make_divisible(
            channels // options["ratio"], options["divisor"]
        )
        layer: nn.Module = SEModule(
            channels,
            rd_channels=squeezed,
            bias=bool(options["bias"]),
            act_layer=activation_layer(first),  # type: ignore[arg-type]
            gate_layer=activation_layer(second),  # type: ignore[arg-type]
        )
        return layer

    return build


def build_block(
    kind: Callable[..., nn.Module],
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    *,
    dilation: int = 1,
    groups: int = 1,
    deploy: bool,
    **options: Any,
) -> nn.Module:
    """Build a block of timm with its branches, or with the one convolution they fuse into.

    Args:
        kind: Class of the block.
        in_channels: Channels of the input.
        out_channels: Channels of the result.
        kernel_size: Kernel of the largest branch, odd [px].
        dilation: Distance of the kernel's points [px].
        groups: Groups of channels of each convolution.
        deploy: Whether there is one convolution only.
        **options: More arguments of the class.
    """
    block: Any = kind(
        *(in_channels, out_channels, kernel_size),
        dilation=(dilation, dilation),
        group_size=in_channels // groups,
        inference_mode=deploy,
        **options,
    )
    if deploy:  # timm builds it without padding
        padding = dilation * (kernel_size // 2)
        block.reparam_conv.padding = (padding, padding)
    result: nn.Module = block
    return result

"""What networks share whose parallel branches fuse into one convolution after training.

`ReparamBackbone` holds blocks of timm that have a method `reparameterize`; `RepVGG` and `MobileOne`
derive from it.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Final

from timm.layers.conv_bn_act import ConvNormAct
from timm.layers.squeeze_excite import SEModule
from timm.models.byobnet import LayerFn
from torch import Tensor, nn

from mmlight.compat.cnn.channel import make_divisible
from mmlight.compat.cnn.conv_module import ConvModule
from mmlight.models.activation import activation_layer
from mmlight.models.backbones.staged_backbone import StagedBackbone
from mmlight.models.initialize import Constant, Initializer, Kaiming
from mmlight.models.norm import freeze_norms, norm_layer
from mmlight.weights.name_map import NameRule

Cfg = Mapping[str, Any]
BATCH_NORM: Final[Cfg] = MappingProxyType({"type": "BN"})
RELU: Final[Cfg] = MappingProxyType({"type": "ReLU"})
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
    factor = norm.weight / (norm.running_var + norm.eps).sqrt()
    bias = norm.bias - norm.running_mean * factor
    repeats = len(conv.weight) // len(factor)
    factor, bias = factor.repeat_interleave(repeats), bias.repeat_interleave(repeats)
    return conv.weight * factor.reshape(-1, 1, 1, 1), bias  # (O,) -> (O, 1, 1, 1)


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
    for key, value in se_cfg.items():
        if key not in SQUEEZE_DEFAULTS:
            raise ValueError(f"se_cfg does not support {key}={value!r}")
    options = {**SQUEEZE_DEFAULTS, **se_cfg}
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


def branch_rules(places: Mapping[str, str], parts: Mapping[str, str]) -> tuple[NameRule, ...]:
    """Return a rule for each part of a block at each place of blocks.

    Args:
        places: Our place below `network` -> the original's.
        parts: Our part of a block -> the original's.
    """
    return tuple(
        NameRule(rf"network\.{ours}\.{part}\.(?P<rest>.+)", rf"{mm}.{mm_part}.\g<rest>")
        for ours, mm in places.items()
        for part, mm_part in parts.items()
    )


class ReparamNetwork(nn.Module):
    """A stem and stages of blocks, under timm's names.

    Args:
        stem: First block.
        stages: Blocks of each stage.
    """

    def __init__(self, stem: nn.Module, stages: Sequence[Sequence[nn.Module]]) -> None:
        super().__init__()
        self.stem = stem
        self.stages = nn.Sequential(*(nn.Sequential(*blocks) for blocks in stages))


class ReparamBackbone(StagedBackbone):
    """A backbone of blocks whose branches `switch_to_deploy` fuses.

    Args:
        network: The blocks.
        conv_cfg: None or `{'type': 'Conv2d'}`.
        norm_cfg: Norm of the branches.
        deploy: Whether the blocks were built fused.
        **options: Arguments of `StagedBackbone`.

    Attributes:
        deploy: Whether the branches are fused.
    """

    timm_head = "head.fc"
    default_init: ClassVar[tuple[Initializer, ...]] = (
        Kaiming(layer="Conv2d"),
        Constant(1, layer=("_BatchNorm", "GroupNorm")),
    )

    def __init__(
        self,
        network: ReparamNetwork,
        *,
        conv_cfg: Cfg | None,
        norm_cfg: Cfg,
        deploy: bool,
        **options: Any,
    ) -> None:
        if conv_cfg is not None and dict(conv_cfg) not in ({"type": "Conv2d"}, {"type": "Conv"}):
            raise ValueError(f"conv_cfg must be None or of type 'Conv2d', got {conv_cfg}")
        freeze_norms(network, norm_cfg)
        super().__init__(network, **options)
        self.norm_cfg = norm_cfg
        self.deploy = deploy

    def stem(self, images: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to the input of the first stage, of half the size."""
        return self.run_block(self.network.stem, images)

    def stages(self) -> Sequence[Sequence[nn.Module]]:
        """Return the blocks of each stage."""
        return [list(stage) for stage in self.network.stages]

    def frozen_parts(self) -> Sequence[nn.Module]:
        """Return the stem and the first stages."""
        if self.frozen_stages < 0:
            return ()
        return [self.network.stem, *self.network.stages[: self.frozen_stages]]

    def init_children(self, init: Callable[[nn.Module], None]) -> None:
        """Fill by He's rule what the originals fill so whatever the initializers are."""
        for module in self.network.modules():
            if isinstance(module, SEModule):
                Kaiming().fill_layers([module.fc1, module.fc2], only_matching=False)
            elif isinstance(module, ConvModule):
                module.init_weights()

    def switch_to_deploy(self) -> None:
        """Fuse the branches of each block into one convolution; a second call does nothing.

        Raises:
            ValueError: If the norm is no 'BN', which alone can be fused.
        """
        if self.deploy:
            return
        if self.norm_cfg["type"] != "BN":
            raise ValueError(
                f"norm_cfg must be of type 'BN' to be fused, got {self.norm_cfg['type']!r}"
            )
        stages = self.network.stages
        for block in (self.network.stem, *(block for stage in stages for block in stage)):
            block.reparameterize()
            block.__dict__.pop("id_tensor", None)  # timm leaves its unit kernel behind
        self.deploy = True

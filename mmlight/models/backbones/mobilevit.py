"""MobileViT on timm."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final

from timm.layers.helpers import make_divisible
from timm.models.byobnet import ByoBlockCfg, ByobNet, ByoModelCfg
from torch import Tensor, nn

from mmlight.compat.cnn.activation import Swish
from mmlight.models.backbones.base.out_indices import to_out_indices
from mmlight.models.backbones.base.staged_backbone import StagedBackbone
from mmlight.models.initialize import Constant, InitCfg, Initializer, Kaiming
from mmlight.models.layers.conv import check_plain_conv
from mmlight.models.layers.defaults import BATCH_NORM, SWISH
from mmlight.models.layers.norm import freeze_norms
from mmlight.models.layers.norm_act import norm_act_layer
from mmlight.weights.name_map import NameRule

Arch = Sequence[Sequence[Any]]
ARCHS: Final[Mapping[str, Arch]] = {
    "small": (
        ("mobilenetv2", 32, 1, 1, 4),
        ("mobilenetv2", 64, 2, 3, 4),
        ("mobilevit", 96, 2, 144, 288, 2, 4),
        ("mobilevit", 128, 2, 192, 384, 4, 4),
        ("mobilevit", 160, 2, 240, 480, 3, 4),
    ),
    "x_small": (
        ("mobilenetv2", 32, 1, 1, 4),
        ("mobilenetv2", 48, 2, 3, 4),
        ("mobilevit", 64, 2, 96, 192, 2, 4),
        ("mobilevit", 80, 2, 120, 240, 4, 4),
        ("mobilevit", 96, 2, 144, 288, 3, 4),
    ),
    "xx_small": (
        ("mobilenetv2", 16, 1, 1, 2),
        ("mobilenetv2", 24, 2, 3, 2),
        ("mobilevit", 48, 2, 64, 128, 2, 2),
        ("mobilevit", 64, 2, 80, 160, 4, 2),
        ("mobilevit", 80, 2, 96, 192, 3, 2),
    ),
}
"""Per stage 'mobilenetv2', channels, stride, number of blocks, widening; or 'mobilevit', channels,
stride, channels of the transformer, of its feed-forward part, number of its layers, widening."""
_BLOCK: Final = r"network\.stages\.(\d+)\.(\d+)"
RULES: Final = (
    NameRule(r"network\.final_conv\.(.+)", r"conv_1x1_exp.\1"),
    NameRule(rf"{_BLOCK}\.conv1_1x1\.(.+)", r"layers.\1.\2.conv.0.\3"),
    NameRule(rf"{_BLOCK}\.conv2_kxk\.(.+)", r"layers.\1.\2.conv.1.\3"),
    NameRule(rf"{_BLOCK}\.conv3_1x1\.(.+)", r"layers.\1.\2.conv.2.\3"),
    NameRule(rf"{_BLOCK}\.conv_kxk\.(.+)", r"layers.\1.\2.local_rep.0.\3"),
    NameRule(rf"{_BLOCK}\.conv_1x1\.(.+)", r"layers.\1.\2.local_rep.1.conv.\3"),
    NameRule(rf"{_BLOCK}\.transformer\.(\d+)\.norm(.+)", r"layers.\1.\2.global_rep.\3.ln\4"),
    NameRule(rf"{_BLOCK}\.transformer\.(\d+)\.attn\.(.+)", r"layers.\1.\2.global_rep.\3.attn.\4"),
    NameRule(
        rf"{_BLOCK}\.transformer\.(\d+)\.mlp\.fc1\.(.+)",
        r"layers.\1.\2.global_rep.\3.ffn.layers.0.0.\4",
    ),
    NameRule(
        rf"{_BLOCK}\.transformer\.(\d+)\.mlp\.fc2\.(.+)",
        r"layers.\1.\2.global_rep.\3.ffn.layers.1.\4",
    ),
    NameRule(r"network\.stages\.(.+)", r"layers.\1"),
    NameRule(r"network\.(.+)", r"\1"),
)


class MobileViT(StagedBackbone):
    """MobileViT: inverted residuals, and from the third stage on transformers between convolutions.

    Args:
        arch: A name of `ARCHS`, or a sequence like its values.
        in_channels: Channels of the images.
        stem_channels: Output channels of the stem.
        last_exp_factor: Output channels over input channels of the last convolution.
        out_indices: Stages whose outputs are returned; negative counts from the end. The last stage
            ends with the last convolution.
        frozen_stages: This many stages, without the stem, get no gradient and stay in eval mode;
            -1 freezes nothing.
        conv_cfg: None or `{'type': 'Conv2d'}`.
        norm_cfg: Of the stem and the last convolution only, as in the original: `type` 'BN' or
            'SyncBN'; `eps`, `momentum`, `requires_grad`.
        act_cfg: Activation of the stem and the last convolution; Swish in the others.
        init_cfg: See `InitModule`; by default He's rule for convolutions, one for norm layers. The
            stem and the last convolution are drawn by He's rule in any case.

    Raises:
        ValueError: If a value is out of range or timm cannot do it.

    Examples:
        >>> import torch
        >>> [tuple(x.shape) for x in MobileViT("xx_small")(torch.rand(1, 3, 64, 64))]
        [(1, 320, 2, 2)]

    From: mmpretrain 1.2 `MobileViT`.
    """

    timm_head = "head.fc"
    default_init: ClassVar[tuple[Initializer, ...]] = (
        Kaiming(layer="Conv2d"),
        Constant(1, layer=("_BatchNorm", "GroupNorm")),
    )

    def __init__(
        self,
        arch: str | Arch = "small",
        in_channels: int = 3,
        stem_channels: int = 16,
        last_exp_factor: int = 4,
        out_indices: int | Sequence[int] = (4,),
        frozen_stages: int = -1,
        conv_cfg: Mapping[str, Any] | None = None,
        norm_cfg: Mapping[str, Any] = BATCH_NORM,
        act_cfg: Mapping[str, Any] = SWISH,
        init_cfg: InitCfg = None,
    ) -> None:
        check_plain_conv(conv_cfg)
        if isinstance(arch, str):
            if arch.lower() not in ARCHS:
                raise ValueError(f"arch must be one of {', '.join(ARCHS)}, got {arch!r}")
            arch = ARCHS[arch.lower()]
        widths = [stem_channels, *(int(numbers[1]) for numbers in arch)]
        stages = [_stage(width, *numbers) for width, numbers in zip(widths, arch, strict=False)]
        cfg = ByoModelCfg(
            blocks=tuple(stages),
            stem_chs=stem_channels,
            stem_pool="",
            downsample="",
            act_layer=Swish,  # type: ignore[arg-type]
            num_features=last_exp_factor * widths[-1],
        )
        network: Any = ByobNet(
            cfg,
            in_chans=in_channels,
            num_classes=0,
            global_pool="",
            output_stride=2 ** len(arch) * 2,
        )
        make_norm = norm_act_layer(norm_cfg, act_cfg)
        for part in (network.stem, network.final_conv):
            part.bn = make_norm(part.conv.out_channels)
            freeze_norms(part, norm_cfg)
        super().__init__(
            network,
            out_indices=to_out_indices(out_indices, len(arch)),
            frozen_stages=frozen_stages,
            init_cfg=init_cfg,
        )
        self.name_rules = (*_norm_rules(network), *RULES)

    def stem(self, images: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to `(B, stem_channels, H / 2, W / 2)`."""
        x: Tensor = self.network.stem(images)
        return x

    def stages(self) -> Sequence[Sequence[nn.Module]]:
        """Return the blocks of each stage; the last convolution belongs to the last one."""
        *stages, last = self.network.stages
        return [*stages, [*last, self.network.final_conv]]

    def frozen_parts(self) -> Sequence[nn.Module]:
        """Return the first stages."""
        parts: Sequence[nn.Module] = self.network.stages[: max(self.frozen_stages, 0)]
        return parts

    def init_children(self, init: Callable[[nn.Module], None]) -> None:
        """Draw the stem and the last convolution, which the original does once more."""
        for part in (self.network.stem, self.network.final_conv):
            Kaiming().fill_layers([part.conv], only_matching=False)
            Constant(1).fill_layers([part.bn], only_matching=False)


def _stage(in_channels: int, kind: str, *numbers: Any) -> tuple[ByoBlockCfg, ...]:
    """Return timm's blocks of a stage."""
    if kind == "mobilenetv2":
        return (_residuals(in_channels, *numbers),)
    if kind != "mobilevit":
        raise ValueError(f"arch must name 'mobilenetv2' or 'mobilevit' per stage, got {kind!r}")
    channels, stride, width, hidden, depth, *expand = numbers
    transformer = {
        "transformer_dim": width,
        "transformer_depth": depth,
        "patch_size": 2,
        # timm rounds down; one step up, a width that is a whole number stays that number
        "mlp_ratio": math.nextafter(hidden / width, math.inf),
    }
    return (
        _residuals(in_channels, channels, stride, 1, *expand),
        ByoBlockCfg("mobilevit", 1, channels, 1, block_kwargs=transformer),
    )


def _residuals(
    in_channels: int, channels: int, stride: int, repeats: int, expand: float = 4
) -> ByoBlockCfg:
    """Return timm's inverted residuals in a row, if it makes them as wide as the original."""
    if channels % 8:
        raise ValueError(f"arch must have multiples of 8 for channels, got {channels}")
    for width in (in_channels, *[channels] * (repeats - 1)):
        inner: int = make_divisible(width * expand)  # type: ignore[no-untyped-call]
        if expand == 1 or inner != round(width * expand):
            raise ValueError(f"arch must widen {width} channels to a multiple of 8, got {expand}")
    options = {"bottle_in": True, "linear_out": True}
    return ByoBlockCfg("bottle", repeats, channels, stride, gs=1, br=expand, block_kwargs=options)


def _norm_rules(network: Any) -> Iterator[NameRule]:
    """Return a rule for the norm behind each transformer, which the original counts as a layer."""
    for s, stage in enumerate(network.stages):
        for b, block in enumerate(stage):
            if hasattr(block, "transformer"):
                ours, depth = rf"network\.stages\.{s}\.{b}\.norm", len(block.transformer)
                yield NameRule(rf"{ours}\.(.+)", rf"layers.{s}.{b}.global_rep.{depth}.\1")

"""Lists the networks that a config can name; imports no torch.

To add a network: put the values of its size argument into `SIZES`.
"""

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

from mmlight.spec import Call
from mmlight.translate.models import MODEL_TABLE

SIZES: Final[Mapping[str, tuple[str, Sequence[Any]]]] = {
    "BEiTViT": ("arch", ("base", "large", "eva-g")),
    "CSPDarkNet": ("depth", (53,)),
    "CSPResNeXt": ("depth", (50,)),
    "CSPResNet": ("depth", (50,)),
    "Conformer": ("arch", ("tiny", "small", "base")),
    "ConvMixer": ("arch", ("768/32", "1024/20", "1536/20")),
    "ConvNeXt": (
        "arch",
        ("atto", "femto", "pico", "nano", "tiny", "small", "base", "large", "xlarge", "huge"),
    ),
    "DaViT": ("arch", ("tiny", "small", "base", "large", "huge", "giant")),
    "DeiT3": ("arch", ("small", "medium", "base", "large", "huge")),
    "DenseNet": ("arch", ("121", "169", "201", "161")),
    "DistilledVisionTransformer": ("arch", ("deit-tiny", "deit-small", "deit-base")),
    "EdgeNeXt": ("arch", ("xxsmall", "xsmall", "small", "base")),
    "EfficientFormer": ("arch", ("l1", "l3", "l7")),
    "EfficientNet": (
        "arch",
        ("b0", "b1", "b2", "b3", "b4", "b5", "b6", "b7", "b8", "l2", "es", "em", "el"),
    ),
    "EfficientNetV2": ("arch", ("b0", "b1", "b2", "b3", "s", "m", "l", "xl")),
    "HRNet": ("arch", ("w18", "w30", "w32", "w40", "w44", "w48", "w64")),
    "HiViT": ("arch", ("tiny", "small", "base", "large")),
    "HorNet": (
        "arch",
        (
            *("tiny", "tiny-gf", "small", "small-gf", "base", "base-gf", "base-gf384"),
            *("large", "large-gf", "large-gf384"),
        ),
    ),
    "InceptionV3": ("num_classes", (1000,)),
    "LeNet5": ("num_classes", (10,)),
    "LeViT": ("arch", ("128s", "128", "192", "256", "384")),
    "MViT": ("arch", ("tiny", "small", "base", "large")),
    "MixMIMTransformer": ("arch", ("base", "large", "huge")),
    "MlpMixer": ("arch", ("small", "base", "large")),
    "MoCoV3ViT": ("arch", ("mocov3-small", "base", "large")),
    "MobileNetV2": ("widen_factor", (0.5, 0.75, 1.0, 1.4)),
    "MobileNetV3": ("arch", ("small_050", "small_075", "small", "large")),
    "MobileOne": ("arch", ("s0", "s1", "s2", "s3", "s4")),
    "MobileViT": ("arch", ("xx_small", "x_small", "small")),
    "PCPVT": ("arch", ("small", "base", "large")),
    "PoolFormer": ("arch", ("s12", "s24", "s36", "m36", "m48")),
    "PyramidVig": ("arch", ("tiny", "small", "medium", "base")),
    "RIFormer": ("arch", ("s12", "s24", "s36", "m36", "m48")),
    "RegNet": (
        "arch",
        (
            *("regnetx_400mf", "regnetx_800mf", "regnetx_1.6gf", "regnetx_3.2gf"),
            *("regnetx_4.0gf", "regnetx_6.4gf", "regnetx_8.0gf", "regnetx_12gf"),
        ),
    ),
    "RepLKNet": ("arch", ("31B", "31L", "XL")),
    "RepMLPNet": ("arch", ("base",)),
    "RepVGG": (
        "arch",
        (
            *("A0", "A1", "A2", "B0", "B1", "B1g2", "B1g4", "B2", "B2g2", "B2g4"),
            *("B3", "B3g2", "B3g4", "D2se", "yolox-pai-small"),
        ),
    ),
    "Res2Net": ("depth", (50, 101, 152)),
    "ResNeSt": ("depth", (50, 101, 152, 200, 269)),
    "ResNeXt": ("depth", (50, 101, 152)),
    "ResNet": ("depth", (18, 34, 50, 101, 152)),
    "ResNetV1c": ("depth", (18, 34, 50, 101, 152)),
    "ResNetV1d": ("depth", (18, 34, 50, 101, 152)),
    "ResNet_CIFAR": ("depth", (18, 34, 50, 101, 152)),
    "RevVisionTransformer": ("arch", ("small", "base", "large", "huge")),
    "SEResNeXt": ("depth", (50, 101, 152)),
    "SEResNet": ("depth", (50, 101, 152)),
    "SVT": ("arch", ("small", "base", "large")),
    "ShuffleNetV1": ("groups", (1, 2, 3, 4, 8)),
    "ShuffleNetV2": ("widen_factor", (0.5, 1.0, 1.5, 2.0)),
    "SwinTransformer": ("arch", ("tiny", "small", "base", "large")),
    "SwinTransformerV2": ("arch", ("tiny", "small", "base", "large", "huge", "giant")),
    "T2T_ViT": ("num_layers", (14,)),
    "TNT": ("arch", ("small", "base")),
    "TinyViT": ("arch", ("5m", "11m", "21m")),
    "VAN": ("arch", ("tiny", "small", "base", "large")),
    "VGG": ("depth", (11, 13, 16, 19)),
    "ViTEVA02": ("arch", ("tiny", "small", "base", "large")),
    "ViTSAM": ("arch", ("base", "large", "huge")),
    "Vig": ("arch", ("tiny", "small", "base")),
    "VisionTransformer": (
        "arch",
        (
            *("deit-tiny", "deit-small", "deit-base", "small", "base", "large", "huge"),
            *("eva-g", "dinov2-small", "dinov2-giant"),
        ),
    ),
    "XCiT": ("depth", (12, 24)),
}
"""Type of a backbone -> its size argument and the values of it that have a name."""


def list_models(pattern: str = "") -> list[str]:
    """Return the backbones that a config can name, as `type argument=value`.

    Args:
        pattern: Part of a name, upper or lower case; `*` and `?` stand for any text and letter, as
            do `_`, `-`, and nothing between a letter and a number: `resnet50`, `swin_tiny`.

    Examples:
        >>> list_models("resnet*=18")
        ['ResNet depth=18', 'ResNetV1c depth=18', 'ResNetV1d depth=18', 'ResNet_CIFAR depth=18']

    From: mmpretrain 1.2 `list_models`, which lists configs with published weights instead.
    """
    names = (f"{kind} {key}={value}" for kind, (key, values) in SIZES.items() for value in values)
    wanted = re.sub(r"[_-]+|(?<=[a-z])(?=\d)", "*", pattern.lower())
    return [name for name in names if fnmatchcase(name.lower(), f"*{wanted}*")]


def describe_backbone(name: str) -> Call:
    """Return the call that builds a backbone of `list_models`."""
    kind, _, rest = name.partition(" ")
    key, _, text = rest.partition("=")
    value = next(value for value in SIZES[kind][1] if str(value) == text)
    return MODEL_TABLE.describe({"type": kind, key: value}, "mmpretrain")

"""Where timm differs from our names below `network`, in names or layout, and in the head.

To add a backbone: add its class name to `NETWORK_RULES` (our name below `network.` -> timm's) or
`HEAD_RULES` (our name below `head.` -> timm's); tests/weights/test_timm_names.py then compares with
the network of timm.
"""

from collections.abc import Mapping
from typing import Final

from torch import Tensor

from mmlight.weights.name_map import NameRule, TensorTransform


def _to_conv(weight: Tensor) -> Tensor:
    """Turn a linear layer into a convolution of one place."""
    return weight[:, :, None, None]  # (K, C) -> (K, C, 1, 1)


def _to_wide_conv(weight: Tensor) -> Tensor:
    """Turn a linear layer over features of 7x7 into a convolution."""
    return weight.reshape(len(weight), -1, 7, 7)  # (K, C * 49) -> (K, C, 7, 7)


def _to_linear(weight: Tensor) -> Tensor:
    """Turn a convolution over all places into a linear layer."""
    return weight.flatten(1)  # (K, C, H, W) -> (K, C * H * W)


POINTWISE: Final = TensorTransform(to_mm=_to_conv, to_ours=_to_linear)
# timm has a place for a pooling that the first stage, of stride 1, does not need
POOLING_SHORTCUT: Final = (
    NameRule(r"(layer1\.0\.downsample)\.1\.(.+)", r"\1.2.\2"),
    NameRule(r"(layer1\.0\.downsample)\.0\.(.+)", r"\1.1.\2"),
)
NETWORK_RULES: Final[Mapping[str, tuple[NameRule, ...]]] = {
    "DaViT": (NameRule(r"norm_pre\.(.+)", r"head.norm.\1"),),
    "ResNeSt": POOLING_SHORTCUT,
    "ResNetV1d": POOLING_SHORTCUT,
    "VGG": (
        NameRule(
            r"pre_logits\.fc1\.weight",
            "pre_logits.fc1.weight",
            TensorTransform(to_mm=_to_wide_conv, to_ours=_to_linear),
        ),
        NameRule(r"pre_logits\.fc2\.weight", "pre_logits.fc2.weight", POINTWISE),
    ),
}
"""Class of a backbone -> rules for its network; names without a rule are timm's."""
DIFFERENCES: Final[Mapping[str, str]] = {
    "DaViT": "timm normalizes behind the pooling, this network before it",
    "DeiT3": "without use_ln2=True the norms of the feed-forward layers are not used",
    "EfficientNet": "only timm's tf_efficientnet_* has this padding and this eps",
    "MobileNetV3": "timm's norms have norm_cfg=dict(type='BN', eps=1e-5)",
    "PoolFormer": "timm normalizes behind the pooling, this network before it",
}
"""Class of a backbone whose names timm shares -> why logits differ with the same weights."""
HEAD_RULES: Final[Mapping[str, tuple[NameRule, ...]]] = {
    "MobileNetV3": (
        NameRule(r"layers\.0\.fc\.weight", "conv_head.weight", POINTWISE),
        NameRule(r"layers\.0\.fc\.bias", "conv_head.bias"),
        NameRule(r"layers\.1\.fc\.(.+)", r"classifier.\1"),
    ),
}
"""Class of a backbone -> rules for the head that goes with it, where it is not one linear layer."""

"""Other packages' names for weights that fit a network of timm.

A dialect turns a whole state dict into timm's names. The result is compared with the module like
any other naming, so a dialect that does not apply does no harm.

To add a dialect: 1. write rules in `RULES`, or a function state, module -> renamed state; 2. add it
to `DIALECTS` with the key that tells it apart.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from timm.models.efficientnet import EfficientNet
from torch import Tensor, nn

_EXPANDED = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
    "_se_reduce": "se.conv_reduce",
    "_se_expand": "se.conv_expand",
}
_PLAIN = {
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn1",
    "_project_conv": "conv_pw",
    "_bn2": "bn2",
    "_se_reduce": "se.conv_reduce",
    "_se_expand": "se.conv_expand",
}
_OUTER = {
    "_conv_stem": "conv_stem",
    "_bn0": "bn1",
    "_conv_head": "conv_head",
    "_bn1": "bn2",
    "_fc": "classifier",
}


State = Mapping[str, Tensor]
VIT_RULES: Final = (
    (r"^class_token$", "cls_token"),
    (r"^encoder\.pos_embedding$", "pos_embed"),
    (r"^conv_proj\.", "patch_embed.proj."),
    (r"^encoder\.ln\.", "norm."),
    (r"^heads\.head\.", "head."),
    (r"^encoder\.layers\.encoder_layer_(\d+)\.", r"blocks.\1."),
    (r"\.ln_([12])\.", r".norm\1."),
    (r"\.self_attention\.in_proj_", ".attn.qkv."),
    (r"\.self_attention\.out_proj\.", ".attn.proj."),
    (r"\.mlp\.(?:linear_1|0)\.", ".mlp.fc1."),
    (r"\.mlp\.(?:linear_2|3)\.", ".mlp.fc2."),
)


def _from_torchvision_vit(state: State, module: nn.Module) -> dict[str, Tensor]:
    """Rename a Vision Transformer of torchvision, whose values are laid out as timm's."""
    renamed = {}
    for name, value in state.items():
        new = name
        for pattern, replacement in VIT_RULES:
            new = re.sub(pattern, replacement, new)
        renamed[new] = value
    return renamed


def _from_efficientnet_pytorch(state: State, module: nn.Module) -> dict[str, Tensor]:
    """Rename the flat blocks of `efficientnet_pytorch` and its lite kin into timm's stages."""
    network: Any = next((part for part in module.modules() if isinstance(part, EfficientNet)), None)
    stages = [] if network is None else network.blocks
    blocks = [f"blocks.{s}.{b}" for s, stage in enumerate(stages) for b in range(len(stage))]
    renamed = {}
    for name, value in state.items():
        head, _, rest = name.partition(".")
        if head == "_blocks":
            index, part, leaf = rest.split(".", 2)
            expanded = f"_blocks.{index}._expand_conv.weight" in state
            inner = (_EXPANDED if expanded else _PLAIN).get(part, part)
            if int(index) < len(blocks):
                renamed[f"{blocks[int(index)]}.{inner}.{leaf}"] = value
        else:
            renamed[f"{_OUTER.get(head, head)}.{rest}"] = value
    return renamed


DIALECTS: Final[Mapping[str, tuple[str, Callable[[State, nn.Module], dict[str, Tensor]]]]] = {
    "_conv_stem.weight": ("efficientnet_pytorch", _from_efficientnet_pytorch),
    "encoder.pos_embedding": ("torchvision", _from_torchvision_vit),
}
"""A key that tells a dialect apart -> its package, and what turns it into timm's names."""


def translate_dialects(state: State, module: nn.Module) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """Rename a state dict by every dialect that it may be in.

    Args:
        state: Tensors by foreign name.
        module: The module that they may fit.

    Yields:
        The package whose names they are, and the tensors by timm's names.
    """
    for key, (package, translate) in DIALECTS.items():
        if key in state:
            yield package, translate(state, module)

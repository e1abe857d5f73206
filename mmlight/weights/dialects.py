"""Other packages' names for weights that fit one of our networks.

A dialect turns a whole state dict into the names of the network inside a backbone. The result is
compared with the module like any other naming, so a dialect that does not apply does no harm.

To add a dialect: 1. write a function state, module -> renamed state; 2. name the key that tells it
apart in `DIALECTS`.
"""

from collections.abc import Callable, Mapping
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


def _from_efficientnet_pytorch(state: Mapping[str, Tensor], module: nn.Module) -> dict[str, Tensor]:
    """Rename the flat blocks of `efficientnet_pytorch` and its lite kin into timm's stages."""
    found = _find_network(module)
    if found is None:
        return {}
    prefix, network = found
    stages: Any = network.blocks
    blocks = [f"blocks.{s}.{b}" for s, stage in enumerate(stages) for b in range(len(stage))]
    renamed = {}
    for name, value in state.items():
        head, _, rest = name.partition(".")
        if head == "_blocks":
            index, part, leaf = rest.split(".", 2)
            expanded = f"_blocks.{index}._expand_conv.weight" in state
            inner = (_EXPANDED if expanded else _PLAIN).get(part, part)
            if int(index) < len(blocks):
                renamed[f"{prefix}{blocks[int(index)]}.{inner}.{leaf}"] = value
        else:
            renamed[f"{prefix}{_OUTER.get(head, head)}.{rest}"] = value
    return renamed


def _find_network(module: nn.Module) -> tuple[str, EfficientNet] | None:
    """Return the timm EfficientNet in a module, with the prefix of its names."""
    for name, child in module.named_modules():
        if isinstance(child, EfficientNet):
            return (f"{name}." if name else ""), child
    return None


DIALECTS: Final[Mapping[str, Callable[[Mapping[str, Tensor], nn.Module], dict[str, Tensor]]]] = {
    "_conv_stem.weight": _from_efficientnet_pytorch,
}


def translate_dialect(state: Mapping[str, Tensor], module: nn.Module) -> dict[str, Tensor]:
    """Rename a state dict when it is in a dialect that we know; else return nothing.

    Args:
        state: Tensors by foreign name.
        module: The module that they may fit.
    """
    for key, translate in DIALECTS.items():
        if key in state:
            return translate(state, module)
    return {}

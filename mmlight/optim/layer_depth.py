"""Tells how deep inside its backbone a parameter lies, by the original's names.

To add a backbone: 1. write a function of the names, if none of these fits; 2. add its class to
`KINDS`; 3. tests/reference/test_param_groups.py compares every backbone type of the originals.
"""

import math
import re
from collections.abc import Callable, Iterable
from typing import Final

from torch import nn

Depth = tuple[int, int]
"""Depth of a parameter, from 0 for the stem, and how many depths there are."""


class LayerDepths:
    """The depths of the parameters of one backbone.

    Args:
        backbone: The backbone. A method `get_layer_depth(name, prefix)` of its own is asked.
        names: The original's names of its parameters, without `prefix`.
        prefix: What names of the backbone begin with, seen from the whole model.

    Raises:
        ValueError: If the backbone has no depths.

    Examples:
        >>> class VisionTransformer(nn.Module): ...
        >>> names = ["cls_token", "layers.0.ln1.bias", "layers.1.ln1.bias", "ln1.bias"]
        >>> depths = LayerDepths(VisionTransformer(), names)
        >>> [depths.find(f"backbone.{name}")[0] for name in names], depths.find("head.bias")
        ([0, 1, 2, 3], (3, 4))

    From: mmpretrain 1.2 `ImageClassifier.get_layer_depth` and that of its backbones.
    """

    def __init__(
        self, backbone: nn.Module, names: Iterable[str], prefix: str = "backbone."
    ) -> None:
        self.prefix = prefix
        self._own: Callable[[str, str], Depth] | None = getattr(backbone, "get_layer_depth", None)
        kinds = [KINDS[cls.__name__] for cls in type(backbone).__mro__ if cls.__name__ in KINDS]
        if self._own is None and not kinds:
            raise ValueError(
                f"backbone must be one whose layers have depths ({', '.join(sorted(KINDS))}, or"
                f" your own with get_layer_depth), got {type(backbone).__name__}"
            )
        self._kind = kinds[0] if kinds else find_in_transformer
        self._counts = _count_blocks(names)

    def find(self, name: str) -> Depth:
        """Return the depth of a parameter of the whole model, by the original's name."""
        if self._own is not None:
            return self._own(name, self.prefix)
        inside = name.startswith(self.prefix)
        return self._kind(name[len(self.prefix) :] if inside else "", name, self._counts)


Counts = dict[str, int]
"""How many children the containers of a backbone have, by their names: 'layers', 'stages.0'."""
Find = Callable[[str, str, Counts], Depth]
"""From the name inside the backbone (empty outside) and the whole name to the depth."""


def _count_blocks(names: Iterable[str]) -> Counts:
    """Count the children that have numbers.

    Examples:
        >>> _count_blocks(["layers.0.bias", "layers.1.0.bias", "layer4.2.bias"])
        {'layers': 2, 'layers.1': 1, 'layer4': 3}
    """
    counts: Counts = {}
    for name in names:
        for match in re.finditer(r"\.(\d+)(?=\.)", name):
            place = name[: match.start()]
            counts[place] = max(counts.get(place, 0), int(match[1]) + 1)
    return counts


def find_in_transformer(name: str, whole: str, counts: Counts) -> Depth:
    """Count the blocks of a plain transformer, `layers.3.`."""
    total = counts.get("layers", 0) + 2
    if name in ("cls_token", "pos_embed") or name.startswith("patch_embed"):
        return 0, total
    if name.startswith("layers"):
        return int(name.split(".")[1]) + 1, total
    return total - 1, total


def find_in_hivit(name: str, whole: str, counts: Counts) -> Depth:
    """Tell the stem from the rest: the original looks for `layers` and has only `blocks`."""
    total = counts.get("blocks", 0) + 2
    is_stem = name == "pos_embed" or name.startswith("patch_embed")
    return (0 if is_stem else total - 1), total


def find_in_swin(name: str, whole: str, counts: Counts) -> Depth:
    """Count the blocks of all stages, `stages.1.blocks.0.`; a reduction belongs to its stage."""
    total = sum(_list_depths("stages.{}.blocks", counts)) + 2
    if name.startswith("patch_embed"):
        return 0, total
    if name.startswith("stages"):
        return _find_in_stages(name, "stages.{}.blocks", counts), total
    return total - 1, total


def find_in_mixmim(name: str, whole: str, counts: Counts) -> Depth:
    """Count as for Swin; the last norm and the neck lie one before the head."""
    total = sum(_list_depths("layers.{}.blocks", counts)) + 2
    if not name:
        return total - (2 if whole.startswith("neck") else 1), total
    if "patch_embed" in name or "pos_embed" in name:
        return 0, total
    if name.startswith("layers"):
        return _find_in_stages(name, "layers.{}.blocks", counts), total
    return total - 2, total


def find_in_convnext(name: str, whole: str, counts: Counts) -> Depth:
    """Put three blocks of the third stage together, and all blocks of every other stage."""
    last = 12 if _list_depths("stages.{}", counts)[-2] > 9 else 6
    words = name.split(".")
    if words[0] not in ("downsample_layers", "stages"):
        return last + 1, last + 2
    stage = int(words[1])
    if words[0] == "downsample_layers":
        return {0: 0, 1: 2, 2: 3}.get(stage, last), last + 2
    return {0: 1, 1: 2, 2: 3 + int(words[2]) // 3}.get(stage, last), last + 2


RESNET_BLOCKS: Final = {(4, 6): (2, 3), (4, 23): (2, 3), (8, 36): (4, 4), (24, 36): (4, 4)}
RESNET_BLOCKS[30, 48] = (5, 6)
"""Blocks of the second and third stage -> how many of them together have one depth."""


def find_in_resnet(name: str, whole: str, counts: Counts) -> Depth:
    """Put some blocks of the second and third stage together, `layer2.3.`.

    Raises:
        ValueError: If the network has other numbers of blocks than ResNet-50, 101, 152 and 200.
    """
    depths = [counts.get(f"layer{number}", 0) for number in (2, 3)]
    if tuple(depths) not in RESNET_BLOCKS:
        raise ValueError(
            "backbone must be a ResNet of depth 50, 101, 152 or 200 to have depths of layers,"
            f" got one with {depths[0]} and {depths[1]} blocks in its second and third stage"
        )
    together = RESNET_BLOCKS[depths[0], depths[1]]
    parts = [math.ceil(depth / size) for depth, size in zip(depths, together, strict=True)]
    last = 2 + sum(parts)
    if not name:
        return last + 1, last + 2
    if not name.startswith("layer"):
        return 0, last + 2
    stage, block = int(name[5]), int(name.split(".")[1])
    if stage in (2, 3):
        return (2, 2 + parts[0])[stage - 2] + block // together[stage - 2], last + 2
    return (1 if stage == 1 else last), last + 2


def _list_depths(place: str, counts: Counts) -> list[int]:
    """Return the number of blocks of each stage."""
    found: list[int] = []
    while place.format(len(found)) in counts:
        found.append(counts[place.format(len(found))])
    return found


def _find_in_stages(name: str, place: str, counts: Counts) -> int:
    depths = _list_depths(place, counts)
    _, stage, _, block = name.split(".")[:4]
    if block in ("downsample", "reduction", "norm"):
        return sum(depths[: int(stage) + 1])
    return sum(depths[: int(stage)]) + int(block) + 1


KINDS: Final[dict[str, Find]] = {
    "VisionTransformer": find_in_transformer,
    "DeiT3": find_in_transformer,
    "ViTSAM": find_in_transformer,
    "BEiTViT": find_in_transformer,
    "ViTEVA02": find_in_transformer,
    "HiViT": find_in_hivit,
    "SwinTransformer": find_in_swin,
    "MixMIMTransformer": find_in_mixmim,
    "ConvNeXt": find_in_convnext,
    "ResNet": find_in_resnet,
    "RegNet": find_in_resnet,
}
"""Class of the backbone, or of one it derives from -> how its names are read."""

"""The names that timm gives to the parameters of our modules.

Below `network` our names are timm's own, but for what `timm_rules.py` lists. The classifier, which
is a head here, is what `timm_head` of the backbone says.

To add a head: add the path of its last layer to `CLASSIFIERS`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from torch import nn

from mmlight.errors import WeightsError
from mmlight.weights.name_map import NameMap, NameRule, TensorTransform, find_entries
from mmlight.weights.timm_rules import DIFFERENCES, HEAD_RULES, NETWORK_RULES

BACKBONE: Final = "backbone."
HEAD: Final = "head."
NETWORKS: Final = ("network", "timm_model", "torchvision_model")
"""Attributes of a backbone that hold a network under the names of timm or torchvision."""
CLASSIFIERS: Final = {
    "fc": "",
    "layers.head": "",
    "layers.head_dist": "_dist",
    "head": "",
    "head_dist": "_dist",
    "dist_head": "_dist",
}
"""Path of a last layer in a head -> what timm appends to the name of its classifier."""


def timm_map(module: nn.Module) -> NameMap | None:
    """Map the names of a classifier or a backbone to timm's.

    Args:
        module: A classifier with `backbone` and perhaps `head`, or a backbone.

    Returns:
        A map whose `to_mm` gives timm's names, over the parameters that timm has; None when timm
        has no such network.
    """
    backbone: Any = getattr(module, "backbone", module)
    prefix = BACKBONE if hasattr(module, "backbone") else ""
    attribute = next((name for name in NETWORKS if hasattr(backbone, name)), None)
    classifier = find_classifier(backbone)
    if attribute is None or classifier is None:
        return None
    network = f"{prefix}{attribute}."
    rules = _find_rules(backbone, NETWORK_RULES) or ()
    head_rules = _find_rules(backbone, HEAD_RULES) or _head_rules(classifier)
    to_timm: dict[str, str] = {}
    transforms: dict[str, TensorTransform] = {}
    for name in find_entries(module):
        if name.startswith(network):
            renamed = _rename(name.removeprefix(network), rules, keep=True)
        elif name.startswith(HEAD) and module is not backbone:
            renamed = _rename(name.removeprefix(HEAD), head_rules, keep=False)
        else:
            continue
        if renamed is not None:
            to_timm[name], transform = renamed
            transforms |= {} if transform is None else {name: transform}
    return NameMap(to_timm, transforms)


def find_classifier(backbone: nn.Module) -> str | None:
    """Return what timm calls the classifier of a backbone's network; None when there is none."""
    network: Any = getattr(backbone, "timm_model", None)
    if network is not None:
        cfg = getattr(network, "pretrained_cfg", None) or {}
        classifier = cfg.get("classifier") or "fc"
        return classifier if isinstance(classifier, str) else str(classifier[0])
    name: str | None = getattr(backbone, "timm_head", None)
    return name


def explain_difference(module: nn.Module) -> str:
    """Return why a classifier or a backbone computes other logits than timm with its weights."""
    backbone = getattr(module, "backbone", module)
    return DIFFERENCES.get(type(backbone).__name__, "")


def check_timm(module: nn.Module, names: NameMap | None, location: str) -> NameMap:
    """Return the map, when timm has all of a module.

    Raises:
        WeightsError: If timm has no such network, or lacks a part of it.
    """
    kind = type(getattr(module, "backbone", module)).__name__
    if names is None:
        raise WeightsError(
            location,
            f"timm has no network that is a {kind}",
            next_step="Write it with --to mm.",
        )
    lacking = [name for name in find_entries(module) if name not in names.to_mm]
    if lacking:
        raise WeightsError(
            location,
            f"timm's {kind} has nothing that is {lacking[0]!r}",
            expected="a neck without parameters, and a head that is one linear layer",
            next_step="Write it with --to mm.",
        )
    return names


def _find_rules(
    backbone: nn.Module, table: Mapping[str, tuple[NameRule, ...]]
) -> tuple[NameRule, ...] | None:
    """Return the rules of the class of a backbone, or of the nearest class that it derives from."""
    kinds = (kind.__name__ for kind in type(backbone).__mro__)
    return next((table[kind] for kind in kinds if kind in table), None)


def _head_rules(classifier: str) -> tuple[NameRule, ...]:
    return tuple(
        NameRule(rf"{path.replace('.', '[.]')}\.(.+)", rf"{classifier}{suffix}.\1")
        for path, suffix in CLASSIFIERS.items()
    )


def _rename(
    name: str, rules: Sequence[NameRule], *, keep: bool
) -> tuple[str, TensorTransform | None] | None:
    for rule in rules:
        renamed = rule.rename(name)
        if renamed is not None:
            return renamed, rule.transform
    return (name, None) if keep else None

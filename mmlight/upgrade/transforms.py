"""Turns the transforms of mmcls 0.25 into those of mmpretrain 1.2, saying what 0.x meant.

A class of the same name often draws from another generator in 0.x (`random`, not `numpy.random`)
or computes other pixels; such a class is given `generation='0.x'`. Types that no row names, and
arguments that no row names, stay as they are.

To add a row: 1 add it to `TRANSFORMS`, renames in the order in which they can be done; 2 a value
that changes needs a small function; 3 add the pair to tests/upgrade/test_transforms.py and the
case to tests/reference/test_transforms_<kind>.py.
"""

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from mmlight.read.node import ConfigDict, ConfigList
from mmlight.upgrade.malformed import check_shape
from mmlight.upgrade.shape import STEP

OLD: Final = {"generation": "0.x"}
CV2_ONLY: Final = ("interpolation", "backend")


@dataclass(frozen=True)
class Row:
    """How one transform changes.

    Args:
        old: Its type in mmcls 0.25.
        new: Its type in mmpretrain 1.2.
        renames: (old, new) argument names.
        defaults: Arguments to write where the config has none, because the default differs.
        convert: Changes what a rename cannot.
    """

    old: str
    new: str
    renames: tuple[tuple[str, str], ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    convert: Callable[[ConfigDict], None] | None = None


def _swap(step: ConfigDict, key: str) -> None:
    """Turn (height, width) into (width, height)."""
    if isinstance(step.get(key), list | tuple):
        height, width = step[key]
        step[key] = (width, height)


def _drop(step: ConfigDict, *keys: str) -> None:
    """Remove arguments that the original accepts and does not use."""
    for key in keys:
        step.pop(key, None)


def _convert_resize(step: ConfigDict) -> None:
    scale = step.get("scale")
    if isinstance(scale, list | tuple) and scale[1] == -1:
        step["type"] = "ResizeEdge"
        step["scale"] = scale[0]
        step.rename("adaptive_side", "edge")
        step.setdefault("edge", "short")
    else:
        _swap(step, "scale")
        _drop(step, "adaptive_side")


def _convert_center_crop(step: ConfigDict) -> None:
    if step.pop("efficientnet_style", False):
        step["type"] = "EfficientNetCenterCrop"
        step.setdefault("interpolation", "bilinear")
    else:
        step.setdefault("generation", "0.x")
        _swap(step, "crop_size")
        _drop(step, "crop_padding", *CV2_ONLY)


def _convert_resized_crop(step: ConfigDict) -> None:
    if step.pop("efficientnet_style", False):
        step["type"] = "EfficientNetRandomCrop"
        step.setdefault("interpolation", "bilinear")
    else:
        _drop(step, "min_covered", "crop_padding")


def _convert_pad(step: ConfigDict) -> None:
    _swap(step, "size")


def _convert_rotate(step: ConfigDict) -> None:
    pad_val = step.get("pad_val", 128)
    if isinstance(pad_val, int):
        step["pad_val"] = (pad_val,) * 3


def _convert_compose(step: ConfigDict) -> None:
    step.put("transforms", _upgrade_inner(step["transforms"]), None)


def _convert_policies(step: ConfigDict) -> None:
    if isinstance(step.get("policies"), list | tuple):
        step.put("policies", _upgrade_inner(step["policies"], but=("Rotate",)), None)


def _upgrade_inner(steps: Iterable[Any], but: Container[str] = ()) -> ConfigList:
    """Upgrade the transforms of a list, and of lists inside it, except the types in `but`."""
    upgraded: list[Any] = []
    for step in steps:
        if isinstance(step, list | tuple):
            upgraded.append(_upgrade_inner(step, but))
        elif isinstance(step, ConfigDict) and step.get("type") not in but:
            upgraded.append(upgrade_transform(step))
        else:
            upgraded.append(step)
    return ConfigList(upgraded, getattr(steps, "origins", ()))


TRANSFORMS: Final = (
    Row("LoadImageFromFile", "LoadImageFromFile", defaults=OLD),
    Row("Resize", "Resize", (("size", "scale"),), OLD, _convert_resize),
    Row("CenterCrop", "CenterCrop", convert=_convert_center_crop),
    Row("RandomCrop", "RandomCrop", (("size", "crop_size"),), OLD),
    Row(
        "RandomResizedCrop",
        "RandomResizedCrop",
        (("scale", "crop_ratio_range"), ("size", "scale"), ("ratio", "aspect_ratio_range")),
        OLD,
        _convert_resized_crop,
    ),
    Row("RandomFlip", "RandomFlip", (("flip_prob", "prob"),), {"prob": 0.5, **OLD}),
    Row("RandomErasing", "RandomErasing"),
    Row(
        "RandomGrayscale",
        "RandomGrayscale",
        (("gray_prob", "prob"),),
        {"keep_channels": True, **OLD},
    ),
    Row("Pad", "Pad", defaults=OLD, convert=_convert_pad),
    Row("ColorJitter", "ColorJitter", defaults=OLD),
    Row("Lighting", "Lighting", defaults={"to_rgb": True, **OLD}),
    Row("AutoAugment", "AutoAugment", defaults=OLD, convert=_convert_policies),
    Row(
        "RandAugment",
        "RandAugment",
        defaults={"total_level": 30, **OLD},
        convert=_convert_policies,
    ),
    Row("Rotate", "Rotate", convert=_convert_rotate),
    Row("Albu", "Albu", defaults=OLD),
    Row("ToNumpy", "ToNumpy", defaults={"dtype": "float32"}),
    Row("Compose", "Compose", convert=_convert_compose),
)
ROWS: Final = {row.old: row for row in TRANSFORMS}


def upgrade_lone_transform(step: ConfigDict) -> ConfigDict:
    """Return a transform that 0.x code builds by itself, in the words of mmpretrain 1.2."""
    check_shape(step, STEP, "transform")
    return upgrade_transform(step)


def upgrade_transform(step: ConfigDict) -> ConfigDict:
    """Return a transform of mmcls 0.25 in the words of mmpretrain 1.2.

    Args:
        step: `{'type': ..., **arguments}`; it is not changed.

    Returns:
        A copy whose entries keep their origins. A type without a row (a user's own) is copied
        unchanged.

    Examples:
        >>> dict(upgrade_transform(ConfigDict(type="Resize", size=(256, -1))))
        {'type': 'ResizeEdge', 'scale': 256, 'generation': '0.x', 'edge': 'short'}

    From: mmcls 0.25 `datasets/pipelines` against mmpretrain 1.2 `datasets/transforms` and mmcv 2.x
        `transforms`.
    """
    step = step.copy()
    name = step.get("type")
    row = ROWS.get(name.removeprefix("mmcls.")) if isinstance(name, str) else None
    if row is None:
        return step
    step["type"] = row.new
    for old, new in row.renames:
        step.rename(old, new)
    for key, value in row.defaults.items():
        step.setdefault(key, value)
    if row.convert is not None:
        row.convert(step)
    return step

"""Tells what a checkpoint is and what it holds, without a model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from torch import Tensor

from mmlight.weights.locate import find_file
from mmlight.weights.read import find_weights, read_checkpoint

WRITERS: Final = {"mmengine": "1.x", "mmcls": "0.x", "mmcv": "0.x"}
GROUP_DEPTH: Final = 2
"""Parts of a name that make a group: `backbone.layer1.0.conv1.weight` is in `backbone.layer1`."""


@dataclass(frozen=True)
class Group:
    """The tensors whose names begin alike.

    Args:
        name: The beginning.
        tensors: How many there are.
        values: How many numbers they hold in all.
        dtypes: Their types, such as 'float32'.
        example: The rest of the name of the first, and its shape.
    """

    name: str
    tensors: int
    values: int
    dtypes: tuple[str, ...]
    example: str


@dataclass(frozen=True)
class Description:
    """What a checkpoint is and holds.

    Args:
        location: As it was given.
        size: Bytes of the file.
        origin: Who wrote it, in words.
        groups: Its weights, grouped by name.
        classes: Names of the classes, if it carries them.
        meta: What it says of its training, short values only.
        others: What it holds besides weights.
    """

    location: str
    size: int
    origin: str
    groups: tuple[Group, ...]
    classes: tuple[str, ...]
    meta: dict[str, str]
    others: tuple[str, ...]

    @property
    def tensors(self) -> int:
        """Number of weights."""
        return sum(group.tensors for group in self.groups)

    @property
    def values(self) -> int:
        """Number of values in all weights."""
        return sum(group.values for group in self.groups)


def describe_checkpoint(location: str) -> Description:
    """Read a checkpoint and say what it is.

    Args:
        location: See `read_checkpoint`.

    Raises:
        WeightsError: If it cannot be read, or holds no weights.
    """
    content = read_checkpoint(location, lazily=True)
    state = find_weights(content, location)
    others = [key for key, value in content.items() if not _holds(value, state)]
    return Description(
        location,
        find_file(location)[0].stat().st_size,
        find_origin(content),
        group_tensors(state),
        find_classes(content),
        _shorten(content.get("meta")),
        tuple(str(key) for key in others if key != "meta"),
    )


def find_origin(content: Mapping[str, Any]) -> str:
    """Say in words who wrote a checkpoint.

    Examples:
        >>> find_origin({"state_dict": {}, "meta": {"mmengine_version": "0.10.7"}})
        'a checkpoint of mm 1.x (mmengine 0.10.7)'
    """
    meta = content.get("meta")
    meta = meta if isinstance(meta, Mapping) else {}
    if isinstance(content.get("mmlight"), Mapping):
        return "a checkpoint of mmlight"
    if "mmlight_version" in meta:
        names = f"names of {meta['words']}" if meta.get("words") else "names as before"
        return f"weights that mmlight {meta['mmlight_version']} has written, {names}"
    if "pytorch-lightning_version" in content:
        return f"a checkpoint of Lightning {content['pytorch-lightning_version']}"
    for package, generation in WRITERS.items():
        if f"{package}_version" in meta:
            version = meta[f"{package}_version"]
            return f"a checkpoint of mm {generation} ({package} {version})"
    if "arch" in content and "state_dict" in content:
        return f"a checkpoint of a training script of timm or torchvision ({content['arch']})"
    return "a state dict"


def find_classes(content: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the class names that a checkpoint carries; none if it does not.

    Args:
        content: What `read_checkpoint` returned, of either generation, or ours.
    """
    ours, meta = content.get("mmlight"), content.get("meta")
    found: Any = ours.get("classes") if isinstance(ours, Mapping) else None
    if found is None and isinstance(meta, Mapping):
        dataset = meta.get("dataset_meta")
        dataset = dataset if isinstance(dataset, Mapping) else {}
        found = meta.get("CLASSES") or dataset.get("classes") or dataset.get("CLASSES")
    is_list = isinstance(found, Sequence) and not isinstance(found, str)
    return tuple(str(name) for name in found) if is_list else ()


def group_tensors(state: Mapping[str, Tensor]) -> tuple[Group, ...]:
    """Group weights by the beginning of their names.

    Examples:
        >>> import torch
        >>> group_tensors({"a.b.c.weight": torch.ones(2, 1)})[0].example
        'c.weight (2, 1)'
    """
    groups: dict[str, list[tuple[str, Tensor]]] = {}
    for name, value in state.items():
        parents = name.split(".")[:-1]
        groups.setdefault(".".join(parents[:GROUP_DEPTH]) or name, []).append((name, value))
    return tuple(
        Group(
            key,
            len(items),
            sum(value.numel() for _, value in items),
            tuple(sorted({str(value.dtype).removeprefix("torch.") for _, value in items})),
            f"{items[0][0].removeprefix(f'{key}.')} {tuple(items[0][1].shape)}",
        )
        for key, items in groups.items()
    )


def _holds(value: Any, state: Mapping[str, Tensor]) -> bool:
    """Tell whether an entry is one of the weights, or the dict that they are in."""
    inner = list(value.values()) if isinstance(value, Mapping) else [value]
    mine = {id(tensor) for tensor in state.values()}
    return any(id(item) in mine for item in inner)


def _shorten(meta: Any) -> dict[str, str]:
    """Keep what fits on a line; texts and lists are counted."""
    if not isinstance(meta, Mapping):
        return {}
    shown = {}
    for key, value in meta.items():
        if str(key).endswith("_version") or key in ("words", "format"):
            continue  # told by `find_origin`
        if isinstance(value, str) and value.count("\n") > 1:
            shown[str(key)] = f"a text of {len(value.splitlines())} lines"
        elif isinstance(value, (str, int, float, bool)):
            shown[str(key)] = str(value)
        elif value is not None:
            shown[str(key)] = f"a {type(value).__name__} of {len(value)}" if _sized(value) else ""
    return shown


def _sized(value: Any) -> bool:
    return hasattr(value, "__len__")

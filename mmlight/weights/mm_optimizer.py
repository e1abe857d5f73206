"""Moves the state of an optimizer of the originals to one of ours.

The originals number parameters in the order of their model, often one to a group; here parameters
of equal options share a group, and a tensor may have another layout.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from torch import Tensor, nn
from torch.optim import Optimizer

from mmlight.errors import WeightsError
from mmlight.weights.name_map import NameMap

State = Mapping[str, Any]
_NO_MEANING: Final = (
    *("params", "name", "param_name", "layer_id", "lr_scale", "lr_mult", "decay_mult"),
)
"""Entries of a group that only say how it was made."""


@dataclass(frozen=True)
class _Entry:
    """What an optimizer of the originals knows of one parameter."""

    options: State
    state: State


def to_our_optimizer(
    theirs: State,
    optimizer: Optimizer,
    module: nn.Module,
    names: NameMap,
    shapes: Mapping[str, tuple[int, ...]],
    location: str,
) -> dict[str, Any]:
    """Return a state that an optimizer of ours can load.

    Args:
        theirs: What `state_dict` of the original's optimizer returned.
        optimizer: Ours, over the parameters of the module.
        module: The model.
        names: The map between its names and the original's.
        shapes: Shape of every weight of the original, by its name and in its order.
        location: The file, for error texts.

    Raises:
        WeightsError: If it is of another type of optimizer, or of other parameters.

    From: mmcv 1.7 `BaseRunner.resume`, mmengine 0.10 `Runner.resume`.
    """
    own = {name: value for name, value in module.named_parameters() if name in names.to_mm}
    entries = _read_entries(theirs, own, names, shapes, location)
    by_id = {id(value): name for name, value in own.items()}
    packed: dict[int, Any] = {}
    groups = []
    number = 0
    for group in optimizer.param_groups:
        members = [by_id.get(id(value), "") for value in group["params"]]
        found = [entries[names.to_mm[name]] for name in members if names.to_mm.get(name) in entries]
        options = _merge_options(group, [entry.options for entry in found], location)
        for offset, name in enumerate(members):
            entry = entries.get(names.to_mm.get(name, ""))
            if entry is not None and entry.state:
                packed[number + offset] = _to_ours(entry.state, name, names, shapes, location)
        groups.append({**options, "params": list(range(number, number + len(members)))})
        number += len(members)
    return {"state": packed, "param_groups": groups}


def _read_entries(
    theirs: State,
    own: Mapping[str, nn.Parameter],
    names: NameMap,
    shapes: Mapping[str, tuple[int, ...]],
    location: str,
) -> dict[str, _Entry]:
    """Return what is known of each parameter, by the original's name."""
    groups: Sequence[State] = theirs["param_groups"]
    count = sum(len(group["params"]) for group in groups)
    if all("param_name" in group for group in groups):
        order = [group["param_name"] for group in groups]
    else:
        order = _find_order(own, names, shapes, count, location)
    places = iter(order)
    return {
        next(places): _Entry(group, theirs["state"].get(index, {}))
        for group in groups
        for index in group["params"]
    }


def _find_order(
    own: Mapping[str, nn.Parameter],
    names: NameMap,
    shapes: Mapping[str, tuple[int, ...]],
    count: int,
    location: str,
) -> list[str]:
    """Return the original's parameters as its optimizer numbers them: all, or those not frozen."""
    to_ours = {names.to_mm[name]: name for name in own}  # a tied one has one of its names
    everything = [name for name in shapes if name in to_ours]
    trained = [name for name in everything if own[to_ours[name]].requires_grad]
    for order in (everything, trained):
        if len(order) == count:
            return order
    raise WeightsError(
        location,
        f"its optimizer has {count} parameters, the model has {len(everything)}, of which "
        f"{len(trained)} are trained",
        next_step="Resume with the config of that run, or start from its weights: load_from.",
    )


def _merge_options(group: State, theirs: Sequence[State], location: str) -> dict[str, Any]:
    """Return the options of a group of ours with the values that the original's ones have."""
    own = {key: value for key, value in group.items() if key != "params"}
    if not theirs:
        return own
    first = theirs[0]
    numbers = [key for key, value in own.items() if isinstance(value, (float, tuple))]
    missing = [key for key in numbers if key not in first]
    if missing:
        raise WeightsError(
            location,
            f"its optimizer is of another type: it has no {', '.join(missing)}",
            expected=f"one with {', '.join(numbers)}",
            next_step="Resume with the optimizer of that run, or set load_from for its weights.",
        )
    for other in theirs:
        if (other["lr"], other.get("weight_decay")) != (first["lr"], first.get("weight_decay")):
            raise WeightsError(
                location,
                "parameters that share a group here have different rates or decays there: "
                f"{other['lr']}, {other.get('weight_decay')} and "
                f"{first['lr']}, {first.get('weight_decay')}",
                next_step="Resume with the paramwise_cfg of that run.",
            )
    return own | {key: value for key, value in first.items() if key not in _NO_MEANING}


def _to_ours(
    state: State,
    name: str,
    names: NameMap,
    shapes: Mapping[str, tuple[int, ...]],
    location: str,
) -> dict[str, Any]:
    """Give the tensors that belong to each value of a parameter our layout."""
    shape, transform = shapes[names.to_mm[name]], names.transforms.get(name)
    made = {}
    for key, value in state.items():
        if isinstance(value, Tensor) and value.ndim > 0:
            if tuple(value.shape) != shape:
                raise WeightsError(
                    location,
                    f"the {key} of its optimizer for {names.to_mm[name]!r} has shape "
                    f"{tuple(value.shape)}",
                    expected=f"shape {shape}",
                    next_step="Start from its weights instead: set load_from.",
                )
            value = transform.to_ours(value) if transform is not None else value
        made[key] = value
    return made

"""Turns a checkpoint of ours into what the original of its generation writes."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from torch import Tensor, nn

from mmlight.weights.name_map import NameMap, name_map
from mmlight.weights.write import VERSIONS

RAW_KEY: Final = "raw_state"
"""Where a checkpoint of ours keeps the raw weights beside an average of them."""
_WRITERS: Final = {"0.x": ("mmcls_version", "mmcv_version"), "1.x": ("mmengine_version",)}


def to_mm_content(
    content: Mapping[str, Any], module: nn.Module, generation: Literal["0.x", "1.x"]
) -> dict[str, Any]:
    """Return `meta` and `state_dict` as the original has them, weights under its names.

    Args:
        content: A checkpoint of ours; the optimizer's state stays behind.
        module: The classifier that it is of.
        generation: Whose layout it shall have; that of the config.

    From: mmcv 1.7 and mmengine 0.10 `save_checkpoint`; with an average also `EMAHook`.
    """
    names = name_map(module)
    state = content["state_dict"]
    meta = {key: VERSIONS[key] for key in _WRITERS[generation]} | {"words": "mm"}
    made: dict[str, Any] = {
        "meta": {**content.get("meta", {}), **meta},
        "state_dict": names.state_dict_to_mm(state).state,
    }
    if generation == "1.x":  # which cannot be resumed without
        made["message_hub"] = {"log_scalars": {}, "runtime_info": {}, "resumed_keys": {}}
    if RAW_KEY in content:
        _add_average(made, names, {**state, **content[RAW_KEY]}, generation)
    return made


def _add_average(
    made: dict[str, Any], names: NameMap, raw: Mapping[str, Tensor], generation: str
) -> None:
    """Add the raw weights, where `state_dict` holds their average."""
    renamed = names.state_dict_to_mm(raw).state
    if generation == "1.x":
        made["ema_state_dict"] = {f"module.{name}": value for name, value in renamed.items()}
    else:
        buffers = {f"ema_{name.replace('.', '_')}": value for name, value in renamed.items()}
        made["state_dict"] |= buffers


def find_raw(content: Mapping[str, Any]) -> dict[str, Tensor] | None:
    """Return the raw weights beside the average in a checkpoint, of ours or of mmengine.

    Examples:
        >>> find_raw({"state_dict": {"a": 1}, "ema_state_dict": {"module.a": 2, "steps": 3}})
        {'a': 2}
    """
    if RAW_KEY in content:
        return dict(content[RAW_KEY])
    prefix = "module."
    found: Mapping[str, Tensor] = content.get("ema_state_dict") or {}
    raw = {n.removeprefix(prefix): value for n, value in found.items() if n.startswith(prefix)}
    return raw or None

"""What a checkpoint says about its run, for users' hooks and for tools: mm's `meta`."""

import time
from collections.abc import Mapping
from typing import Any

import lightning as L
from torch import Tensor

import mmlight
from mmlight.callbacks.announcer import find_announcer
from mmlight.callbacks.loop_state import count_epochs
from mmlight.callbacks.validation import is_by_epoch
from mmlight.compat.message_hub import MessageHub
from mmlight.hooks.runner_view import find_view

_PLAIN = (str, int, float, bool, bytes, Tensor, type(None))


def add_meta(trainer: L.Trainer, checkpoint: dict[str, Any]) -> None:
    """Add `meta` to a checkpoint, unless it is there.

    It holds `epoch` and `iter`, the numbers that are done, `seed`, `time`, `mmlight_version`, the
    config as text (`config` in 0.x, `cfg` in 1.x), class names (`CLASSES` in 0.x, `dataset_meta` in
    1.x), and in 0.x what hooks have added to `runner.meta`, as far as it is plain data.

    From: mmcv 1.7 and mmengine 0.10 `save_checkpoint`. An iteration-based runner of mmcv writes an
    `iter` that is one too small.
    """
    if "meta" in checkpoint:
        return
    announcer = find_announcer(trainer)
    generation = announcer.generation if announcer is not None else "1.x"
    is_old = generation == "0.x"
    has_epochs = is_by_epoch(trainer) or is_old
    classes = list(getattr(trainer.lightning_module, "classes", ()))
    text = announcer.run.get("config_text", "") if announcer is not None else ""
    checkpoint["meta"] = {
        **(_read_hooks_meta(trainer) if is_old and announcer is not None else {}),
        "epoch": count_epochs(trainer) if has_epochs else 0,
        "iter": trainer.fit_loop.total_batch_idx + 1,
        "seed": getattr(trainer.datamodule, "seed", None),  # type: ignore[attr-defined]
        "time": time.strftime("%Y%m%d_%H%M%S"),
        "mmlight_version": mmlight.__version__,
        **({"config" if is_old else "cfg": text} if text else {}),
        **({"CLASSES": classes} if is_old else {"dataset_meta": {"classes": classes}}),
    }


def take_meta(trainer: L.Trainer, checkpoint: Mapping[str, Any]) -> None:
    """Give hooks of 0.x back what they had added to `runner.meta`."""
    announcer = find_announcer(trainer)
    if announcer is not None and announcer.generation == "0.x":
        find_view(trainer).meta.update(checkpoint.get("meta") or {})


def leave_message(trainer: L.Trainer, name: str, value: Any) -> None:
    """Leave a word for users' hooks where mm leaves it: in the message hub, or `hook_msgs`."""
    announcer = find_announcer(trainer)
    if announcer is None or announcer.generation == "1.x":
        MessageHub.get_current_instance().update_info(name, value)
    else:
        find_view(trainer).meta.setdefault("hook_msgs", {})[name] = value


def _read_hooks_meta(trainer: L.Trainer) -> dict[str, Any]:
    meta: dict[str, Any] = keep_plain(find_view(trainer).meta)
    return meta


def keep_plain(value: Any) -> Any:
    """Return a value without what a checkpoint could not be read back with.

    Examples:
        >>> keep_plain({"a": [1, object()], "b": len})
        {'a': [1]}
    """
    if isinstance(value, Mapping):
        return {key: keep_plain(item) for key, item in value.items() if _is_plain(item)}
    if isinstance(value, (list, tuple)):
        return type(value)(keep_plain(item) for item in value if _is_plain(item))
    return value


def _is_plain(value: Any) -> bool:
    is_exact = type(value) in (dict, list, tuple) or isinstance(value, Mapping)
    return is_exact or type(value) in _PLAIN

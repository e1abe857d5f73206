"""Writes the hooks, the visualizer and the environment as mmpretrain 1.2 does.

To add a custom hook whose words differ: add a function to `CUSTOM_HOOKS`.
"""

from collections.abc import Callable
from typing import Any, Final

from mmlight.read.node import ConfigDict, ConfigList
from mmlight.spec import Note
from mmlight.upgrade.move import node, pop

HOOKS: Final = (
    ("timer", "IterTimerHook"),
    ("logger", "LoggerHook"),
    ("param_scheduler", "ParamSchedulerHook"),
    ("checkpoint", "CheckpointHook"),
    ("sampler_seed", "DistSamplerSeedHook"),
    ("visualization", "VisualizationHook"),
)
UNUSED_CHECKPOINT: Final = ("sync_buffer", "create_symlink", "meta")
UNUSED_LOGGER: Final = ("reset_flag", "by_epoch")
UNUSED_BACKEND: Final = (
    *("interval", "ignore_last", "reset_flag", "by_epoch", "with_step"),
    *("log_artifact", "out_suffix", "log_model", "model_file"),
    *("log_checkpoint", "log_checkpoint_metadata", "num_eval_images"),
)
CHOSEN_OUTSIDE: Final = ("gpu_ids", "device", "workflow", "gpus")
EMA_WARMUP = "mmcv took a smaller momentum in the first {} iterations; mmengine does not."
NO_WORD = "mmengine has no such word; it is left out."
VALIDATION_LOSS = "mmengine has no flow of training and validation losses; it trains only."


def modernize_hooks(values: ConfigDict, notes: list[Note]) -> None:
    """Write `default_hooks`, `custom_hooks`, the visualizer and the environment.

    From: mmpretrain 1.2 `configs/_base_/default_runtime.py`.
    """
    old = values.get("default_hooks") or ConfigDict()
    hooks = node(None)
    for name, kind in HOOKS:
        given = old.get(name, ConfigDict())
        if given is None:
            hooks.put(name, None, old.origin_of(name))
            continue
        hook = node(given.origin, type=kind)
        hook.put_all(given)
        hook.pop("priority", None)
        hooks.put(name, hook, old.origin_of(name))
    hooks["visualization"].setdefault("enable", False)
    _modernize_checkpoint(hooks["checkpoint"], notes)
    _modernize_logger(values, hooks["logger"], notes)
    values.put("default_hooks", hooks, old.origin)
    for hook in _as_list(values.get("custom_hooks")):
        change = CUSTOM_HOOKS.get(str(hook.get("type"))) if isinstance(hook, ConfigDict) else None
        if change is not None:
            change(hook, notes)
    _write_visualizer(values, notes)
    _write_environment(values, notes)


def _modernize_checkpoint(hook: ConfigDict | None, notes: list[Note]) -> None:
    if hook is None:
        return
    _drop(hook, UNUSED_CHECKPOINT, "checkpoint_config", notes)
    best = hook.get("save_best")
    if isinstance(best, str):
        hook.put("save_best", to_metric_name(best), hook.origin_of("save_best"))


def to_metric_name(name: str) -> str:
    """Return the name that mmpretrain gives to a metric of mmcls.

    Examples:
        >>> to_metric_name("accuracy_top-1"), to_metric_name("f1_score"), to_metric_name("auto")
        ('accuracy/top1', 'single-label/f1-score', 'auto')
    """
    if name.startswith("accuracy_top-"):
        return name.replace("accuracy_top-", "accuracy/top")
    single = {"precision": "precision", "recall": "recall", "f1_score": "f1-score"}
    if name in single:
        return f"single-label/{single[name]}"
    multi = {"P": "precision", "R": "recall", "F1": "f1-score"}
    if name[:1] in ("C", "O") and name[1:] in multi:
        suffix = "" if name[0] == "C" else "_micro"
        return f"multi-label/{multi[name[1:]]}{suffix}"
    return {"mAP": "multi-label/mAP", "accuracy": "accuracy/top1"}.get(name, name)


def _modernize_logger(values: ConfigDict, hook: ConfigDict | None, notes: list[Note]) -> None:
    if hook is None:
        return
    if hook.get("by_epoch") is False:
        origin = hook.origin_of("by_epoch")
        values.put("log_processor", node(origin, by_epoch=False), origin)
    hook.pop("by_epoch", None)
    hook.pop("hook_names", None)
    _drop(hook, UNUSED_LOGGER, "log_config", notes)


def _modernize_ema(hook: ConfigDict, notes: list[Note]) -> None:
    warm_up, origin = pop(hook, "warm_up")
    if warm_up:
        text = EMA_WARMUP.format(warm_up)
        notes.append(Note("custom_hooks.EMAHook", text, origin or hook.origin))
    interval = hook.get("interval", 1)
    if interval != 1:  # mmcv raises the momentum to this power
        momentum = hook.get("momentum", 0.0002) ** interval
        hook.put("momentum", momentum, hook.origin_of("momentum"))


def _modernize_sync_buffers(hook: ConfigDict, notes: list[Note]) -> None:
    _drop(hook, ("distributed",), "custom_hooks.SyncBuffersHook", notes)


def _modernize_sync_norm(hook: ConfigDict, notes: list[Note]) -> None:
    _drop(hook, ("interval", "num_last_epochs"), "custom_hooks.SyncNormHook", notes)


CUSTOM_HOOKS: Final[dict[str, Callable[[ConfigDict, list[Note]], None]]] = {
    "EMAHook": _modernize_ema,
    "SyncBuffersHook": _modernize_sync_buffers,
    "SyncNormHook": _modernize_sync_norm,
}


def _write_visualizer(values: ConfigDict, notes: list[Note]) -> None:
    """Name the backends; the text log's file of numbers is the local backend's."""
    given = (values.get("visualizer") or {}).get("vis_backends", ())
    origin = values.origin_of("visualizer") if "visualizer" in values else None
    backends = ConfigList([node(None, type="LocalVisBackend")])
    for backend in given:
        _drop(backend, UNUSED_BACKEND, "log_config.hooks", notes)
        backends.append(backend)
    values.put("vis_backends", backends, origin)
    visualizer = node(origin, type="UniversalVisualizer", vis_backends=backends)
    values.put("visualizer", visualizer, origin)


def _write_environment(values: ConfigDict, notes: list[Note]) -> None:
    for key in CHOSEN_OUTSIDE:
        value, origin = pop(values, key) if key in values else (None, None)
        if key == "workflow" and value not in (None, [("train", 1)], [["train", 1]]):
            notes.append(Note(key, VALIDATION_LOSS, origin))
    environment = values.get("env_cfg") or ConfigDict()
    processes = environment.get("mp_cfg") or ConfigDict()
    processes.setdefault("mp_start_method", "fork")
    processes.setdefault("opencv_num_threads", 0)
    full = node(None, cudnn_benchmark=environment.pop("cudnn_benchmark", False), mp_cfg=processes)
    full.put("dist_cfg", node(None, backend="nccl"), None)
    full.put_all(environment)
    values.put("env_cfg", full, None)
    randomness = node(None, seed=None, deterministic=False)
    randomness.put_all(values.get("randomness") or {})
    values.put("randomness", randomness, values.origin_of("randomness"))
    values["default_scope"] = "mmpretrain"
    values.setdefault("log_level", "INFO")
    values.setdefault("load_from", None)
    values.setdefault("resume", False)


def _drop(owner: ConfigDict, keys: tuple[str, ...], path: str, notes: list[Note]) -> None:
    for key in keys:
        if key in owner:
            notes.append(Note(f"{path}.{key}", NO_WORD, pop(owner, key)[1]))


def _as_list(value: Any) -> list[Any]:
    return [value] if isinstance(value, dict) else list(value or ())

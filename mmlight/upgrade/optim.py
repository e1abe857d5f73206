"""Upgrades `optimizer`, `optimizer_config` and `fp16`."""

from typing import Final

from mmlight.read.node import ConfigDict
from mmlight.spec import Note
from mmlight.upgrade.move import move, node, pop, put

# the wrappers of 1.x that do what the optimizer hooks of mmcv do
WRAPPERS: Final = {
    "OptimizerHook": "OptimWrapper",
    "DistOptimizerHook": "OptimWrapper",
    "GradientCumulativeOptimizerHook": "OptimWrapper",
    "Fp16OptimizerHook": "AmpOptimWrapper",
    "GradientCumulativeFp16OptimizerHook": "AmpOptimWrapper",
}
FIXED_SCALE: Final = 512.0
"""The loss scale of mmcv's hooks unless told otherwise; mmengine's is dynamic."""
UNUSED_OPTIONS: Final = {
    "coalesce": "DistributedDataParallel groups the gradients.",
    "bucket_size_mb": "DistributedDataParallel groups the gradients.",
    "distributed": "The run knows whether it is distributed.",
    "detect_anomalous_params": "It only prints which parameters have no part in the loss.",
}
UNUSED_FP16: Final = "Mixed precision has a loss scale and nothing else."
STANDARD: Final = "DefaultOptimizerConstructor"
RENAMED: Final = {"Adafactor": "TorchAdafactor"}
"""Optimizers of torch that mmengine calls otherwise."""


def upgrade_optim(old: ConfigDict, new: ConfigDict, notes: list[Note]) -> None:
    """Write `optim_wrapper`.

    From: mmcv 1.7 `OptimizerHook`, `Fp16OptimizerHook`, `GradientCumulativeOptimizerHook`,
    `wrap_fp16_model`; the test script of mmcls 0.25.
    """
    if old.get("optimizer") is None:
        return
    optimizer, origin = pop(old, "optimizer")
    wrapper = node(origin, type="OptimWrapper", optimizer=optimizer)
    new.put("optim_wrapper", wrapper, origin)
    move(optimizer, "paramwise_cfg", wrapper, "paramwise_cfg")
    move(optimizer, "constructor", wrapper, "constructor")
    if (wrapper.get("constructor") or STANDARD) != STANDARD:
        wrapper.put("generation", "0.x", wrapper.origin_of("constructor"))
    else:
        kind = optimizer.get("type")
        if isinstance(kind, str):
            optimizer.put("type", RENAMED.get(kind, kind), optimizer.origin_of("type"))
        if wrapper.get("paramwise_cfg"):  # mmcv takes an empty one for none
            _upgrade_paramwise(wrapper["paramwise_cfg"])
    _upgrade_hook(old, wrapper, notes)
    if old.get("fp16") is not None:
        settings, fp16_origin = pop(old, "fp16")
        wrapper.put("type", "AmpOptimWrapper", fp16_origin)
        settings.setdefault("loss_scale", FIXED_SCALE)
        move(settings, "loss_scale", wrapper, "loss_scale")
        for key in settings:
            notes.append(Note(f"fp16.{key}", UNUSED_FP16, settings.origin_of(key)))
        put(new, "test_cfg.fp16", True, fp16_origin)
    if wrapper["type"] == "AmpOptimWrapper":  # the model itself is wrapped, for validation as well
        put(new, "val_cfg.fp16", True, wrapper.origin_of("type"))


def _upgrade_hook(old: ConfigDict, wrapper: ConfigDict, notes: list[Note]) -> None:
    """Move what the optimizer hook of mmcv is told."""
    options, _ = pop(old, "optimizer_config")
    options = options or ConfigDict()
    hook, hook_origin = pop(options, "type")
    if hook is not None:
        wrapper.put("type", WRAPPERS.get(hook, hook), hook_origin)
    if wrapper["type"] == "AmpOptimWrapper":
        options.setdefault("loss_scale", FIXED_SCALE)
    move(options, "grad_clip", wrapper, "clip_grad")
    if isinstance(wrapper.get("clip_grad"), ConfigDict):
        wrapper["clip_grad"].put("whole_model", True, wrapper["clip_grad"].origin)
    move(options, "cumulative_iters", wrapper, "accumulative_counts")
    for key, reason in UNUSED_OPTIONS.items() if hook is None or hook in WRAPPERS else ():
        if key in options:
            notes.append(Note(f"optimizer_config.{key}", reason, pop(options, key)[1]))
    for key in list(options):
        move(options, key, wrapper, key)


def _upgrade_paramwise(rules: ConfigDict) -> None:
    """Say what mmcv's constructor does and mmengine's does not.

    From: mmcv 1.7 `DefaultOptimizerConstructor.add_params`.
    """
    rules.put("exclusive_layers", True, rules.origin)
    rules.put("keep_frozen", True, rules.origin)
    for key, options in (rules.get("custom_keys") or {}).items():
        options = options or ConfigDict()
        kept = {name: options[name] for name in ("lr_mult", "decay_mult") if name in options}
        rules["custom_keys"].put(key, node(options.origin, **kept), options.origin)

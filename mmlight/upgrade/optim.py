"""Upgrades `optimizer`, `optimizer_config`, `fp16`, `lr_config` and `momentum_config`."""

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


def upgrade_optim(old: ConfigDict, new: ConfigDict, notes: list[Note]) -> None:
    """Write `optim_wrapper` and `param_scheduler`.

    From: mmcv 1.7 `OptimizerHook`, `Fp16OptimizerHook`, `GradientCumulativeOptimizerHook`,
    `LrUpdaterHook`; mmcv's IterBasedRunner counts the rate's steps in iterations unless told
    otherwise, but not the momentum's.
    """
    if old.get("optimizer") is not None:
        _upgrade_optimizer(old, new, notes)
    runner = old.get("runner") or {}
    if runner.get("type") == "IterBasedRunner" and old.get("lr_config") is not None:
        old["lr_config"].setdefault("by_epoch", False)
    schedules = [
        _upgrade_policy(old, key, suffix)
        for key, suffix in (("lr_config", "Lr"), ("momentum_config", "Momentum"))
        if old.get(key) is not None
    ]
    for key in ("lr_config", "momentum_config"):
        if old.get(key, ...) is None:
            old.pop(key)
    if schedules:
        put(new, "param_scheduler", schedules, schedules[0].origin)


def _upgrade_optimizer(old: ConfigDict, new: ConfigDict, notes: list[Note]) -> None:
    optimizer, origin = pop(old, "optimizer")
    wrapper = node(origin, type="OptimWrapper", optimizer=optimizer)
    new.put("optim_wrapper", wrapper, origin)
    move(optimizer, "paramwise_cfg", wrapper, "paramwise_cfg")
    if wrapper.get("paramwise_cfg") is not None:
        _upgrade_paramwise(wrapper["paramwise_cfg"])
    move(optimizer, "constructor", wrapper, "constructor")

    _upgrade_hook(old, wrapper, notes)
    if old.get("fp16") is not None:
        settings, fp16_origin = pop(old, "fp16")
        wrapper.put("type", "AmpOptimWrapper", fp16_origin)
        move(settings, "loss_scale", wrapper, "loss_scale")
        for key in settings:
            notes.append(Note(f"fp16.{key}", UNUSED_FP16, settings.origin_of(key)))


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


def _upgrade_policy(old: ConfigDict, key: str, suffix: str) -> ConfigDict:
    """Name the updater hook that mmcv makes of a policy; its arguments stay as they are."""
    config: ConfigDict
    config, origin = pop(old, key)
    config.origin = config.origin or origin
    policy, policy_origin = pop(config, "policy")
    name = policy.title() if policy == policy.lower() else policy
    config.put("type", f"{name}{suffix}UpdaterHook", policy_origin)
    return config

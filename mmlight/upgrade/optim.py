"""Upgrades `optimizer`, `optimizer_config`, `fp16`, `lr_config` and `momentum_config`."""

from mmlight.read.node import ConfigDict
from mmlight.spec import Note
from mmlight.upgrade.move import move, node, pop, put

# the wrappers of 1.x that do what the optimizer hooks of mmcv do
WRAPPERS = {
    "OptimizerHook": "OptimWrapper",
    "GradientCumulativeOptimizerHook": "OptimWrapper",
    "Fp16OptimizerHook": "AmpOptimWrapper",
    "GradientCumulativeFp16OptimizerHook": "AmpOptimWrapper",
}


def upgrade_optim(old: ConfigDict, new: ConfigDict, notes: list[Note]) -> None:
    """Write `optim_wrapper` and `param_scheduler`.

    From: mmcv 1.7 `OptimizerHook`, `Fp16OptimizerHook`, `GradientCumulativeOptimizerHook`,
    `LrUpdaterHook`; mmcv's IterBasedRunner counts the rate's steps in iterations unless told
    otherwise, but not the momentum's.
    """
    if isinstance(old.get("optimizer"), dict):
        _upgrade_optimizer(old, new)
    runner = old.get("runner") or {}
    if runner.get("type") == "IterBasedRunner" and isinstance(old.get("lr_config"), ConfigDict):
        old["lr_config"].setdefault("by_epoch", False)
    schedules = [
        _upgrade_policy(old, key, suffix)
        for key, suffix in (("lr_config", "Lr"), ("momentum_config", "Momentum"))
        if isinstance(old.get(key), dict)
    ]
    for key in ("lr_config", "momentum_config"):
        if old.get(key, ...) is None:
            old.pop(key)
    if schedules:
        put(new, "param_scheduler", schedules, schedules[0].origin)


def _upgrade_optimizer(old: ConfigDict, new: ConfigDict) -> None:
    optimizer, origin = pop(old, "optimizer")
    wrapper = node(origin, type="OptimWrapper", optimizer=optimizer)
    new.put("optim_wrapper", wrapper, origin)
    move(optimizer, "paramwise_cfg", wrapper, "paramwise_cfg")
    if isinstance(wrapper.get("paramwise_cfg"), ConfigDict):
        _upgrade_paramwise(wrapper["paramwise_cfg"])
    move(optimizer, "constructor", wrapper, "constructor")

    options, _ = pop(old, "optimizer_config")
    options = options if isinstance(options, ConfigDict) else ConfigDict()
    hook, hook_origin = pop(options, "type")
    if hook is not None:
        wrapper.put("type", WRAPPERS.get(hook, hook), hook_origin)
    move(options, "grad_clip", wrapper, "clip_grad")
    move(options, "cumulative_iters", wrapper, "accumulative_counts")
    for key in list(options):
        move(options, key, wrapper, key)
    if isinstance(old.get("fp16"), dict):
        settings, fp16_origin = pop(old, "fp16")
        wrapper.put("type", "AmpOptimWrapper", fp16_origin)
        move(settings, "loss_scale", wrapper, "loss_scale")


def _upgrade_paramwise(rules: ConfigDict) -> None:
    """Say what mmcv's constructor does and mmengine's does not.

    From: mmcv 1.7 `DefaultOptimizerConstructor.add_params`.
    """
    rules.put("exclusive_layers", True, rules.origin)
    rules.put("keep_frozen", True, rules.origin)
    for key, options in (rules.get("custom_keys") or {}).items():
        kept = {name: options[name] for name in ("lr_mult", "decay_mult") if name in options}
        rules["custom_keys"].put(key, node(options.origin, **kept), options.origin)


def _upgrade_policy(old: ConfigDict, key: str, suffix: str) -> ConfigDict:
    """Name the updater hook that mmcv makes of a policy; its arguments stay as they are."""
    config: ConfigDict
    config, origin = pop(old, key)
    config.origin = config.origin or origin
    if "policy" in config:
        policy, policy_origin = pop(config, "policy")
        name = policy.title() if policy == policy.lower() else policy
        config.put("type", f"{name}{suffix}UpdaterHook", policy_origin)
    return config

"""Upgrades `lr_config` and `momentum_config`."""

from mmlight.read.node import ConfigDict
from mmlight.spec import Note
from mmlight.upgrade.move import pop, put


def upgrade_schedules(old: ConfigDict, new: ConfigDict, notes: list[Note]) -> None:
    """Write `param_scheduler`.

    From: mmcv 1.7 `LrUpdaterHook`, `MomentumUpdaterHook`; mmcv's IterBasedRunner counts the rate's
    steps in iterations unless told otherwise, but not the momentum's.
    """
    del notes
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


def _upgrade_policy(old: ConfigDict, key: str, suffix: str) -> ConfigDict:
    """Name the updater hook that mmcv makes of a policy; its arguments stay as they are."""
    config: ConfigDict
    config, origin = pop(old, key)
    config.origin = config.origin or origin
    policy, policy_origin = pop(config, "policy")
    name = policy.title() if policy == policy.lower() else policy
    config.put("type", f"{name}{suffix}UpdaterHook", policy_origin)
    return config

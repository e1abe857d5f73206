"""Upgrades `lr_config` and `momentum_config`, and hooks of their kind among `custom_hooks`."""

from typing import Any, Final

from mmlight.read.node import ConfigDict, ConfigList, known_origin
from mmlight.spec import Note
from mmlight.upgrade.move import pop, put

UPDATERS: Final = ("LrUpdaterHook", "MomentumUpdaterHook")
PLACED: Final = "It acts after lr_config and momentum_config, and before each batch."


def upgrade_schedules(old: ConfigDict, new: ConfigDict, notes: list[Note]) -> None:
    """Write `param_scheduler`.

    From: mmcv 1.7 `LrUpdaterHook`, `MomentumUpdaterHook`; mmcv's IterBasedRunner counts the rate's
    steps in iterations unless told otherwise, but not the momentum's.
    """
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
    schedules += _take_hooks(old, notes)
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


def _take_hooks(old: ConfigDict, notes: list[Note]) -> list[ConfigDict]:
    """Take the updater hooks out of `custom_hooks`."""
    hooks: Any = old.get("custom_hooks") or ()
    if isinstance(hooks, ConfigDict):
        hooks = ConfigList([hooks], [old.origin_of("custom_hooks")])
    chosen = [index for index, hook in enumerate(hooks) if _is_updater(hook)]
    if not chosen:
        return []
    kept = [index for index in range(len(hooks)) if index not in chosen]
    origins = [known_origin(hooks, index) for index in kept]
    rest = ConfigList([hooks[index] for index in kept], origins)
    old.put("custom_hooks", rest, old.origin_of("custom_hooks"))
    for index in chosen:
        if "priority" in hooks[index]:
            origin = pop(hooks[index], "priority")[1]
            notes.append(Note(f"custom_hooks[{index}].priority", PLACED, origin))
    return [hooks[index] for index in chosen]


def _is_updater(hook: Any) -> bool:
    kind = hook.get("type") if isinstance(hook, ConfigDict) else None
    return str(getattr(kind, "__name__", kind)).endswith(UPDATERS)

"""Upgrades `custom_hooks`: what hooks of 0.x mean otherwise.

To add a hook whose words differ: add a function to `CHANGES`.
"""

from collections.abc import Callable
from typing import Final

from mmlight.read.node import ConfigDict
from mmlight.upgrade.move import pop


def upgrade_custom_hooks(old: ConfigDict) -> None:
    """Write the words of 1.x where there are some, and what hooks of 0.x do by themselves."""
    hooks = old.get("custom_hooks") or ()
    for hook in [hooks] if isinstance(hooks, ConfigDict) else hooks:
        if isinstance(hook, ConfigDict):
            name = str(hook.get("type")).replace("::", ".").rpartition(".")[2]
            change = CHANGES.get(name)
            if change is not None:
                change(hook, old)


def _upgrade_ema(hook: ConfigDict, old: ConfigDict) -> None:
    """Write the warm-up; the hook resumes the whole run, whatever the config says beside it.

    From: mmcv 1.7 `EMAHook`.
    """
    hook.setdefault("warm_up", 100)
    resume_from, origin = pop(hook, "resume_from")
    if resume_from is not None:
        old.put("resume_from", resume_from, origin)


def _upgrade_profiler(hook: ConfigDict, old: ConfigDict) -> None:
    """Write the activities one by one.

    From: mmcv 1.7 `ProfilerHook`.
    """
    hook.rename("profile_iters", "profile_times")
    activities, origin = pop(hook, "activities", ["cpu", "cuda"])
    if isinstance(activities, list):
        chosen = [str(activity).lower() for activity in activities]
        for name in ("cpu", "cuda"):
            hook.put(f"activity_with_{name}", name in chosen, origin)


def _upgrade_sync_norm(hook: ConfigDict, old: ConfigDict) -> None:
    """Write that it acts after epochs, not before validations.

    From: mmdet 2.x `SyncNormHook`.
    """
    hook.setdefault("interval", 1)


CHANGES: Final[dict[str, Callable[[ConfigDict, ConfigDict], None]]] = {
    "EMAHook": _upgrade_ema,
    "ProfilerHook": _upgrade_profiler,
    "SyncNormHook": _upgrade_sync_norm,
}

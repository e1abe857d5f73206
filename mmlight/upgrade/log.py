"""Upgrades `log_config`."""

from typing import Final

from mmlight.read.node import ConfigDict, ConfigList
from mmlight.upgrade.move import move, node, pop, put

BACKENDS: Final = {
    "TensorboardLoggerHook": "TensorboardVisBackend",
    "WandbLoggerHook": "WandbVisBackend",
    "MlflowLoggerHook": "MLflowVisBackend",
    "ClearMLLoggerHook": "ClearMLVisBackend",
    "NeptuneLoggerHook": "NeptuneVisBackend",
    "DvcliveLoggerHook": "DVCLiveVisBackend",
    "MMClsWandbHook": "WandbVisBackend",
}


def upgrade_log(old: ConfigDict, new: ConfigDict, hooks: ConfigDict) -> None:
    """Turn the list of logger hooks into one logger and the visualizer's backends.

    `hook_names` keeps which hooks there were, in their order; it may be empty. The interval that
    they share is written into the others where the hook of the text has one of its own.
    """
    options, origin = pop(old, "log_config")
    if options is None:
        return
    logger = node(origin, type="LoggerHook")
    hooks.put("logger", logger, origin)
    shared = options.get("interval")
    move(options, "interval", logger, "interval")
    backends = ConfigList()
    names = []
    entries = options.pop("hooks")
    for hook in entries or ():
        name = hook["type"]
        names.append(getattr(name, "__name__", str(name)))
        if name == "TextLoggerHook":
            logger.put("type", "LoggerHook", pop(hook, "type")[1])
            for key in list(hook):
                move(hook, key, logger, key)
            continue
        hook.put("type", BACKENDS.get(name, name), hook.origin_of("type"))
        if name == "TensorboardLoggerHook":
            hook.rename("log_dir", "save_dir")
        backends.append(hook)
    if entries is not None:
        logger.put("hook_names", names, origin)
    for backend in backends if logger.get("interval") != shared else ():
        backend.setdefault("interval", shared or 10)
    if backends:
        visualizer = node(origin, type="UniversalVisualizer", vis_backends=backends)
        put(new, "visualizer", visualizer, origin)
    for key in list(options):
        move(options, key, logger, key)

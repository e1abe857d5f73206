"""Upgrades the loop, the hooks and the environment.

`runner`, `evaluation`, `checkpoint_config`, `log_config`, ...
"""

from mmlight.read.node import ConfigDict, ConfigList
from mmlight.spec import Note
from mmlight.upgrade.move import move, node, pop, put

# mmcv's priorities, which differ from mmengine's
PRIORITIES = {
    "timer": "LOW",
    "logger": "VERY_LOW",
    "checkpoint": "NORMAL",
    "param_scheduler": "VERY_HIGH",
}
MOVES = (
    ("seed", "randomness.seed"),
    ("deterministic", "randomness.deterministic"),
    ("cudnn_benchmark", "env_cfg.cudnn_benchmark"),
    ("opencv_num_threads", "env_cfg.mp_cfg.opencv_num_threads"),
    ("mp_start_method", "env_cfg.mp_cfg.mp_start_method"),
    ("dist_params", "env_cfg.dist_cfg"),
    ("find_unused_parameters", "model_wrapper_cfg.find_unused_parameters"),
)


def upgrade_runtime(old: ConfigDict, new: ConfigDict, notes: list[Note]) -> None:
    """Write `train_cfg`, `default_hooks`, `val_evaluator`, `visualizer`, `randomness`.

    `env_cfg`, `load_from` and `resume`.
    """
    _upgrade_loop(old, new)
    _upgrade_evaluation(old, new)
    _upgrade_hooks(old, new)
    for key, path in MOVES:
        move(old, key, new, path)
    if old.get("resume_from"):
        move(old, "resume_from", new, "load_from")
        put(new, "resume", True, new.origin_of("load_from"))
        old.pop("load_from", None)
    old.pop("resume_from", None)


def _upgrade_loop(old: ConfigDict, new: ConfigDict) -> None:
    if "total_epochs" in old and "runner" not in old:
        epochs, origin = pop(old, "total_epochs")
        old.put("runner", node(origin, type="EpochBasedRunner", max_epochs=epochs), origin)
    if "runner" not in old:
        return
    runner, origin = pop(old, "runner")
    kind, kind_origin = pop(runner, "type", "EpochBasedRunner")
    loops = {"EpochBasedRunner": "EpochBasedTrainLoop", "IterBasedRunner": "IterBasedTrainLoop"}
    runner.put("type", loops.get(kind, kind), kind_origin)
    new.put("train_cfg", runner, origin)


def _upgrade_evaluation(old: ConfigDict, new: ConfigDict) -> None:
    """Turn the arguments of mmcv's EvalHook into loop settings.

    An evaluator and the choice of the best checkpoint.
    """
    if "val_dataloader" not in new:
        old.pop("evaluation", None)
        return
    options, origin = pop(old, "evaluation")
    options = options if isinstance(options, ConfigDict) else ConfigDict()
    loop = new.setdefault("train_cfg", ConfigDict())
    loop.put("val_at_end", False, origin)
    move(options, "interval", loop, "val_interval")
    if options.get("start") is not None:
        start, start_origin = pop(options, "start")
        loop.put("val_begin", max(start, 1), start_origin)
        loop.put("val_offset", start, start_origin)
    options.pop("start", None)
    for key in ("save_best", "rule"):
        move(options, key, new, f"default_hooks.checkpoint.{key}")
    settings, settings_origin = pop(options, "metric_options", ConfigDict())
    metric, metric_origin = pop(options, "metric", "accuracy")
    evaluator = node(metric_origin or origin, type="Accuracy", generation="0.x")
    if metric not in ("accuracy", ["accuracy"]):
        evaluator.put("type", metric, metric_origin)
    if "topk" not in settings:
        evaluator.put("topk", (1, 5), origin)
    for key in list(settings):
        move(settings, key, evaluator, key)
    for key in list(options):
        move(options, key, loop, key)
    for stage in ("val", "test"):
        if f"{stage}_dataloader" in new:
            new.put(f"{stage}_evaluator", evaluator.copy(), settings_origin or origin)


def _upgrade_hooks(old: ConfigDict, new: ConfigDict) -> None:
    hooks: ConfigDict = new.setdefault("default_hooks", ConfigDict())
    checkpoint = hooks.setdefault("checkpoint", ConfigDict())
    options, origin = pop(old, "checkpoint_config")
    for key in list(options or ()):
        move(options, key, checkpoint, key)
    if options is None and not checkpoint:
        hooks.put("checkpoint", None, origin)
    _upgrade_log(old, new, hooks)
    for name, priority in PRIORITIES.items():
        if name in hooks and hooks[name] is None:
            continue
        hook = hooks.setdefault(name, ConfigDict())
        hook.put("priority", priority, hook.origin)
    hooks.put("validation", node(None, priority="LOW"), None)


def _upgrade_log(old: ConfigDict, new: ConfigDict, hooks: ConfigDict) -> None:
    """Turn the list of logger hooks into one logger and the visualizer's backends."""
    options, origin = pop(old, "log_config")
    if not isinstance(options, ConfigDict):
        return
    logger = node(origin, type="LoggerHook")
    hooks.put("logger", logger, origin)
    move(options, "interval", logger, "interval")
    backends = ConfigList()
    for hook in options.pop("hooks", ()):
        name = hook.get("type", "")
        if name == "TextLoggerHook":
            hook.pop("type")
            for key in list(hook):
                move(hook, key, logger, key)
            continue
        hook.put("type", name.replace("LoggerHook", "VisBackend"), hook.origin_of("type"))
        backends.append(hook)
    if backends:
        put(
            new,
            "visualizer",
            node(origin, type="UniversalVisualizer", vis_backends=backends),
            origin,
        )
    for key in list(options):
        move(options, key, logger, key)

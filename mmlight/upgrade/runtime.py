"""Upgrades the loop, validation, the hooks and the environment."""

from mmlight.read.node import ConfigDict, ConfigList, Origin, copy_tree
from mmlight.spec import Note
from mmlight.upgrade.data import IPU
from mmlight.upgrade.metrics import to_evaluators
from mmlight.upgrade.move import move, node, pop, put

# mmcv's priorities, which differ from mmengine's
PRIORITIES = {
    "timer": "LOW",
    "logger": "VERY_LOW",
    "checkpoint": "NORMAL",
    "param_scheduler": "VERY_HIGH",
}
LOOPS = {"EpochBasedRunner": "EpochBasedTrainLoop", "IterBasedRunner": "IterBasedTrainLoop"}
UNUSED_EVALUATION = {
    "by_epoch": "mmcls 0.25 sets this itself, by the type of the runner.",
    "gpu_collect": "Metrics are gathered by torchmetrics.",
    "tmpdir": "Metrics are gathered by torchmetrics.",
    "broadcast_bn_buffer": "Buffers are synchronized by DistributedDataParallel.",
    "out_dir": "The best checkpoint is kept beside the others.",
    "file_client_args": "The best checkpoint is kept beside the others.",
}
IPU_WORDS = ("ipu_model_cfg", "options_cfg", "fp16_cfg")
BACKENDS = {
    "TensorboardLoggerHook": "TensorboardVisBackend",
    "WandbLoggerHook": "WandbVisBackend",
    "MlflowLoggerHook": "MLflowVisBackend",
    "ClearMLLoggerHook": "ClearMLVisBackend",
    "NeptuneLoggerHook": "NeptuneVisBackend",
    "DvcliveLoggerHook": "DVCLiveVisBackend",
}
VALIDATES_FIRST = "The original validates once before training as well, here it does not."
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
    """Write the loop, the evaluators, the hooks, the environment and where weights come from.

    From: mmcls 0.25 `train_model`, mmcv 1.7 `BaseRunner.register_training_hooks`.
    """
    _upgrade_loop(old, new, notes)
    _upgrade_evaluation(old, new, notes)
    _upgrade_hooks(old, new)
    for key, path in MOVES:
        move(old, key, new, path)
    if old.get("resume_from"):
        move(old, "resume_from", new, "load_from")
        put(new, "resume", True, new.origin_of("load_from"))
        old.pop("load_from", None)
    old.pop("resume_from", None)


def _upgrade_loop(old: ConfigDict, new: ConfigDict, notes: list[Note]) -> None:
    epochs, epochs_origin = pop(old, "total_epochs")
    if old.get("runner") is not None:
        if epochs is not None:
            notes.append(Note("total_epochs", "`runner` says how long to train.", epochs_origin))
        runner, origin = pop(old, "runner")
        kind, kind_origin = pop(runner, "type", "EpochBasedRunner")
        runner.put("type", LOOPS.get(kind, kind), kind_origin)
        for word in IPU_WORDS:
            if word in runner:
                notes.append(Note(f"runner.{word}", IPU, pop(runner, word)[1]))
        new.put("train_cfg", runner, origin)
    elif epochs is not None:
        put(new, "train_cfg.type", "EpochBasedTrainLoop", epochs_origin)
        put(new, "train_cfg.max_epochs", epochs, epochs_origin)
        if old.get("runner", ...) is None:
            old.pop("runner")


def _upgrade_evaluation(old: ConfigDict, new: ConfigDict, notes: list[Note]) -> None:
    """Turn the arguments of mmcv's EvalHook into loop settings, evaluators, the best checkpoint.

    Without `evaluation`, 0.x validates every epoch (or every iteration of an IterBasedRunner).

    From: mmcls 0.25 `train_model`, `EvalHook`.
    """
    options, origin = pop(old, "evaluation")
    options = options or ConfigDict()
    for key, reason in UNUSED_EVALUATION.items():
        if key in options:
            notes.append(Note(f"evaluation.{key}", reason, pop(options, key)[1]))
    _write_evaluators(options, origin, new)
    if "val_dataloader" not in new or "train_cfg" not in new:
        return
    for key in ("save_best", "rule"):
        move(options, key, new, f"default_hooks.checkpoint.{key}")
    loop = new["train_cfg"]
    loop.put("val_at_end", False, origin)
    loop.put("val_interval", *pop(options, "interval", 1))
    start, start_origin = pop(options, "start")
    if start is not None:
        loop.put("val_begin", max(start, 1), start_origin)
        loop.put("val_offset", start, start_origin)
    if start == 0:
        notes.append(Note("evaluation.start", VALIDATES_FIRST, start_origin))
    for key in list(options):
        move(options, key, loop, key)


def _write_evaluators(options: ConfigDict, origin: Origin | None, new: ConfigDict) -> None:
    """Write the metric for validation and test; 0.x takes the best 1 and 5 unless told otherwise.

    From: mmcls 0.25 `BaseDataset.evaluate`.
    """
    settings, _ = pop(options, "metric_options")
    settings = settings or ConfigDict()
    metric, metric_origin = pop(options, "metric", "accuracy")
    origins = (metric_origin or origin, origin)
    for stage in ("val", "test"):
        if f"{stage}_dataloader" in new:
            dataset = new[f"{stage}_dataloader"].get("dataset")
            evaluators = to_evaluators(metric, settings.copy(), dataset, origins)
            new.put(f"{stage}_evaluator", copy_tree(evaluators), origins[0])


def _upgrade_hooks(old: ConfigDict, new: ConfigDict) -> None:
    hooks: ConfigDict = new.setdefault("default_hooks", ConfigDict())
    checkpoint = hooks.setdefault("checkpoint", ConfigDict())
    options, origin = pop(old, "checkpoint_config")
    for key in list(options or ()):
        move(options, key, checkpoint, key)
    if options is not None:
        hooks.put("checkpoint", checkpoint, origin)
    if options is None and not checkpoint:
        hooks.put("checkpoint", None, origin)
    elif options is None:
        checkpoint.put("interval", -1, origin)
        checkpoint.put("save_last", False, origin)
    elif new.get("train_cfg", {}).get("type") == "IterBasedTrainLoop":
        checkpoint.setdefault("by_epoch", False)
    _upgrade_log(old, new, hooks)
    for name, priority in PRIORITIES.items():
        if name in hooks and hooks[name] is None:
            continue
        hook = hooks.setdefault(name, ConfigDict())
        hook.put("priority", priority, hook.origin)
    hooks.put("validation", node(None, priority="LOW"), None)
    _upgrade_custom_hooks(old)


def _upgrade_custom_hooks(old: ConfigDict) -> None:
    """Write the warm-up that mmcv's EMAHook has and mmengine's has not.

    From: mmcv 1.7 `EMAHook`.
    """
    hooks = old.get("custom_hooks") or ()
    for hook in [hooks] if isinstance(hooks, ConfigDict) else hooks:
        if isinstance(hook, ConfigDict) and hook.get("type") == "EMAHook":
            hook.setdefault("warm_up", 100)


def _upgrade_log(old: ConfigDict, new: ConfigDict, hooks: ConfigDict) -> None:
    """Turn the list of logger hooks into one logger and the visualizer's backends."""
    options, origin = pop(old, "log_config")
    if options is None:
        return
    logger = node(origin, type="LoggerHook")
    hooks.put("logger", logger, origin)
    move(options, "interval", logger, "interval")
    backends = ConfigList()
    for hook in options.pop("hooks") or ():
        name = hook["type"]
        if name == "TextLoggerHook":
            logger.put("type", "LoggerHook", pop(hook, "type")[1])
            for key in list(hook):
                move(hook, key, logger, key)
            continue
        hook.put("type", BACKENDS.get(name, name), hook.origin_of("type"))
        hook.rename("log_dir", "save_dir")
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

"""Upgrades the loop, validation, the hooks and the environment."""

from mmlight.read.node import ConfigDict
from mmlight.spec import Note
from mmlight.upgrade.checkpoint import move_best_words, upgrade_checkpoint
from mmlight.upgrade.custom_hooks import upgrade_custom_hooks
from mmlight.upgrade.data import IPU
from mmlight.upgrade.log import upgrade_log
from mmlight.upgrade.metrics import write_evaluators
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
    "broadcast_bn_buffer": "All processes evaluate with the statistics of the first one.",
}
NO_VALIDATION = "Nothing is validated: there are no such data, or there is no training."
IPU_WORDS = ("ipu_model_cfg", "options_cfg", "fp16_cfg")
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
    write_evaluators(options, origin, new, notes)
    if "val_dataloader" not in new or "train_cfg" not in new:
        notes += [
            Note(f"evaluation.{key}", NO_VALIDATION, options.origin_of(key)) for key in options
        ]
        return
    move_best_words(options, new)
    loop = new["train_cfg"]
    loop.put("val_at_end", False, origin)
    loop.put("val_interval", *pop(options, "interval", 1))
    start, start_origin = pop(options, "start")
    if start is not None:
        loop.put("val_begin", max(start, 1), start_origin)
        loop.put("val_offset", start, start_origin)
        loop.put("val_at_start", True, start_origin)
    for key in list(options):
        move(options, key, loop, key)


def _upgrade_hooks(old: ConfigDict, new: ConfigDict) -> None:
    hooks: ConfigDict = new.setdefault("default_hooks", ConfigDict())
    upgrade_checkpoint(old, new, hooks)
    upgrade_log(old, new, hooks)
    for name, priority in PRIORITIES.items():
        if name in hooks and hooks[name] is None:
            continue
        hook = hooks.setdefault(name, ConfigDict())
        hook.put("priority", priority, hook.origin)
    hooks.put("validation", node(None, priority="LOW"), None)
    upgrade_custom_hooks(old)

"""Translates `default_hooks`, `custom_hooks` and `visualizer` into callbacks and loggers.

Callbacks come out in the order of mm's priorities.
"""

import posixpath
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from mmlight.errors import UnsupportedTypeError, list_names, nearest_name
from mmlight.hooks.priority import Priority, to_priority
from mmlight.registry import HOOKS
from mmlight.spec import Call
from mmlight.translate.runtime import Loop
from mmlight.translate.section import Section
from mmlight.translate.table import bare_name

_C = "mmlight.callbacks"
LOGGERS: Final = {
    "TensorboardVisBackend": "lightning.pytorch.loggers.TensorBoardLogger",
}
TYPES: Final = {
    "timer": "IterTimerHook",
    "logger": "LoggerHook",
    "validation": "EvalHook",
    "param_scheduler": "ParamSchedulerHook",
    "checkpoint": "CheckpointHook",
}
"""Each default hook and the only type that it may have."""
CUSTOM: Final = ("EMAHook", "ClassNumCheckHook", "EmptyCacheHook")
Entry = tuple[int, Call]
"""A priority and a callback."""


def translate_hooks(
    top: Section, loop: Loop, schedules: list[Call], work_dir: str
) -> tuple[list[Entry], list[Call]]:
    """Return the callbacks with their priorities in the order in which they run, and the loggers.

    Ties keep the order of registration: default hooks first, as in mm.

    From: mmengine 0.10 `Runner.register_default_hooks`, mmcv 1.7
    `BaseRunner.register_training_hooks`.
    """
    hooks = top.take_section("default_hooks")
    entries: list[Entry] = []
    for name, default, translate in _default_hooks(loop, schedules, work_dir):
        if name in hooks.node and hooks.node[name] is None:
            hooks.take(name, to="dropped, as mm drops a default hook that is None")
            continue
        section = hooks.take_section(name)
        priority = _take_priority(section, default)
        if bare_name(section.take("type", TYPES[name])) != TYPES[name]:
            section.refuse("type", expected=TYPES[name], next_step="Use custom_hooks for others.")
        if name == "checkpoint":  # it must hold what the others did, or resuming were not exact
            priority = max(priority, Priority.VERY_LOW)
        calls = translate(section)
        entries += [(priority, call) for call in calls]
        if not calls:
            section.use("type", "it has nothing to do here")
        section.finish()
    _read_silent_hooks(hooks)
    hooks.finish()
    entries += _translate_custom_hooks(top)
    last = Priority.LOWEST + 1
    entries.append((last, Call(f"{_C}.PredictionGrid", {"work_dir": work_dir})))
    entries.append((last, Call(f"{_C}.ProgressBar")))
    return sorted(entries, key=lambda entry: entry[0]), _translate_loggers(top, work_dir)


def _default_hooks(
    loop: Loop, schedules: list[Call], work_dir: str
) -> list[tuple[str, str, Callable[[Section], list[Call]]]]:
    """List the default hooks: name in the config, mmengine's priority, translation."""

    def timer(section: Section) -> list[Call]:
        return [section.call(f"{_C}.IterTimer", {})]

    def validation(section: Section) -> list[Call]:
        call = section.call(f"{_C}.Validation", loop.validation)
        return [replace(call, origins=loop.origins)] if loop.validation else []

    def schedule(section: Section) -> list[Call]:
        if not schedules:
            return []
        length = {} if loop.by_epoch else {"max_iters": loop.length}
        return [section.call(f"{_C}.ParamSchedule", {"schedules": schedules, **length})]

    def logger(section: Section) -> list[Call]:
        return [section.call(f"{_C}.TextLog", _take_log_options(section, work_dir))]

    def checkpoint(section: Section) -> list[Call]:
        return _translate_checkpoint(section, loop, work_dir)

    return [
        ("timer", "NORMAL", timer),
        ("logger", "BELOW_NORMAL", logger),
        ("validation", "LOW", validation),
        ("param_scheduler", "LOW", schedule),
        ("checkpoint", "VERY_LOW", checkpoint),
    ]


def _take_priority(section: Section, default: str | int) -> int:
    value = section.take("priority", default, to="its place among the callbacks")
    try:
        return to_priority(value)
    except ValueError as error:
        section.refuse("priority", str(error), expected=list_names(p.name for p in Priority))
        return Priority.NORMAL


def _take_log_options(section: Section, work_dir: str) -> dict[str, Any]:
    section.ignore("It only changes how log lines count.", "by_epoch", "log_metric_by_epoch")
    section.ignore("It only changes what log lines show.", "reset_flag", "interval_exp_name")
    section.ignore(
        "Logs stay in work_dir.",
        *("out_dir", "keep_local", "file_client_args", "backend_args", "out_suffix"),
    )
    return {
        "work_dir": work_dir,
        "interval": section.take("interval", 10),
        "ignore_last": section.take("ignore_last", True),
    }


def _translate_checkpoint(section: Section, loop: Loop, work_dir: str) -> list[Call]:
    section.ignore("The state of the schedules is always saved.", "save_param_scheduler")
    section.ignore("Files are written as `epoch_N.ckpt`.", "filename_tmpl", "create_symlink")
    section.ignore("Every checkpoint can be published as it is.", "meta", "published_keys")
    section.ignore("Files are written to local folders.", "file_client_args", "backend_args")
    section.ignore("DistributedDataParallel synchronizes them.", "sync_buffer")
    kwargs: dict[str, Any] = {"dirpath": work_dir}
    out_dir = section.take_path("out_dir")
    if out_dir is not None:
        run = posixpath.basename(work_dir.rstrip("/"))
        kwargs["dirpath"] = posixpath.join(out_dir, run)
    # a hook that is not mentioned saves every epoch, one without an interval just the last
    kwargs["interval"] = section.take("interval", -1 if section.node else 1)
    kwargs["by_epoch"] = section.take("by_epoch", True)
    for key in ("save_begin", "max_keep_ckpts", "save_last", "save_best", "rule"):
        if section.take(key) is not None:
            kwargs[key] = section.take(key)
    if not section.take("save_optimizer", True, to="whether the optimizer's state is saved"):
        kwargs["save_weights_only"] = True
    if kwargs["by_epoch"] and not loop.by_epoch:
        # the loop of mmengine that counts iterations is one epoch long
        at_end = kwargs["interval"] == 1 or kwargs.get("save_last", True)
        kwargs |= {"by_epoch": False, "interval": -1, "save_last": at_end}
    call = section.call(f"{_C}.Checkpoint", kwargs)
    if "out_dir" in section.node:
        call = replace(call, origins={**call.origins, "dirpath": section.origin_of("out_dir")})
    return [call]


def _read_silent_hooks(hooks: Section) -> None:
    """Read the default hooks whose work is done elsewhere."""
    hooks.ignore("Samplers learn the epoch from the Trainer.", "sampler_seed")
    hooks.ignore("The Trainer keeps count of epochs and iterations.", "runtime_info")
    hooks.ignore("Buffers are synchronized by DistributedDataParallel.", "sync_buffers")
    visualization = hooks.take_section("visualization", to="off: no pictures are drawn")
    if visualization.node.get("enable"):
        hooks.refuse(
            "visualization",
            "pictures during validation are not drawn yet",
            next_step="Set default_hooks.visualization.enable=False.",
        )


def _translate_custom_hooks(top: Section) -> list[Entry]:
    entries: list[Entry] = []
    for section in top.take_list("custom_hooks"):
        kind = section.take("type")
        name = bare_name(kind)
        priority = _take_priority(section, "NORMAL")
        own = _find_own(section, kind)
        if own is not None:
            _refuse_own(section, own)
            continue
        if name == "EMAHook":
            entries.append((priority, _translate_ema(section)))
        elif name == "ClassNumCheckHook":
            section.note("type", "Class numbers are checked before training in any case.")
        elif name == "EmptyCacheHook":
            section.ignore("It frees cached memory; no result depends on it.", *section.leftover)
        else:
            _refuse_hook(section, name)
            continue
        section.finish()
    return entries


def _translate_ema(section: Section) -> Call:
    """Read the arguments of either generation; the upgrade writes mmcv's `warm_up`."""
    if (
        bare_name(section.take("ema_type", "ExponentialMovingAverage"))
        != "ExponentialMovingAverage"
    ):
        section.refuse("ema_type", expected="ExponentialMovingAverage")
    section.use("ema_type", "the only average there is")
    section.refuse_unless("evaluate_on_ema", True)
    section.refuse_unless("evaluate_on_origin", False)
    section.ignore(
        "Resuming restores the average from the checkpoint.", "resume_from", "strict_load"
    )
    names = ("momentum", "interval", "warm_up", "update_buffers", "begin_iter", "begin_epoch")
    given = [name for name in names if section.take(name) is not None]
    return section.call(f"{_C}.EMA", {name: section.node[name] for name in given})


def _find_own(section: Section, kind: Any) -> Any:
    """Return the user's class that the type of a hook names, registered or by itself."""
    if not isinstance(kind, str):
        return kind if callable(kind) else None
    found = HOOKS.in_scope(section.report.scope).find(kind)
    return found.target if found else None


def _refuse_own(section: Section, own: Any) -> None:
    name = own.__qualname__
    section.refuse(
        "type",
        f"the hook {name} ({own.__module__}.{name}) is registered; running hooks of users comes "
        "with a later version",
        next_step="Remove the hook from custom_hooks for now.",
    )


def _refuse_hook(section: Section, name: Any) -> None:
    error = UnsupportedTypeError(
        section.key_path("type"),
        f"no translation for the hook {name!r} yet",
        origin=section.origin_of("type"),
        expected=list_names(CUSTOM),
        nearest=nearest_name(str(name), CUSTOM),
        next_step="Correct the name, or remove the hook from custom_hooks.",
    )
    section.report.errors.append(error)


def _translate_loggers(top: Section, work_dir: str) -> list[Call]:
    visualizer = top.take_section("visualizer")
    visualizer.ignore("Logs are written without it.", "type", "name")
    top.take("vis_backends")
    loggers = []
    for backend in visualizer.take_list("vis_backends"):
        name = bare_name(backend.take("type"))
        if isinstance(name, str) and name in LOGGERS:
            kwargs = {"save_dir": backend.take("save_dir", work_dir), "name": ""}
            loggers.append(backend.call(LOGGERS[name], kwargs))
        elif name == "LocalVisBackend":
            backend.use("type", "logs and pictures are written to work_dir in any case")
        else:
            backend.refuse(
                "type",
                f"no logger for {name!r} yet",
                expected=list_names([*LOGGERS, "LocalVisBackend"]),
            )
        backend.ignore("The logger's defaults are used.", *backend.leftover)
    visualizer.finish()
    return loggers

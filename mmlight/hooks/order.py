"""Which points each hook of the originals has, and the table of all hooks per point."""

from collections.abc import Iterable
from typing import Any, Final

from mmlight.hooks.hook import POINTS
from mmlight.hooks.priority import Priority

_UPDATER: Final = "before_run before_train_epoch before_train_iter"
_LOG: Final = (
    "before_run before_train_epoch after_train_iter after_train_epoch before_val_epoch"
    " after_val_epoch"
)
_EVAL: Final = "before_run before_train_epoch before_train_iter after_train_iter after_train_epoch"

OLD_STAGES: Final = (
    *("before_run", "before_train_epoch", "before_train_iter"),
    *("after_train_iter", "after_train_epoch"),
    *("before_val_epoch", "before_val_iter", "after_val_iter", "after_val_epoch", "after_run"),
)
"""The points of 0.x; those of validation belong to a workflow with a validation loss."""

OLD_POINTS: Final = {
    "CheckpointHook": "before_run after_train_iter after_train_epoch",
    "ClassNumCheckHook": "before_train_epoch before_train_iter before_val_epoch before_val_iter",
    "ClearMLLoggerHook": _LOG,
    "DistSamplerSeedHook": "before_train_epoch before_val_epoch",
    "DvcliveLoggerHook": _LOG,
    "EMAHook": "before_run before_train_epoch after_train_iter after_train_epoch",
    "EmptyCacheHook": (
        "before_train_epoch after_train_iter after_train_epoch before_val_epoch after_val_iter"
        " after_val_epoch"
    ),
    "EvalHook": _EVAL,
    "DistEvalHook": _EVAL,
    "Fp16OptimizerHook": "before_run after_train_iter",
    "GradientCumulativeFp16OptimizerHook": "before_run after_train_iter",
    "GradientCumulativeOptimizerHook": "after_train_iter",
    "IterTimerHook": (
        "before_train_epoch before_train_iter after_train_iter before_val_epoch before_val_iter"
        " after_val_iter"
    ),
    "MlflowLoggerHook": f"{_LOG} after_run",
    "MMClsWandbHook": f"{_LOG} after_run",
    "NeptuneLoggerHook": f"{_LOG} after_run",
    "OptimizerHook": "after_train_iter",
    "DistOptimizerHook": "after_train_iter",
    "PreciseBNHook": "after_train_epoch",
    "ProfilerHook": "before_run after_train_iter after_train_epoch",
    "SyncBuffersHook": "after_train_epoch after_val_epoch",
    "TensorboardLoggerHook": f"{_LOG} after_run",
    "TextLoggerHook": f"{_LOG} after_run",
    "WandbLoggerHook": f"{_LOG} after_run",
    "CheckInvalidLossHook": "after_train_iter",
    "MemoryProfilerHook": "after_train_iter after_val_iter",
    "NumClassCheckHook": "before_train_epoch before_val_epoch",
    "SetEpochInfoHook": "before_train_epoch",
    "SyncNormHook": "before_train_epoch after_train_epoch",
    "SyncRandomSizeHook": "after_train_epoch",
    "YOLOXModeSwitchHook": "before_train_epoch",
}
"""Points of the hooks of mmcv 1.7 and mmcls 0.25."""

NEW_POINTS: Final = {
    "CheckpointHook": "before_train after_train_iter after_train_epoch after_val_epoch after_train",
    "ClassNumCheckHook": "before_train before_val before_test",
    "DistSamplerSeedHook": "before_train_epoch",
    "EMAHook": (
        "before_run after_load_checkpoint before_train after_train_iter before_val_epoch"
        " after_val_epoch before_save_checkpoint before_test_epoch after_test_epoch"
    ),
    "EarlyStoppingHook": "before_run after_val_epoch",
    "EmptyCacheHook": (
        "before_train_epoch after_train_iter after_train_epoch before_val_epoch after_val_iter"
        " after_val_epoch before_test_epoch after_test_iter after_test_epoch"
    ),
    "IterTimerHook": (
        "before_train before_train_epoch before_train_iter after_train_iter after_train_epoch"
        " before_val_epoch before_val_iter after_val_iter after_val_epoch before_test_epoch"
        " before_test_iter after_test_iter after_test_epoch"
    ),
    "LoggerHook": (
        "before_run after_train_iter after_val_iter after_val_epoch after_test_iter"
        " after_test_epoch after_run"
    ),
    "NaiveVisualizationHook": "before_train after_test_iter",
    "ParamSchedulerHook": "after_train_iter after_train_epoch after_val_epoch",
    "PreciseBNHook": "after_train_iter after_train_epoch",
    "PrepareTTAHook": "before_test",
    "ProfilerHook": "before_run after_train_iter after_train_epoch",
    "RuntimeInfoHook": (
        "before_run before_train before_train_epoch before_train_iter after_train_iter before_val"
        " after_val_epoch after_val after_train before_test after_test_epoch after_test"
    ),
    "SwitchRecipeHook": "before_train before_train_epoch",
    "SyncBuffersHook": "after_train_epoch before_val_epoch",
    "VisualizationHook": "after_val_iter after_test_iter",
    "CheckInvalidLossHook": "after_train_iter",
    "DisableObjectSampleHook": "before_train_epoch",
    "MemoryProfilerHook": "after_train_iter after_val_iter after_test_iter",
    "NumClassCheckHook": "before_train_epoch before_val_epoch",
    "SetAdaptiveMarginsHook": "before_train",
    "SetEpochInfoHook": "before_train_epoch",
    "SyncNormHook": "before_val_epoch",
    "WarmupParamHook": "before_train before_train_iter",
    "YOLOXModeSwitchHook": "before_train_epoch",
}
"""Points of the hooks of mmengine 0.10 and mmpretrain 1.2."""


def list_points(name: str, generation: str) -> tuple[str, ...]:
    """Return the points of a hook of the originals, in the order of a run.

    Args:
        name: Its class in mm.
        generation: '0.x' or '1.x'.

    Examples:
        >>> list_points("SyncBuffersHook", "0.x")
        ('after_train_epoch', 'after_val_epoch')
    """
    known = OLD_POINTS if generation == "0.x" else NEW_POINTS
    if generation == "0.x" and name.endswith(("LrUpdaterHook", "MomentumUpdaterHook")):
        return tuple(_UPDATER.split())
    return tuple(known.get(name, "").split())


def format_order(
    order: Iterable[tuple[str, int]], callbacks: Iterable[Any] = (), generation: str = "1.x"
) -> str:
    """Write for each point which hooks meet it, in their order.

    Args:
        order: Class in mm and priority of each hook, in the order in which they run.
        callbacks: Those of the run; one that stands for a user's hook (`hook`) tells its `points`.
        generation: '0.x' or '1.x'.

    From: mmcv 1.7 `BaseRunner.get_hook_info`, mmengine 0.10 `Runner.get_hooks_info`.
    """
    own = {type(c.hook).__name__: c.points for c in callbacks if hasattr(c, "hook")}
    rows: dict[str, list[str]] = {}
    for name, priority in order:
        for point in own.get(name) or list_points(name, generation):
            rows.setdefault(point, []).append(f"({_name(priority):<12}) {name:<35}")
    met = [point for point in POINTS if point in rows]
    return "\n".join("\n".join([f"{p}:", *rows[p], " -------------------- "]) for p in met)


def _name(priority: int) -> str:
    try:
        return Priority(priority).name
    except ValueError:
        return str(priority)

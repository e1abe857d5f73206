"""Translates one hook of `custom_hooks`: a built-in one by its row, or the user's own.

To add a hook: 1. write the callback in mmlight/callbacks; 2. add a row, or a function to `SPECIAL`
where arguments need more than another name; 3. list its points in mmlight/hooks/order.py; 4. test.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from mmlight.errors import list_names
from mmlight.hooks.priority import Priority, to_priority
from mmlight.registry import HOOKS
from mmlight.spec import Call
from mmlight.translate.averages import translate_ema
from mmlight.translate.recipes import translate_recipes
from mmlight.translate.section import Section
from mmlight.translate.table import Row, Table, bare_name
from mmlight.upgrade.tta import MERGER

_C = "mmlight.callbacks"
_WRAPPER: Final = "mmlight.hooks.hook_callback.as_callback"
_DET: Final = ("mmdet",)
SCOPES: Final = ("mmcv", "mmcls", "mmengine", "mmpretrain", "mmdet", "mmdet3d", "mmselfsup")
PRIORITIES: Final = {"EarlyStoppingHook": "LOWEST", "ProfilerHook": "VERY_LOW"}
"""Hooks of 1.x whose own priority is not NORMAL."""

HOOK_ROWS: Final = (
    Row("CheckInvalidLossHook", f"{_C}.CheckInvalidLoss", scopes=_DET),
    Row("ClassNumCheckHook", f"{_C}.ClassNumCheck"),
    Row("DisableObjectSampleHook", f"{_C}.DisableObjectSample", scopes=("mmdet3d",)),
    Row("EarlyStoppingHook", f"{_C}.EarlyStopping"),
    Row("EMAHook", f"{_C}.EMA"),
    Row("EmptyCacheHook", f"{_C}.EmptyCache"),
    Row("MemoryProfilerHook", f"{_C}.MemoryProfiler", scopes=_DET),
    Row("NumClassCheckHook", f"{_C}.ClassNumCheck", scopes=_DET),
    Row("PreciseBNHook", f"{_C}.PreciseBN"),
    Row("ProfilerHook", f"{_C}.Profiler"),
    Row("SetAdaptiveMarginsHook", f"{_C}.SetAdaptiveMargins"),
    Row("SetEpochInfoHook", f"{_C}.SetEpochInfo", scopes=_DET),
    Row("SwitchRecipeHook", f"{_C}.SwitchRecipe"),
    Row("SyncBuffersHook", f"{_C}.SyncBuffers"),
    Row("SyncNormHook", f"{_C}.SyncNorm", scopes=_DET),
    Row(
        "SyncRandomSizeHook",
        f"{_C}.SyncRandomSize",
        ignore={"device": "The size is sent by the Trainer."},
        scopes=_DET,
    ),
    Row("WarmupParamHook", f"{_C}.WarmupParam"),
    Row("YOLOXModeSwitchHook", f"{_C}.YOLOXModeSwitch", scopes=_DET),
    Row("PrepareTTAHook", ""),
)
OTHER_HOOKS: Final = {
    "DenseCLHook": "DenseCL, a self-supervised method",
    "SimSiamHook": "SimSiam, a self-supervised method",
    "SwAVHook": "SwAV, a self-supervised method",
    "PrepareProtoBeforeValLoopHook": "image retrieval",
    "MeanTeacherHook": "semi-supervised detection",
    "NPUProfilerHook": "Ascend devices",
}
"""Hooks of the originals that nobody needs here, with what they are for."""
OF_GENERATION: Final = ("PreciseBNHook", "ProfilerHook")
"""Hooks that do otherwise in 0.x, which the callback is told."""
SILENT: Final = {
    "DistSamplerSeedHook": "Samplers learn the epoch from the Trainer.",
    "IterTimerHook": "Batches are timed in any case.",
    "RuntimeInfoHook": "The Trainer keeps count of epochs and iterations.",
}
"""Hooks whose work is done elsewhere."""
HOOK_TABLE: Final = Table(
    "hook",
    HOOK_ROWS,
    HOOKS,
    file="mmlight/translate/custom_hooks.py",
    scopes=SCOPES,
    purposes=OTHER_HOOKS,
)


@dataclass(frozen=True)
class HookEntry:
    """One hook of mm.

    Args:
        priority: A smaller number runs earlier; ties keep the order of registration.
        name: Its class in mm; empty for what is no hook there.
        calls: The callbacks that do its work; none where something else does it.
        runs_at: The priority of these, where it has to differ.
    """

    priority: int
    name: str
    calls: tuple[Call, ...] = ()
    runs_at: int | None = None


def translate_hook(section: Section, generation: str, default: Any = None) -> HookEntry | None:
    """Return what a hook becomes; None where its type is unknown, which the report then tells.

    Args:
        section: A dict with a `type`.
        generation: '0.x' or '1.x'.
        default: The priority where the dict has none; None for that of the class.
    """
    kind = section.node.get("type")
    name = bare_name(kind) if isinstance(kind, str) else getattr(kind, "__name__", "")
    own = _find_own(section, kind)
    if default is None:
        default = _find_default(name, own, generation)
    priority = take_priority(section, default)
    if own is None and name in SILENT:
        section.ignore(SILENT[name], "type")
        section.finish()
        return HookEntry(priority, name)
    if own is None and name in SPECIAL:
        section.take("type")
        calls = SPECIAL[name](section, generation)
        if not calls:
            section.use("type", "it has nothing to do here")
        section.finish()
        return HookEntry(priority, name, tuple(calls))
    call = HOOK_TABLE.translate(section)
    if call is None:
        return None
    if own is None and name in HOOK_TABLE.rows:
        if generation == "0.x" and name in OF_GENERATION:
            call = replace(call, kwargs={**call.kwargs, "generation": generation})
        return HookEntry(priority, name, (call,))
    wrapped = Call(
        _WRAPPER,
        {"hook": call, "generation": generation},
        path=call.path,
        origin=call.origin,
    )
    return HookEntry(priority, call.target.rpartition(".")[2], (wrapped,))


def wrap_object(hook: Any, generation: str) -> Call:
    """Describe a hook that is an object already."""
    return Call(_WRAPPER, {"hook": hook, "generation": generation})


def take_priority(section: Section, default: str | int) -> int:
    """Read the priority of a hook."""
    value = section.take("priority", default, to="its place among the callbacks")
    try:
        return to_priority(value)
    except ValueError as error:
        section.refuse("priority", str(error), expected=list_names(p.name for p in Priority))
        return Priority.NORMAL


def find_priority(value: Any) -> int:
    """Return the priority that a hook's class names; NORMAL for what is none."""
    try:
        return to_priority(value)
    except ValueError:
        return Priority.NORMAL


def _find_default(name: str, own: Any, generation: str) -> int:
    """Return a hook's own priority, which counts in 1.x alone."""
    if generation == "0.x":
        return Priority.NORMAL
    if own is not None:
        return find_priority(getattr(own, "priority", "NORMAL"))
    return to_priority(PRIORITIES.get(name, "NORMAL"))


def _find_own(section: Section, kind: Any) -> Any:
    """Return the user's class that the type of a hook names, registered or by itself."""
    if not isinstance(kind, str):
        return kind if callable(kind) else None
    found = HOOKS.in_scope(section.report.scope).find(kind, HOOK_TABLE.scopes)
    return found.target if found and found.target else None


# -------------------------------------------------------------------------- arguments


def _synchronize(section: Section, generation: str) -> list[Call]:
    """Read a word of mmcv that switches the hook off."""
    section.take("type")
    if not section.take("distributed", True, to="whether it does anything"):
        return []
    options = {"generation": generation} if generation == "0.x" else {}
    return [section.call(f"{_C}.SyncBuffers", options)]


def _prepare_views(section: Section, generation: str) -> list[Call]:
    """Read the model around the model: scores of views are averaged wherever there are several."""
    merger = section.take_section("tta_cfg", to="the mean of the scores of all views")
    name = merger.take("type", to="the mean of the scores of all views")
    if bare_name(getattr(name, "__name__", name)) != MERGER:
        merger.refuse("type", expected=MERGER)
    merger.finish()
    return []


def _translate_visualization(section: Section, generation: str) -> list[Call]:
    """Read the hook that draws predictions; it is off unless it is switched on."""
    if not section.take("enable", False, to="whether pictures are drawn"):
        section.ignore("No pictures are drawn.", *section.leftover)
        return []
    options = {key: section.take(key) for key in section.leftover}
    return [section.call(f"{_C}.Visualization", {"enable": True, **options})]


SPECIAL: Final[dict[str, Callable[[Section, str], list[Call]]]] = {
    "EMAHook": translate_ema,
    "SwitchRecipeHook": translate_recipes,
    "SyncBuffersHook": _synchronize,
    "PrepareTTAHook": _prepare_views,
    "VisualizationHook": _translate_visualization,
}
"""Hooks whose arguments need more than another name."""

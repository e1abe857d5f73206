"""Translates `default_hooks` and `custom_hooks` into callbacks, in the order of mm's priorities."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from mmlight.hooks.priority import Priority
from mmlight.read.node import ConfigDict
from mmlight.spec import Call
from mmlight.translate.checkpoint_hook import translate_checkpoint
from mmlight.translate.custom_hooks import (
    HookEntry,
    find_priority,
    take_priority,
    translate_hook,
    wrap_object,
)
from mmlight.translate.log_hooks import translate_logger, translate_run_log
from mmlight.translate.runtime import Loop
from mmlight.translate.section import Section
from mmlight.translate.table import bare_name
from mmlight.translate.workflow import translate_workflow

_C = "mmlight.callbacks"
TYPES: Final = {
    "runtime_info": "RuntimeInfoHook",
    "timer": "IterTimerHook",
    "sampler_seed": "DistSamplerSeedHook",
    "logger": "LoggerHook",
    "param_scheduler": "ParamSchedulerHook",
    "checkpoint": "CheckpointHook",
    "validation": "EvalHook",
}
"""The default hooks and their types; `validation` is a hook in 0.x alone."""
PRIORITIES: Final = {
    "runtime_info": "VERY_HIGH",
    "timer": "NORMAL",
    "sampler_seed": "NORMAL",
    "logger": "BELOW_NORMAL",
    "param_scheduler": "LOW",
    "checkpoint": "VERY_LOW",
    "validation": "LOW",
}
"""Priorities of 1.x; the upgrade writes those of 0.x."""
SILENT: Final = {
    "runtime_info": "The Trainer keeps count of epochs and iterations.",
    "sampler_seed": "Samplers learn the epoch from the Trainer.",
}
"""Default hooks whose work is done elsewhere."""
OPTIMIZER_HOOKS: Final = {
    (False, False): "OptimizerHook",
    (True, False): "Fp16OptimizerHook",
    (False, True): "GradientCumulativeOptimizerHook",
    (True, True): "GradientCumulativeFp16OptimizerHook",
}
"""Hooks of mmcv that make steps, by mixed precision and accumulation."""


def translate_hooks(
    top: Section, loop: Loop, schedules: list[Call], work_dir: str
) -> list[tuple[int, Call]]:
    """Return the callbacks with their priorities, in the order in which they run.

    From: mmengine 0.10 `Runner.register_default_hooks`, mmcv 1.7
    `BaseRunner.register_training_hooks`, mmcls 0.25 `train_model`.
    """
    hooks = top.take_section("default_hooks")
    # only in 0.x does a hook validate; the upgrade writes it down
    generation = "0.x" if "validation" in hooks.node else "1.x"
    reader = HookReader(top, hooks, loop, schedules, work_dir, generation)
    entries = [
        *(reader.read_old() if generation == "0.x" else reader.read_new()),
        *read_custom(top, generation),
    ]
    if generation == "0.x":
        entries += [*reader.saver, *reader.read("validation")]
        for call in translate_workflow(top, loop):
            entries.append(HookEntry(Priority.LOW, "", (call,)))
    else:
        entries += reader.read("validation")
        if top.node.get("workflow") in ([("train", 1)], [["train", 1]], None):
            top.take("workflow", to="so it is here in any case")
    hooks.finish()
    order = [[e.name, int(e.priority)] for e in _sort(entries) if e.name]
    first, last = Priority.HIGHEST - 1, Priority.LOWEST + 1
    callbacks = [(first, translate_run_log(top)), (first, Call(f"{_C}.RuntimeInfo"))]
    callbacks += [
        (e.priority if e.runs_at is None else e.runs_at, call) for e in entries for call in e.calls
    ]
    callbacks += [
        (last, Call(f"{_C}.PredictionGrid", {"work_dir": work_dir})),
        (last, Call(f"{_C}.ProgressBar")),
        (last, Call(f"{_C}.Announcer", {"generation": generation, "order": order})),
    ]
    return sorted(callbacks, key=lambda pair: pair[0])


def _sort(entries: Iterable[HookEntry]) -> list[HookEntry]:
    return sorted(entries, key=lambda entry: entry.priority)


class HookReader:
    """Reads the default hooks of a generation in the order in which mm registers them.

    Args:
        top: The whole config.
        hooks: Its section `default_hooks`.
        loop: When training stops and validation runs.
        schedules: What `param_scheduler` became.
        work_dir: Folder of the run.
        generation: '0.x' or '1.x'.
    """

    def __init__(
        self,
        top: Section,
        hooks: Section,
        loop: Loop,
        schedules: list[Call],
        work_dir: str,
        generation: str,
    ) -> None:
        self.top = top
        self.hooks = hooks
        self.loop = loop
        self.schedules = schedules
        self.work_dir = work_dir
        self.generation = generation
        self.saver: list[HookEntry] = []

    def read_new(self) -> list[HookEntry]:
        """Return the default hooks of 1.x, and those that a config adds to them."""
        names = [name for name in TYPES if name != "validation"]
        entries = [entry for name in names for entry in self.read(name)]
        for name in self.hooks.leftover:
            if name != "validation":
                section = self.hooks.take_section(name)
                if "type" in section.node:
                    entries += read_hook(section, self.generation)
                else:
                    section.refuse("type", "the hook has no type", expected="the name of a hook")
        return entries

    def read_old(self) -> list[HookEntry]:
        """Return the default hooks of 0.x but the one that validates."""
        entries = self.read("param_scheduler")
        wrapper = self.top.node.get("optim_wrapper") or ConfigDict()
        accumulates = wrapper.get("accumulative_counts") not in (None, 1)
        is_mixed = bare_name(wrapper.get("type")) == "AmpOptimWrapper"
        if wrapper:
            entries.append(HookEntry(Priority.ABOVE_NORMAL, OPTIMIZER_HOOKS[is_mixed, accumulates]))
        for name in ("checkpoint", "timer", "logger"):
            entries += self.read(name)
        for name in SILENT:  # 0.x has no words for them
            self.hooks.take(name)
        return entries

    def read(self, name: str) -> list[HookEntry]:
        """Return a default hook; none when it is None, or the user's where the type is another."""
        if name in self.hooks.node and self.hooks.node[name] is None:
            self.hooks.take(name, to="dropped, as mm drops a default hook that is None")
            return []
        section = self.hooks.take_section(name)
        kind = section.node.get("type")
        if kind is not None and bare_name(kind) != TYPES[name]:
            return read_hook(section, self.generation, default=PRIORITIES[name])
        section.take("type")
        priority = take_priority(section, PRIORITIES[name])
        if name in SILENT:
            self.hooks.ignore(SILENT[name], name)
            return [HookEntry(priority, TYPES[name])]
        entries: list[HookEntry] = getattr(self, f"_read_{name}")(section, priority)
        if not any(entry.calls for entry in entries):
            section.use("type", "it has nothing to do here")
        section.finish()
        return entries

    def _read_timer(self, section: Section, priority: int) -> list[HookEntry]:
        return [HookEntry(priority, "IterTimerHook", (section.call(f"{_C}.IterTimer", {}),))]

    def _read_logger(self, section: Section, priority: int) -> list[HookEntry]:
        found = translate_logger(section, self.top, self.generation)
        return [HookEntry(priority, name, (call,)) for name, call in found]

    def _read_validation(self, section: Section, priority: int) -> list[HookEntry]:
        if not self.loop.validation:
            return []
        call = replace(
            section.call(f"{_C}.Validation", self.loop.validation), origins=self.loop.origins
        )
        name = "EvalHook" if self.generation == "0.x" and self.loop.has_data else ""
        return [HookEntry(priority, name, (call,))]

    def _read_param_scheduler(self, section: Section, priority: int) -> list[HookEntry]:
        length = {} if self.loop.by_epoch else {"max_iters": self.loop.length}

        def make(schedules: list[Call]) -> Call:
            return section.call(f"{_C}.ParamSchedule", {"schedules": schedules, **length})

        if self.generation == "1.x":
            calls = (make(self.schedules),) if self.schedules else ()
            return [HookEntry(priority, "ParamSchedulerHook", calls)]
        named = list(zip(self._list_updaters(), self.schedules, strict=False))
        entries = []
        for at, is_momentum in ((priority, False), (Priority.HIGH, True)):
            found = [p for p in named if p[0].endswith("MomentumUpdaterHook") == is_momentum]
            # one callback for all: the name of its state is that of the option
            calls = (make([schedule for _, schedule in found]),)
            entries += [
                HookEntry(at, name, () if n else calls) for n, (name, _) in enumerate(found)
            ]
        return entries

    def _list_updaters(self) -> list[str]:
        """Return the classes of mmcv that change rates, in the order of `param_scheduler`."""
        found = self.top.node.get("param_scheduler") or ()
        schedules = [found] if isinstance(found, ConfigDict) else found
        return [str(bare_name(schedule.get("type"))) for schedule in schedules]

    def _read_checkpoint(self, section: Section, priority: int) -> list[HookEntry]:
        calls = tuple(translate_checkpoint(section, self.loop, self.work_dir, self.generation))
        # it must hold what the others did, or resuming were not exact
        if self.generation == "1.x":
            runs_at = max(priority, Priority.VERY_LOW)
            return [HookEntry(priority, "CheckpointHook", calls, runs_at)]
        self.saver = [HookEntry(priority, "", calls, max(priority, Priority.LOW))]
        return [HookEntry(priority, "CheckpointHook")]


def read_custom(top: Section, generation: str) -> list[HookEntry]:
    """Return the hooks of `custom_hooks`: dicts, or objects that are used as they are."""
    value = top.node.get("custom_hooks")
    items = [value] if top.holds_object("custom_hooks") else value
    if not isinstance(items, (list, tuple)) or all(isinstance(i, ConfigDict) for i in items):
        sections = top.take_list("custom_hooks")
        return [entry for section in sections for entry in read_hook(section, generation)]
    top.take("custom_hooks", to="callbacks")
    entries = []
    for item in items:
        default = getattr(item, "priority", "NORMAL") if generation == "1.x" else "NORMAL"
        name = type(item).__name__
        call = wrap_object(item, generation)
        entries.append(HookEntry(find_priority(default), name, (call,)))
    return entries


def read_hook(section: Section, generation: str, default: Any = None) -> list[HookEntry]:
    """Return a hook that a dict describes: a built-in one, or the user's."""
    found = translate_hook(section, generation, default)
    return [found] if found else []

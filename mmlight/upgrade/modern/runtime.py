"""Writes the optimizer wrapper, the loops and the evaluators as mmpretrain 1.2 does."""

from typing import Any

from mmlight.read.node import ConfigDict
from mmlight.spec import Note
from mmlight.upgrade.move import node, pop

NORM_BIASES = (
    "Biases of normalization layers follow `bias_decay_mult` as well; in mmcls they did not."
)
OWN_CONSTRUCTOR = "mmengine calls it with `optim_wrapper_cfg` instead of `optimizer_cfg`: adapt it."
NAMES = "Metrics have the names of mmpretrain, such as `accuracy/top1` for `accuracy_top-1`."
TOGETHER = "mmpretrain evaluates joined datasets together; mmcls gave each its own results."
OWN_METRIC = "mmpretrain does not call `evaluate` of a dataset: make it a class in METRICS."
AT_END = "mmengine validates after the last epoch as well; mmcls only every {}."


def modernize_optim(values: ConfigDict, notes: list[Note]) -> None:
    """Write `optim_wrapper`.

    From: mmengine 0.10 `OptimWrapper`, `DefaultOptimWrapperConstructor`.
    """
    wrapper = values.get("optim_wrapper")
    if not isinstance(wrapper, ConfigDict):
        return
    if wrapper.get("type") == "OptimWrapper":
        del wrapper["type"]
    if "clip_grad" in wrapper and wrapper["clip_grad"] is None:
        del wrapper["clip_grad"]
    if isinstance(wrapper.get("clip_grad"), ConfigDict):
        wrapper["clip_grad"].pop("whole_model", None)
    if wrapper.get("constructor") == "DefaultOptimizerConstructor":
        del wrapper["constructor"]
    if wrapper.pop("generation", None) is not None:
        origin = wrapper.origin_of("constructor")
        notes.append(Note("optim_wrapper.constructor", OWN_CONSTRUCTOR, origin))
    rules = wrapper.get("paramwise_cfg")
    if isinstance(rules, ConfigDict):
        exclusive = rules.pop("exclusive_layers", False)
        rules.pop("keep_frozen", None)
        if exclusive and "bias_decay_mult" in rules and "norm_decay_mult" not in rules:
            path = "optim_wrapper.paramwise_cfg.bias_decay_mult"
            notes.append(Note(path, NORM_BIASES, rules.origin_of("bias_decay_mult")))


def modernize_loops(values: ConfigDict, notes: list[Note]) -> None:
    """Write `train_cfg`, `val_cfg`, `test_cfg` and the evaluators.

    From: mmengine 0.10 `EpochBasedTrainLoop`, mmpretrain 1.2 `evaluation.metrics`.
    """
    if isinstance(values.get("train_cfg"), ConfigDict):
        _modernize_train_loop(values, notes)
    for stage in ("val", "test"):
        loop = values.pop(f"{stage}_cfg", ConfigDict())
        if f"{stage}_dataloader" not in values:
            continue  # mmengine refuses a loop without data
        evaluators = _join_parts(values, f"{stage}_evaluator", notes)
        for evaluator in [evaluators] if isinstance(evaluators, ConfigDict) else evaluators or ():
            _modernize_evaluator(evaluator)
        values.put(f"{stage}_cfg", loop, loop.origin)
        if stage == "val":
            origin = values.origin_of("val_evaluator")
            notes.append(Note("val_evaluator", NAMES, origin))


def _join_parts(values: ConfigDict, key: str, notes: list[Note]) -> Any:
    """Return the evaluators, of datasets that were evaluated one by one those of the first."""
    found, origin = values.get(key), values.origin_of(key)
    if isinstance(found, ConfigDict) and found.get("type") == "SeparateMetrics":
        notes.append(Note(key, TOGETHER, origin))
        parts = found["parts"][0]
        found = parts[0] if len(parts) == 1 else parts
        values.put(key, found, origin)
    if isinstance(found, ConfigDict) and found.get("type") == "DatasetMetric":
        notes.append(Note(key, OWN_METRIC, origin))
    return found


def _modernize_train_loop(values: ConfigDict, notes: list[Note]) -> None:
    loop, origin = pop(values, "train_cfg")
    kind, kind_origin = pop(loop, "type")
    kinds = {"EpochBasedTrainLoop": True, "IterBasedTrainLoop": False}
    first = {"by_epoch": kinds[kind]} if kind in kinds else {"type": kind}
    made = node(kind_origin, **first)
    made.put_all(loop)
    made.origin = origin
    length, interval = made.get("max_epochs") or made.get("max_iters"), made.get("val_interval")
    at_end = made.pop("val_at_end", True)
    made.pop("val_offset", None)
    made.pop("val_at_start", None)
    whole = isinstance(length, int) and isinstance(interval, int)
    if whole and not at_end and length and interval and length % interval:
        unit = "epochs" if made.get("by_epoch") else "iterations"
        text = AT_END.format(f"{interval} {unit}")
        notes.append(Note("train_cfg.val_interval", text, made.origin_of("val_interval")))
    values.put("train_cfg", made, origin)


def _modernize_evaluator(evaluator: ConfigDict) -> None:
    """Leave the names of 0.x and what is the default."""
    evaluator.pop("generation", None)
    defaults = {"items": ("precision", "recall", "f1-score"), "average": "macro"}
    for key, value in defaults.items():
        if evaluator.get(key, ...) == value:
            del evaluator[key]

"""Turns `evaluation` into evaluators.

In 0.x the dataset evaluates and the metrics have names; in 1.x each group of them is a class. The
names under which 0.x reports them are kept by `generation='0.x'`. A user's dataset that evaluates
itself goes on doing so.

To add a metric: 1. add its name to one of the groups; 2. compare in tests/upgrade/test_metrics.py.
"""

from dataclasses import dataclass
from typing import Any, Final

from mmlight.read.node import ConfigDict, ConfigList, Origin, copy_tree
from mmlight.registry import DATASETS
from mmlight.spec import Note
from mmlight.upgrade.move import node
from mmlight.upgrade.shape import WRAPPERS

OLD_NAMES: Final = {"generation": "0.x"}
SINGLE_LABEL: Final = {
    "precision": "precision",
    "recall": "recall",
    "f1_score": "f1-score",
    "support": "support",
}
# the letter before says how classes are averaged: C each class, O all together
MULTI_LABEL: Final = {
    "macro": {"CP": "precision", "CR": "recall", "CF1": "f1-score"},
    "micro": {"OP": "precision", "OR": "recall", "OF1": "f1-score"},
}
NAMES: Final = {
    False: ("accuracy", *SINGLE_LABEL),
    True: ("mAP", *MULTI_LABEL["macro"], *MULTI_LABEL["micro"]),
}
"""The metrics of datasets with one label per image, and of those with several."""
OPTIONS: Final = {
    "Accuracy": {"topk": "topk", "thrs": "thrs"},
    "SingleLabelMetric": {"thrs": "thrs", "average_mode": "average"},
    "MultiLabelMetric": {"thr": "thr", "k": "topk"},
}
"""What each evaluator takes of `metric_options`."""
KNOWN_OPTIONS: Final = {False: ("topk", "thrs", "average_mode"), True: ("thr", "k")}
UNREAD: Final = "None of the metrics reads it."
HOOK_WORDS: Final = frozenset(
    (
        *("interval", "start", "by_epoch", "save_best", "rule", "greater_keys", "less_keys"),
        *("test_fn", "out_dir", "file_client_args", "tmpdir", "gpu_collect", "priority"),
        "broadcast_bn_buffer",
    )
)
"""The entries of `evaluation` that are for mmcv's EvalHook; the others are for the dataset."""


@dataclass(frozen=True)
class Evaluation:
    """What `evaluation` says to the dataset.

    Args:
        words: `metric`, `metric_options` and whatever else is not for the hook.
        origin: Where `evaluation` was set.
        notes: Receives what was ignored.
    """

    words: ConfigDict
    origin: Origin | None
    notes: list[Note]


def write_evaluators(
    options: ConfigDict, origin: Origin | None, new: ConfigDict, notes: list[Note]
) -> None:
    """Write `val_evaluator` and `test_evaluator`, and take what they read out of `evaluation`.

    Args:
        options: `evaluation`.
        origin: Where it was set.
        new: The config, which has its loaders already.
        notes: Receives what was ignored.

    From: mmcv 1.7 `EvalHook.evaluate`.
    """
    words = options.copy()
    for word in HOOK_WORDS & words.keys():
        del words[word]
    evaluation = Evaluation(words, origin, notes)
    read = {"metric", "metric_options"}
    for stage in ("val", "test"):
        if f"{stage}_dataloader" in new:
            dataset = new[f"{stage}_dataloader"].get("dataset")
            made = to_evaluators(dataset, evaluation)
            if stage == "test" and "val_dataloader" in new and _is_foreign(made):
                # `evaluation` is about the validation
                made = to_evaluators(dataset, Evaluation(ConfigDict(), origin, notes))
            _forget_separate(dataset)
            if any(evaluator["type"] == "DatasetMetric" for evaluator in _walk(made)):
                read |= words.keys()
            value = made[0] if len(made) == 1 else made
            at = words.origin_of("metric") if "metric" in words else origin
            new.put(f"{stage}_evaluator", copy_tree(value), at)
    for word in read & options.keys():
        del options[word]


def to_evaluators(dataset: Any, evaluation: Evaluation) -> ConfigList:
    """Return the evaluators of a dataset.

    From: mmcls 0.25 `BaseDataset.evaluate`, `MultiLabelDataset.evaluate`, `ConcatDataset.evaluate`.
    """
    words, origin = evaluation.words, evaluation.origin
    if isinstance(dataset, ConfigDict) and dataset.get("separate_eval"):
        parts = [to_evaluators(part, evaluation) for part in dataset["datasets"]]
        return ConfigList([node(origin, type="SeparateMetrics", parts=ConfigList(parts))])
    plain = _find_plain(dataset)
    own = find_class(plain)
    if evaluates_itself(own):
        return ConfigList([node(origin, type="DatasetMetric", options=words.copy())])
    return to_built_in(plain, _has_several_labels(plain, own), evaluation)


def to_built_in(dataset: Any, several: bool, evaluation: Evaluation) -> ConfigList:
    """Return the evaluators of a dataset that does not evaluate itself.

    Args:
        dataset: What the config says of it, if anything.
        several: Whether its images have several labels.
        evaluation: What to evaluate.
    """
    words, origin = evaluation.words, evaluation.origin
    metric = words.get("metric") or NAMES[several][0]
    names = [metric] if isinstance(metric, str) else list(metric)
    named = words.origin_of("metric") if "metric" in words else origin
    made = ConfigList()
    if "accuracy" in names and not several:
        made.append(node(named, type="Accuracy", **OLD_NAMES))
        made[0].put("topk", (1, 5), origin)
    made += _to_multi_label(names, dataset, named) if several else _to_single_label(names, named)
    for name in dict.fromkeys(names):  # the next stage refuses it
        if name not in NAMES[several]:
            made.append(node(named, type=name, **OLD_NAMES, known=NAMES[several]))
    options = words.get("metric_options")
    if options:
        _spread_options(options, made, KNOWN_OPTIONS[several], evaluation.notes)
    return made


def _to_single_label(names: list[str], origin: Origin | None) -> list[ConfigDict]:
    items = tuple(new for old, new in SINGLE_LABEL.items() if old in names)
    return [node(origin, type="SingleLabelMetric", **OLD_NAMES, items=items)] if items else []


def _to_multi_label(names: list[str], dataset: Any, origin: Origin | None) -> list[ConfigDict]:
    voc = isinstance(dataset, ConfigDict) and dataset.get("type") == "VOC"
    scope = "VOC" if voc else ""
    made = []
    if "mAP" in names:
        made.append(node(origin, type=f"{scope}AveragePrecision", **OLD_NAMES))
    for average, metrics in MULTI_LABEL.items():
        items = tuple(new for old, new in metrics.items() if old in names)
        if items:
            name = f"{scope}MultiLabelMetric"
            made.append(node(origin, type=name, **OLD_NAMES, items=items, average=average))
    difficult = dataset.get("difficult_as_positive") if voc else None
    for evaluator in made if difficult is not None else ():
        evaluator.put("difficult_as_positive", difficult, origin)
    return made


def _spread_options(
    options: ConfigDict, evaluators: ConfigList, known: tuple[str, ...], notes: list[Note]
) -> None:
    """Give each option to the evaluators that take it.

    One that the dataset knows and no chosen metric reads is noted; any other goes to the first
    evaluator, where the next stage refuses it.
    """
    for key in options:
        value, origin = options[key], options.origin_of(key)
        if key == "average_mode" and value == "none":
            value = None
        elif value is None:
            continue  # as if it were missing
        takers = [(e, names[key]) for e in evaluators if key in (names := _options_of(e))]
        if not takers and key in known:
            notes.append(Note(f"evaluation.metric_options.{key}", UNREAD, origin))
        for evaluator, name in takers or ([] if key in known else [(evaluators[0], key)]):
            evaluator.put(name, value, origin)


def _options_of(evaluator: ConfigDict) -> dict[str, str]:
    return OPTIONS.get(str(evaluator["type"]).removeprefix("VOC"), {})


def _is_foreign(evaluators: ConfigList) -> bool:
    """Tell whether a metric is none of the dataset's."""
    return any("known" in evaluator for evaluator in _walk(evaluators))


def _walk(evaluators: Any) -> list[ConfigDict]:
    """Return evaluators and those of their parts."""
    inside = [part for e in evaluators for parts in e.get("parts", ()) for part in _walk(parts)]
    return [*evaluators, *inside]


# -------------------------------------------------------------------------- the dataset


def _forget_separate(dataset: Any) -> None:
    """Remove what only the metrics had to know."""
    if isinstance(dataset, ConfigDict):
        dataset.pop("separate_eval", None)
        for part in dataset.get("datasets") or ():
            _forget_separate(part)


def _find_plain(dataset: Any) -> Any:
    """Return the dataset inside wrappers, of several the first."""
    while isinstance(dataset, ConfigDict):
        inside = dataset.get("dataset") if dataset.get("type") in WRAPPERS else None
        if dataset.get("type") == "ConcatDataset":
            inside = next(iter(dataset.get("datasets") or ()), None)
        if inside is None:
            break
        dataset = inside
    return dataset


def find_class(dataset: Any) -> Any:
    """Return the user's class that a dataset is of; None for a built-in one."""
    kind = dataset.get("type") if isinstance(dataset, ConfigDict) else type(dataset)
    if not isinstance(kind, str):
        return kind
    found = DATASETS.in_scope("mmcls").find(kind)
    return found.target if found is not None else None


def evaluates_itself(own: Any) -> bool:
    """Tell whether a user's class has an `evaluate` that is not ours."""
    owners = [base for base in getattr(own, "__mro__", ()) if "evaluate" in vars(base)]
    return bool(owners) and not owners[0].__module__.startswith("mmlight.")


def _has_several_labels(dataset: Any, own: Any) -> bool:
    """Tell whether images have several labels: those of VOC, and of classes made for that."""
    if own is None:
        return isinstance(dataset, ConfigDict) and dataset.get("type") == "VOC"
    names = {base.__name__ for base in getattr(own, "__mro__", ())}
    return bool(names & {"MultiLabelDataset", "OldMultiLabelDataset", "VOC"})

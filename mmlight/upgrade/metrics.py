"""Turns `metric` and `metric_options` of `evaluation` into evaluators.

In 0.x the dataset evaluates and the metrics have names; in 1.x each group of them is a class. The
names under which 0.x reports them are kept by `generation='0.x'`.

To add a metric: 1. add its name to one of the groups; 2. compare in tests/upgrade/test_metrics.py.
"""

from typing import Any, Final

from mmlight.read.node import ConfigDict, ConfigList, Origin
from mmlight.upgrade.move import move, node

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
MULTI_OPTIONS: Final = {"thr": "thr", "k": "topk"}


def to_evaluators(
    metric: Any, options: ConfigDict, dataset: Any, origins: tuple[Origin | None, Origin | None]
) -> Any:
    """Return one evaluator, or a list of them.

    Args:
        metric: A name or a list of names.
        options: `metric_options`; an entry that nothing reads goes to the first evaluator, where
            the next stage refuses it.
        dataset: The dataset that is evaluated; difficult objects are a matter of VOC's alone.
        origins: Where the metric and where `evaluation` were set.

    Examples:
        >>> to_evaluators("accuracy", ConfigDict(topk=1), None, (None, None))
        {'type': 'Accuracy', 'generation': '0.x', 'topk': 1}

    From: mmcls 0.25 `BaseDataset.evaluate`, `MultiLabelDataset.evaluate`.
    """
    names = [metric] if isinstance(metric, str) else list(metric or ("accuracy",))
    origin, evaluation_origin = origins
    made = ConfigList()
    if "accuracy" in names:
        made.append(node(origin, type="Accuracy", **OLD_NAMES))
        made[0].put("topk", (1, 5), evaluation_origin)
    made += _single_label(names, origin)
    made += _multi_label(names, dataset, origin)
    known = {"accuracy", *SINGLE_LABEL, "mAP", *MULTI_LABEL["macro"], *MULTI_LABEL["micro"]}
    made += [node(origin, type=name, **OLD_NAMES) for name in names if name not in known]
    _spread_options(options, made)
    return made[0] if len(made) == 1 else made


def _single_label(names: list[str], origin: Origin | None) -> list[ConfigDict]:
    items = tuple(new for old, new in SINGLE_LABEL.items() if old in names)
    return [node(origin, type="SingleLabelMetric", **OLD_NAMES, items=items)] if items else []


def _multi_label(names: list[str], dataset: Any, origin: Origin | None) -> list[ConfigDict]:
    voc = isinstance(dataset, ConfigDict) and dataset.get("type") == "VOC"
    scope = "VOC" if voc else ""
    made = []
    for average, metrics in MULTI_LABEL.items():
        items = tuple(new for old, new in metrics.items() if old in names)
        if items:
            name = f"{scope}MultiLabelMetric"
            made.append(node(origin, type=name, **OLD_NAMES, items=items, average=average))
    if "mAP" in names:
        made.append(node(origin, type=f"{scope}AveragePrecision", **OLD_NAMES))
    difficult = dataset.get("difficult_as_positive") if voc else None
    for evaluator in made if difficult is not None else ():
        evaluator.put("difficult_as_positive", difficult, origin)
    return made


def _spread_options(options: ConfigDict, evaluators: ConfigList) -> None:
    """Give each option to the evaluators that take it."""
    if options.get("average_mode") == "none":
        options.put("average_mode", None, options.origin_of("average_mode"))
    for evaluator in evaluators:
        kind = str(evaluator["type"])
        if kind == "Accuracy":
            taken = {"topk": "topk", "thrs": "thrs"}
        elif kind == "SingleLabelMetric":
            taken = {"thrs": "thrs", "average_mode": "average"}
        elif kind.endswith("MultiLabelMetric"):
            taken = MULTI_OPTIONS
        else:
            continue
        for old, new in taken.items():
            if old in options:
                evaluator.put(new, options[old], options.origin_of(old))
    read = {"topk", "thrs", "average_mode", *MULTI_OPTIONS}
    for key in [key for key in options if key not in read]:
        move(options, key, evaluators[0], key)

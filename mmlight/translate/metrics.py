"""Translates `*_evaluator` into metrics.

To add a metric: 1. write the class; 2. add a Row here; 3. tests/test_tables.py checks it.
"""

from typing import Any, Final

from mmlight.errors import UnsupportedValueError, list_names, nearest_name
from mmlight.read.node import ConfigDict
from mmlight.registry import METRICS
from mmlight.spec import Call
from mmlight.translate.section import Section
from mmlight.translate.table import Row, Table, bare_name
from mmlight.upgrade.data import find_pipelines

_M = "mmlight.metrics"
_IGNORED: Final = {
    "collect_device": "Processes exchange counts, wherever these are.",
    "collect_dir": "Processes exchange counts, without files.",
}
_CLASSES: Final = {**_IGNORED, "num_classes": "There are as many classes as scores."}
DIFFICULT: Final = "gt_label_difficult"

METRIC_ROWS: Final = (
    Row("Accuracy", f"{_M}.accuracy.Accuracy", ignore=_IGNORED),
    Row("SingleLabelMetric", f"{_M}.single_label.SingleLabelMetric", ignore=_CLASSES),
    Row("ConfusionMatrix", f"{_M}.confusion_matrix.ConfusionMatrix", ignore=_CLASSES),
    *(
        Row(name, f"{_M}.multi_label.{name}", ignore=_IGNORED)
        for name in ("MultiLabelMetric", "VOCMultiLabelMetric")
    ),
    *(
        Row(name, f"{_M}.average_precision.{name}", ignore=_IGNORED)
        for name in ("AveragePrecision", "VOCAveragePrecision")
    ),
    Row("DumpResults", f"{_M}.dump_results.DumpResults", scopes=("mmengine",)),
)
# what the upgrade of 0.x writes
OLD_METRIC_ROWS: Final = (
    Row("SeparateMetrics", f"{_M}.separate_metrics.SeparateMetrics", scopes=("mmlight",)),
    Row("DatasetMetric", "mmlight.compat.dataset_metric.DatasetMetric", scopes=("mmlight",)),
)


class _MetricTable(Table):
    """The metrics; names that 0.x does not know are told in its words."""

    def _refuse(self, section: Section, name: Any) -> None:
        known = section.node.get("known")
        if not known:
            super()._refuse(section, name)
            return
        labels = "several labels" if "mAP" in known else "one label"
        error = UnsupportedValueError(
            section.key_path("type"),
            f"there is no metric {name!r} for a dataset with {labels} per image",
            origin=section.origin_of("type"),
            expected=list_names(known),
            nearest=nearest_name(name, known),
            next_step="Correct the name.",
        )
        section.report.errors.append(error)


METRIC_TABLE: Table = _MetricTable(
    "metric",
    (*METRIC_ROWS, *OLD_METRIC_ROWS),
    METRICS,
    file="mmlight/translate/metrics.py",
    nested={"parts": lambda: METRIC_TABLE},
)


def translate_metrics(top: Section) -> dict[str, Any]:
    """Return `val_metrics` and `test_metrics` of `ImageClassifier`."""
    metrics = {}
    for stage in ("val", "test"):
        if top.take(f"{stage}_evaluator") is not None:
            metrics[f"{stage}_metrics"] = METRIC_TABLE.translate_list(top, f"{stage}_evaluator")
            if any(map(_needs_difficult, metrics[f"{stage}_metrics"])):
                _check_difficult(top, stage)
    return metrics


def _needs_difficult(metric: Any) -> bool:
    """Tell whether a metric reads which objects are difficult; a dataset of 0.x marks them itself.

    From: mmpretrain 1.2 `VOCMetricMixin`.
    """
    is_voc = isinstance(metric, Call) and metric.target.rpartition(".")[2].startswith("VOC")
    return is_voc and metric.kwargs.get("generation") != "0.x"


def _check_difficult(top: Section, stage: str) -> None:
    """Refuse pipelines that do not hand on which objects are difficult."""
    loader = top.node.get(f"{stage}_dataloader")
    for owner in find_pipelines(loader.get("dataset")) if isinstance(loader, ConfigDict) else ():
        last = owner["pipeline"][-1] if owner["pipeline"] else None
        if not isinstance(last, ConfigDict) or bare_name(last.get("type")) != "PackInputs":
            continue
        if DIFFICULT in (last.get("meta_keys") or ()):
            continue
        own = getattr(last.origin, "path", "") or f"{stage}_dataloader.dataset.pipeline"
        error = UnsupportedValueError(
            f"{own}.meta_keys",
            f"metrics of VOC read {DIFFICULT!r}, which this step does not hand on",
            origin=last.origin_of("meta_keys" if "meta_keys" in last else "type") or "",
            next_step=f"Add {DIFFICULT!r} to meta_keys.",
        )
        top.report.errors.append(error)

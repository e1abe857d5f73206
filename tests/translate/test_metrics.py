import pytest

from mmlight.check.calls import find_call_errors
from mmlight.errors import UnsupportedTypeError, UnsupportedValueError
from mmlight.read.config import Config
from mmlight.spec import Call, Spec
from mmlight.translate.metrics import METRIC_ROWS, OLD_METRIC_ROWS
from mmlight.translate.translate import translate_config
from mmlight.upgrade.upgrade import upgrade_config

M = "mmlight.metrics"
OLD = {
    "model": dict(
        type="ImageClassifier",
        backbone=dict(type="LeNet5", num_classes=10),
        head=dict(type="ClsHead"),
    ),
    "runner": dict(type="EpochBasedRunner", max_epochs=1),
}


def old_metrics(dataset=None, **evaluation):
    dataset = dataset or dict(type="FashionMNIST", data_prefix="d", pipeline=[])
    data = dict(samples_per_gpu=2, workers_per_gpu=0, val=dataset)
    config = Config({**OLD, "data": data, "evaluation": evaluation})
    return translate_config(upgrade_config(config)).model["val_metrics"]


def test_types_stand_in_one_row_each():
    names = [row.name for row in (*METRIC_ROWS, *OLD_METRIC_ROWS)]
    assert len(set(names)) == len(names) == 10


def test_where_results_are_gathered_has_no_effect(translate):
    evaluator = dict(type="SingleLabelMetric", collect_device="gpu", num_classes=10)
    spec = translate(val_evaluator=evaluator)
    assert spec.model["val_metrics"] == [Call(f"{M}.single_label.SingleLabelMetric")]
    noted = {note.path for note in spec.notes}
    assert {"val_evaluator.collect_device", "val_evaluator.num_classes"} <= noted


def test_metrics_of_old_configs_are_built_by_name():
    names = ["accuracy", "recall"]
    accuracy, single = old_metrics(metric=names, metric_options=dict(average_mode="none"))
    assert accuracy == Call(f"{M}.accuracy.Accuracy", dict(generation="0.x", topk=(1, 5)))
    assert single.kwargs == dict(generation="0.x", items=("recall",), average=None)


def test_parts_are_translated_when_datasets_are_joined():
    part = dict(type="FashionMNIST", data_prefix="d", pipeline=[])
    (metric,) = old_metrics([part, part], metric="accuracy", metric_options=dict(topk=1))
    assert metric.target == f"{M}.separate_metrics.SeparateMetrics"
    inner = Call(f"{M}.accuracy.Accuracy", dict(generation="0.x", topk=1))
    assert metric.kwargs == {"parts": [[inner], [inner]]}


def test_raises_when_a_name_of_0x_is_unknown():
    with pytest.raises(UnsupportedValueError) as caught:
        old_metrics(metric=["accuracy", "f1_scores"])
    text = str(caught.value)
    assert "there is no metric 'f1_scores' for a dataset with one label per image" in text
    assert "evaluation.metric" in text
    assert "expected: one of accuracy, f1_score, precision, recall, support" in text
    assert "nearest:  f1_score" in text


def test_raises_when_a_type_is_unknown(translate):
    with pytest.raises(UnsupportedTypeError, match="unknown metric type 'SingleLabelMetrics'"):
        translate(val_evaluator=dict(type="SingleLabelMetrics"))


@pytest.mark.parametrize("keys", [None, ("img_path",)])
@pytest.mark.parametrize("kind", ["VOCMultiLabelMetric", "VOCAveragePrecision"])
def test_pipeline_of_voc_hands_on_what_is_difficult(translate, problems, kind, keys):
    def words(**packing):
        steps = [dict(type="LoadImageFromFile"), dict(type="mmpretrain.PackInputs", **packing)]
        dataset = dict(type="VOC", data_root="d", split="test", pipeline=steps)
        loader = dict(batch_size=2, num_workers=0, dataset=dataset)
        return dict(val_evaluator=[dict(type=kind)], val_dataloader=loader)

    (problem,) = problems(**words(**({"meta_keys": keys} if keys else {})))
    assert problem == (
        "val_dataloader.dataset.pipeline[1].meta_keys: metrics of VOC read 'gt_label_difficult', "
        "which this step does not hand on"
    )
    packed = ("img_path", "gt_label_difficult")
    (metric,) = translate(**words(meta_keys=packed)).model["val_metrics"]
    assert metric.target.endswith(kind)


def test_pipeline_of_voc_may_stay_when_the_dataset_marks_what_is_difficult():
    steps = [dict(type="ImageToTensor", keys=["img"]), dict(type="Collect", keys=["img"])]
    voc = dict(type="VOC", data_prefix="VOC2007", ann_file="VOC2007/a.txt", pipeline=steps)
    (metric,) = old_metrics(voc)
    assert metric.target == f"{M}.average_precision.VOCAveragePrecision"


def test_option_that_no_metric_takes_is_refused_with_the_calls():
    (metric,) = old_metrics(metric="recall", metric_options=dict(beta=1))
    (error,) = find_call_errors(Spec(model={"val_metrics": [metric]}))
    assert "SingleLabelMetric takes no argument 'beta', got 1" in str(error)
    assert error.path == "evaluation.metric_options.beta"

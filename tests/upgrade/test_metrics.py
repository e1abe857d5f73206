import pytest

from mmlight.read.node import ConfigDict, to_nodes, to_plain
from mmlight.upgrade.metrics import to_evaluators

OLD = dict(generation="0.x")
ALL = ["mAP", "CP", "OP", "CR", "OR", "CF1", "OF1"]
EVERY = ("precision", "recall", "f1-score")


def evaluators(metric, dataset=None, **options):
    return to_plain(to_evaluators(metric, to_nodes(options), to_nodes(dataset), (None, None)))


@pytest.mark.parametrize("metric", ["accuracy", ["accuracy"], None, []])
def test_best_1_and_5_count_when_accuracy(metric):
    assert evaluators(metric) == dict(type="Accuracy", **OLD, topk=(1, 5))


def test_options_move_when_accuracy():
    assert evaluators("accuracy", topk=1, thrs=(0.1,)) == dict(
        type="Accuracy", **OLD, topk=1, thrs=(0.1,)
    )


def test_metrics_are_grouped_when_of_one_label():
    names = ["f1_score", "accuracy", "precision", "support"]
    assert evaluators(names, average_mode="none", thrs=0.2) == [
        dict(type="Accuracy", **OLD, topk=(1, 5), thrs=0.2),
        dict(
            type="SingleLabelMetric",
            **OLD,
            items=("precision", "f1-score", "support"),
            thrs=0.2,
            average=None,
        ),
    ]


def test_metrics_are_grouped_when_of_many_labels():
    assert evaluators(ALL, k=3) == [
        dict(type="MultiLabelMetric", **OLD, items=EVERY, average="macro", topk=3),
        dict(type="MultiLabelMetric", **OLD, items=EVERY, average="micro", topk=3),
        dict(type="AveragePrecision", **OLD),
    ]
    assert evaluators("OF1", thr=0.4) == dict(
        type="MultiLabelMetric", **OLD, items=("f1-score",), average="micro", thr=0.4
    )


def test_metrics_are_those_of_voc_when_dataset_is():
    voc = dict(type="VOC", difficult_as_positive=True)
    found = evaluators(["mAP", "CP"], voc)
    assert [one["type"] for one in found] == ["VOCMultiLabelMetric", "VOCAveragePrecision"]
    assert all(one["difficult_as_positive"] is True for one in found)
    assert "difficult_as_positive" not in evaluators("mAP", dict(type="VOC"))


def test_unknown_words_are_kept_for_refusal_when_nothing_reads_them():
    assert evaluators("my_metric", beta=1) == dict(type="my_metric", **OLD, beta=1)


def test_options_are_left_alone_when_empty():
    assert to_evaluators("mAP", ConfigDict(), None, (None, None))["type"] == "AveragePrecision"

import pytest
import torch

from mmlight.metrics.multi_label import MultiLabelMetric, VOCMultiLabelMetric

SCORES = torch.tensor([[0.9, 0.6, 0.1], [0.2, 0.7, 0.4]])
LABELS = [torch.tensor([0, 2]), torch.tensor([1])]
UNSURE = torch.tensor([[1, -1, 1], [0, 1, 0]])


def values(metric, *batch):
    metric.update(*batch)
    found = metric.compute()
    assert list(found) == metric.names
    return {name: value.tolist() for name, value in found.items()}


def test_classes_are_found_when_scores_reach_the_threshold():
    options = dict(items=["precision", "recall"], average=None)
    assert values(MultiLabelMetric(thr=0.6, **options), SCORES, LABELS) == {
        "multi-label/precision_thr-0.60_classwise": [100, 50, 0],
        "multi-label/recall_thr-0.60_classwise": [100, 100, 0],
    }


def test_best_classes_are_found_when_topk_is_given():
    metric = MultiLabelMetric(topk=1, items=["recall"], average="micro")
    (value,) = values(metric, SCORES, LABELS).items()
    assert value == ("multi-label/recall_top1_micro", pytest.approx(200 / 3))


def test_unsure_classes_are_left_out_or_absent_by_generation():
    options = dict(items=["precision"], average="micro")
    assert values(MultiLabelMetric(**options), SCORES, UNSURE) == {
        "multi-label/precision_micro": 100
    }
    found = values(MultiLabelMetric(generation="0.x", **options), SCORES, UNSURE)
    assert found == {"OP": pytest.approx(200 / 3)}


def test_difficult_classes_are_marked_when_voc():
    metas = [{"gt_label_difficult": [0, 1]}, {"gt_label_difficult": None}]
    options = dict(items=["precision"], average="micro")
    for positive, expected in ((None, 100), (True, 100), (False, 200 / 3)):
        metric = VOCMultiLabelMetric(difficult_as_positive=positive, **options)
        (value,) = values(metric, SCORES, LABELS, metas).values()
        assert value == pytest.approx(expected)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (dict(topk=0), "topk must be 1 or more, got 0"),
        (dict(items=["accuracy"]), "items must be .* got 'accuracy'"),
        (
            dict(average=None, generation="0.x"),
            "average macro or micro in 0.x, got 'precision', None",
        ),
    ],
)
def test_raises_when_an_argument_is_wrong(options, text):
    with pytest.raises(ValueError, match=text):
        MultiLabelMetric(**options)


def test_raises_when_classes_are_too_few():
    with pytest.raises(ValueError, match="at most the number of classes, 3, got 4"):
        MultiLabelMetric(topk=4).update(SCORES, LABELS)


@pytest.mark.parametrize("prefix", [None, ""])
def test_names_begin_as_usual_when_the_prefix_is_empty(prefix):
    assert MultiLabelMetric(prefix=prefix).names == MultiLabelMetric().names
    assert all(name.startswith("multi-label/") for name in MultiLabelMetric().names)

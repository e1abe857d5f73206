import pytest
import torch

from mmlight.metrics.average_precision import (
    AveragePrecision,
    VOCAveragePrecision,
    average_precision,
)

SCORES = torch.tensor([[0.9, 0.2], [0.8, 0.1], [0.1, 0.6]])
LABELS = [torch.tensor([0]), torch.tensor([1]), torch.tensor([0])]


def test_samples_that_do_not_count_are_passed_over():
    scores = torch.tensor([0.9, 0.8, 0.7, 0.6])
    for generation in ("0.x", "1.x"):
        labels = torch.tensor([-1, 1, 0, 1])
        assert average_precision(scores, labels, generation) == pytest.approx((1 + 2 / 3) / 2)
        assert average_precision(scores, torch.zeros(4), generation) == 0


def test_values_come_for_each_class_or_as_their_mean():
    for options, expected in (
        ({}, {"multi-label/mAP": (500 / 6 + 100 / 3) / 2}),
        ({"generation": "0.x"}, {"mAP": (500 / 6 + 100 / 3) / 2}),
        ({"average": None, "prefix": "p"}, {"p/AP_classwise": [500 / 6, 100 / 3]}),
    ):
        metric = AveragePrecision(**options)
        metric.update(SCORES[:2], LABELS[:2])
        metric.update(SCORES[2:], LABELS[2:])
        found = {name: value.tolist() for name, value in metric.compute().items()}
        assert list(found) == metric.names
        assert found == {name: pytest.approx(value) for name, value in expected.items()}


def test_samples_are_in_their_order_when_processes_shared_them():
    scores = torch.rand(40, 2, generator=torch.Generator().manual_seed(0)).round(decimals=1)
    labels = (torch.rand(40, 2, generator=torch.Generator().manual_seed(1)) > 0.5).long()
    whole, shared = AveragePrecision(), AveragePrecision()
    whole.update(scores, labels)
    for rank in (1, 0):
        places = torch.arange(rank, 40, 2)
        shared.update(scores[places], labels[places], places=places)
    assert whole.compute() == shared.compute()


def test_classes_of_difficult_objects_are_marked_when_voc():
    metas = [{"gt_label_difficult": [1]}, {"gt_label_difficult": []}, {"gt_label_difficult": [1]}]
    values = []
    for positive in (None, True, False):
        metric = VOCAveragePrecision(average=None, difficult_as_positive=positive)
        metric.update(SCORES, LABELS, metas=metas)
        values.append(metric.compute()["multi-label/AP_classwise"][1].item())
    assert values == pytest.approx([100, 100, 100 / 3])


def test_raises_when_the_average_is_unknown():
    with pytest.raises(ValueError, match="average must be 'macro' or None, got 'micro'"):
        AveragePrecision(average="micro")


@pytest.mark.parametrize("prefix", [None, ""])
def test_names_begin_as_usual_when_the_prefix_is_empty(prefix):
    assert AveragePrecision(prefix=prefix).names == AveragePrecision().names
    assert all(name.startswith("multi-label/") for name in AveragePrecision().names)

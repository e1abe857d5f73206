import pytest
import torch

from mmlight.metrics.single_label import SingleLabelMetric

SCORES = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.2, 0.3, 0.5], [0.4, 0.35, 0.25]])
TARGET = torch.tensor([0, 2, 2, 1])


def values(**options):
    metric = SingleLabelMetric(**options)
    metric.update(SCORES[:3], TARGET[:3])
    metric.update(SCORES[3:], TARGET[3:])
    found = metric.compute()
    assert list(found) == metric.names
    return {name: value.tolist() for name, value in found.items()}


def test_every_class_counts_alike_when_macro():
    found = values()
    assert found["single-label/precision"] == pytest.approx(50)
    assert found["single-label/recall"] == pytest.approx(50)


def test_names_say_average_and_threshold():
    assert list(values(items=["recall"], average=None, thrs=(0.1, None), prefix="p")) == [
        "p/recall_thr-0.10_classwise",
        "p/recall_no-thr_classwise",
    ]
    assert list(values(items=["recall"], average="micro")) == ["single-label/recall_micro"]


def test_nothing_is_found_when_no_score_passes():
    assert values(thrs=0.9, items=["precision", "support"]) == {
        "single-label/precision": 0,
        "single-label/support": 4,
    }


def test_names_are_those_of_mmcls_when_old():
    items = ("precision", "recall", "f1-score", "support")
    found = values(generation="0.x", items=items, thrs=(0.1, 0.9))
    assert list(found) == [
        "support",
        *("precision_thr_0.10", "precision_thr_0.90"),
        *("recall_thr_0.10", "recall_thr_0.90", "f1_score_thr_0.10", "f1_score_thr_0.90"),
    ]
    assert found["recall_thr_0.90"] == 0


def test_adds_up_when_states_are_summed():
    metric = SingleLabelMetric()
    assert metric._reductions["counts"].__name__ == "dim_zero_sum"
    metric.update(SCORES, TARGET)
    assert metric.counts.shape == (1, 3, 3)
    metric.reset()
    metric.update(SCORES[:1], TARGET[:1])
    assert metric.counts.sum() == 3


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (dict(items=["f1"]), "items must be .* got 'f1'"),
        (dict(average="weighted"), "average must be .* got 'weighted'"),
        (dict(average="micro", generation="0.x"), "in 0.x, got 'micro'"),
        (dict(generation="2"), "generation must be .* got '2'"),
    ],
)
def test_raises_when_an_argument_is_wrong(options, text):
    with pytest.raises(ValueError, match=text):
        SingleLabelMetric(**options)


def test_raises_when_samples_have_several_labels():
    with pytest.raises(ValueError, match="a list of 2"):
        SingleLabelMetric().update(SCORES[:2], [TARGET[:1], TARGET[:2]])


@pytest.mark.parametrize("prefix", [None, ""])
def test_names_begin_as_usual_when_the_prefix_is_empty(prefix):
    assert SingleLabelMetric(prefix=prefix).names == SingleLabelMetric().names
    assert all(name.startswith("single-label/") for name in SingleLabelMetric().names)

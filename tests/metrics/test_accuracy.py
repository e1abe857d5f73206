import pytest
import torch

from mmlight.metrics.accuracy import Accuracy

SCORES = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.2, 0.3, 0.5], [0.4, 0.35, 0.25]])
TARGET = torch.tensor([0, 2, 2, 1])


def values(**options):
    metric = Accuracy(**options)
    metric.update(SCORES[:3], TARGET[:3])
    metric.update(SCORES[3:], TARGET[3:])
    return {name: value.item() for name, value in metric.compute().items()}


def test_accuracy_counts_hits_when_batches_differ():
    assert values(topk=(1, 2)) == {"accuracy/top1": 50.0, "accuracy/top2": 100.0}


def test_accuracy_needs_larger_score_when_threshold_is_set():
    assert values(thrs=0.5) == {"accuracy/top1": 25.0}
    assert values(thrs=(0.5, None), prefix="p") == {"p/top1_thr-0.50": 25.0, "p/top1_no-thr": 50.0}


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"topk": 1}, ["accuracy"]),
        ({"topk": (1, 2)}, ["accuracy_top-1", "accuracy_top-2"]),
        ({"topk": 1, "thrs": (0.1,)}, ["accuracy_thr_0.10"]),
        (
            {"topk": (1,), "thrs": (0.0, 0.1)},
            ["accuracy_top-1_thr_0.00", "accuracy_top-1_thr_0.10"],
        ),
    ],
)
def test_accuracy_names_follow_old_generation_when_told(options, names):
    assert list(values(generation="0.x", **options)) == names


def test_accuracy_starts_over_when_reset():
    metric = Accuracy()
    metric.update(SCORES, TARGET)
    metric.reset()
    metric.update(SCORES[:1], TARGET[:1])
    assert metric.compute()["accuracy/top1"] == 100


def test_accuracy_adds_up_when_states_are_summed():
    first, second = Accuracy(), Accuracy()
    first.update(SCORES[:1], TARGET[:1])
    second.update(SCORES[1:], TARGET[1:])
    assert {first._reductions[key].__name__ for key in ("correct", "total")} == {"dim_zero_sum"}
    first.correct += second.correct
    first.total += second.total
    assert first.compute()["accuracy/top1"] == 50


@pytest.mark.filterwarnings("ignore:The ``compute`` method of metric")
def test_accuracy_is_nan_when_nothing_was_counted():
    metric = Accuracy()
    metric.update(SCORES[:0], TARGET[:0])
    assert metric.compute()["accuracy/top1"].isnan()


def test_accuracy_raises_when_classes_are_too_few():
    with pytest.raises(ValueError, match=r"max\(topk\) = 5 classes, got 3"):
        Accuracy(topk=(1, 5)).update(SCORES, TARGET)


def test_accuracy_raises_when_arguments_are_wrong():
    with pytest.raises(ValueError, match=r"topk must hold positive integers, got \(0,\)"):
        Accuracy(topk=(0,))
    with pytest.raises(ValueError, match=r"generation must be one of '0\.x', '1\.x', got '2\.x'"):
        Accuracy(generation="2.x")


def test_accuracy_raises_when_samples_have_several_labels():
    with pytest.raises(ValueError, match=r"one label per sample, \(B,\), got the shape \(2, 3\)"):
        Accuracy().update(torch.rand(2, 3), torch.ones(2, 3))


@pytest.mark.parametrize("prefix", [None, ""])
def test_names_begin_as_usual_when_the_prefix_is_empty(prefix):
    assert Accuracy(prefix=prefix).names == Accuracy().names
    assert all(name.startswith("accuracy/") for name in Accuracy().names)

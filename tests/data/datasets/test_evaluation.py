import numpy as np
import pytest

from mmlight.compat.base_dataset import OldBaseDataset, OldMultiLabelDataset

SCORES = [np.array(row, dtype=np.float32) for row in ([0.9, 0.1], [0.2, 0.8], [0.6, 0.4])]


class Labelled(OldBaseDataset):
    labels = np.array([0, 1, 1])

    def load_annotations(self):
        return [{"gt_label": label} for label in self.labels]


class Several(OldMultiLabelDataset, Labelled):
    labels = np.array([[1, 0], [0, 1], [0, -1]], dtype=np.int8)


def test_accuracy_is_measured_by_default():
    found = Labelled("", []).evaluate(SCORES, metric_options={"topk": (1, 2)})
    assert found == {"accuracy_top-1": pytest.approx(200 / 3), "accuracy_top-2": 100}


def test_values_of_each_class_are_arrays():
    found = Labelled("", []).evaluate(
        SCORES, "recall", metric_options={"average_mode": "none"}, logger=None
    )
    assert found["recall"].tolist() == [100, 50]


def test_mean_average_precision_is_measured_where_samples_have_several_labels():
    assert Several("", []).evaluate(SCORES) == {"mAP": 100}


def test_scores_belong_to_some_samples_when_indices_are_given():
    found = Labelled("", []).evaluate(SCORES[:1], metric_options={"topk": 1}, indices=[2])
    assert found == {"accuracy": 0}


def test_raises_when_a_metric_is_unknown():
    with pytest.raises(ValueError, match=r"among accuracy, precision, .* got 'mAP'"):
        Labelled("", []).evaluate(SCORES, "mAP")

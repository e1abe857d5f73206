import numpy as np
import pytest

from mmlight.compat import evaluation as ours

SCORES = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.2, 0.3, 0.5], [0.4, 0.35, 0.25]])
LABELS = np.array([0, 2, 2, 1])


def test_rows_of_the_matrix_are_true_classes():
    assert ours.calculate_confusion_matrix(SCORES, LABELS).tolist() == [
        [1, 0, 0],
        [1, 0, 0],
        [0, 1, 1],
    ]


def test_values_are_numbers_or_arrays_or_lists():
    assert ours.precision(SCORES, LABELS) == pytest.approx(50)
    assert ours.recall(SCORES, LABELS[:, None], "none").tolist() == [100, 0, 50]
    assert ours.f1_score(SCORES, LABELS, thrs=(0.9, 0.0)) == [0, pytest.approx(400 / 9)]
    assert ours.support(SCORES, LABELS) == 4
    assert ours.support(SCORES, LABELS, "none").tolist() == [1, 1, 2]


def test_values_of_several_labels_come_as_numbers():
    there = np.array([[1, 0, 0], [0, 1, 1], [0, 0, 1], [-1, 1, 0]], dtype=np.int8)
    assert ours.average_precision(SCORES[:, 0], there[:, 0]) == 1
    assert ours.mAP(SCORES, there) == pytest.approx((1 + (1 + 1) / 2 + 1) / 3 * 100)
    assert len(ours.average_performance(SCORES, there, thr=0.3)) == 6
    assert ours.average_performance(SCORES, there, k=3)[1] == 100


def test_raises_when_the_average_is_unknown():
    with pytest.raises(ValueError, match="'macro' or 'none', got 'micro'"):
        ours.support(SCORES, LABELS, "micro")

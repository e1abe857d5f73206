import pytest
import torch

from mmlight.metrics.thresholds import check_one_label, mark_thresholds


def test_thresholds_are_marked_as_in_their_generation():
    assert mark_thresholds((0.1, None), "1.x") == ["_thr-0.10", "_no-thr"]
    assert mark_thresholds((0.1, 0.25), "0.x") == ["_thr_0.10", "_thr_0.25"]


def test_targets_of_one_label_pass():
    check_one_label(torch.tensor([1, 2]))


@pytest.mark.parametrize(
    ("target", "got"),
    [(torch.zeros(2, 3), r"the shape \(2, 3\)"), ([torch.tensor([0])] * 4, "a list of 4")],
)
def test_raises_when_samples_have_several_labels(target, got):
    with pytest.raises(ValueError, match=rf"one label per sample, \(B,\), got {got}"):
        check_one_label(target)

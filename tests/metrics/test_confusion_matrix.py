import pytest
import torch

from mmlight.metrics.confusion_matrix import ConfusionMatrix

SCORES = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.2, 0.3, 0.5]])


def test_rows_are_true_classes_when_counted():
    metric = ConfusionMatrix(prefix="m")
    metric.update(SCORES[:1], torch.tensor([2]))
    metric.update(SCORES[1:], torch.tensor([1, 1]))
    assert metric.compute()["m/result"].tolist() == [[0, 0, 0], [0, 1, 1], [1, 0, 0]]
    assert metric.names == ["m/result"]
    assert metric._reductions["counts"].__name__ == "dim_zero_sum"


def test_raises_when_samples_have_several_labels():
    with pytest.raises(ValueError, match=r"the shape \(3, 3\)"):
        ConfusionMatrix().update(SCORES, SCORES)


@pytest.mark.parametrize("prefix", [None, ""])
def test_names_begin_as_usual_when_the_prefix_is_empty(prefix):
    assert ConfusionMatrix(prefix=prefix).names == ConfusionMatrix().names
    assert all(name.startswith("confusion_matrix/") for name in ConfusionMatrix().names)

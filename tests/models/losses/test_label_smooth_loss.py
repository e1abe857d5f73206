import pytest
import torch

from mmlight.models.losses.label_smooth_loss import LabelSmoothLoss, smooth_labels


@pytest.mark.parametrize(
    ("mode", "row"),
    [
        ("original", [0.05, 0.85, 0.05, 0.05]),
        ("classy_vision", [0.05 / 1.2, (1 + 0.05) / 1.2, 0.05 / 1.2, 0.05 / 1.2]),
        ("multi_label", [0.2, 0.8, 0.2, 0.2]),
    ],
)
def test_smooths_by_the_rule_of_the_mode(mode, row) -> None:
    smoothed = smooth_labels(torch.tensor([1]), num_classes=4, smoothing=0.2, mode=mode)
    assert smoothed[0].tolist() == pytest.approx(row)


def test_number_of_classes_may_come_from_the_logits() -> None:
    loss = LabelSmoothLoss(0.1)
    assert loss(torch.zeros(2, 4), torch.tensor([0, 1])).item() == pytest.approx(1.386294)
    assert loss(torch.zeros(2, 2), torch.tensor([0, 1])).item() == pytest.approx(0.693147)


def test_raises_when_logits_have_another_number_of_classes() -> None:
    with pytest.raises(ValueError, match="num_classes must be 4 like cls_score, got 3"):
        LabelSmoothLoss(0.1, num_classes=3)(torch.zeros(2, 4), torch.tensor([0, 1]))


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"label_smooth_val": 1.0}, r"label_smooth_val must be in \[0, 1\), got 1.0"),
        ({"label_smooth_val": 0.1, "mode": "x"}, "mode must be one of .* got 'x'"),
    ],
)
def test_raises_when_values_are_out_of_range(kwargs, message) -> None:
    with pytest.raises(ValueError, match=message):
        LabelSmoothLoss(**kwargs)

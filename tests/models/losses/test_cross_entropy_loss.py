import pytest
import torch

from mmlight.models.losses.cross_entropy_loss import CrossEntropyLoss, binary_cross_entropy


def test_soft_and_hard_agree_when_labels_are_one_hot() -> None:
    scores, target = torch.randn(4, 3), torch.tensor([0, 1, 2, 1])
    soft = CrossEntropyLoss(use_soft=True)(scores, torch.eye(3)[target])
    torch.testing.assert_close(soft, CrossEntropyLoss()(scores, target))


def test_class_weight_stays_out_of_checkpoints() -> None:
    loss = CrossEntropyLoss(class_weight=[1.0, 2.0])
    assert loss.state_dict() == {}
    value = loss(torch.zeros(1, 2), torch.tensor([1]))
    assert value.item() == pytest.approx(2 * 0.693147, rel=1e-5)


def test_raises_when_both_forms_are_asked_for() -> None:
    with pytest.raises(ValueError, match="use_soft must be False when use_sigmoid is True"):
        CrossEntropyLoss(use_sigmoid=True, use_soft=True)


def test_raises_when_reduction_is_unknown() -> None:
    with pytest.raises(ValueError, match="got 'avg'"):
        CrossEntropyLoss(reduction="avg")


def test_raises_when_binary_label_has_other_dimensions() -> None:
    with pytest.raises(ValueError, match="label must have 2 dimensions like cls_score, got 1"):
        binary_cross_entropy(torch.zeros(2, 3), torch.zeros(2))

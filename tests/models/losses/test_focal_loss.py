import pytest
import torch
from torch.nn import functional

from mmlight.models.losses.focal_loss import FocalLoss, sigmoid_focal_loss


def test_is_weighted_cross_entropy_when_nothing_is_focused():
    logits, scores = torch.randn(4, 3), (torch.rand(4, 3) > 0.5).float()
    expected = functional.binary_cross_entropy_with_logits(logits, scores) * 0.5
    loss = FocalLoss(gamma=0.0, alpha=0.5)(logits, scores)
    torch.testing.assert_close(loss, expected)


def test_easy_targets_weigh_less():
    logits = torch.tensor([[3.0, 0.1]])
    easy, hard = FocalLoss(reduction="none", alpha=0.5)(logits, torch.ones(1, 2))[0]
    plain = functional.binary_cross_entropy_with_logits(logits, torch.ones(1, 2), reduction="none")
    assert hard / easy > 10 * plain[0, 1] / plain[0, 0]


def test_indices_are_one_class_each():
    logits, labels = torch.randn(4, 3), torch.tensor([0, 2, 1, 1])
    scores = functional.one_hot(labels, 3)
    for target in (labels, labels.view(-1, 1)):
        assert FocalLoss()(logits, target) == FocalLoss()(logits, scores)


def test_raises_when_shapes_differ():
    with pytest.raises(ValueError, match=r"shape \(2, 3\) like pred, got \(2, 4\)"):
        sigmoid_focal_loss(torch.zeros(2, 3), torch.zeros(2, 4))


def test_raises_when_the_reduction_is_unknown():
    with pytest.raises(ValueError, match="got 'max'"):
        FocalLoss(reduction="max")

import pytest
import torch
from torch.nn import functional

from mmlight.models.losses.asymmetric_loss import AsymmetricLoss, asymmetric_loss


def test_is_cross_entropy_when_nothing_is_focused():
    logits, scores = torch.randn(4, 3), (torch.rand(4, 3) > 0.5).float()
    expected = functional.binary_cross_entropy_with_logits(logits, scores)
    for clip in (0, None):
        loss = AsymmetricLoss(gamma_pos=0, gamma_neg=0, clip=clip)(logits, scores)
        torch.testing.assert_close(loss, expected)


def test_negative_targets_count_nothing_below_the_clip():
    logits = torch.logit(torch.tensor([[0.04, 0.06]]))
    low, high = AsymmetricLoss(clip=0.05, reduction="none")(logits, torch.zeros(1, 2))[0]
    assert low == 0
    assert high > 0


def test_softmax_joins_the_classes_when_without_sigmoid():
    logits, target = torch.tensor([[2.0, 0.0]]), torch.tensor([0])
    loss = AsymmetricLoss(use_sigmoid=False, gamma_neg=0, clip=0)(logits, target)
    expected = functional.cross_entropy(logits, target)
    torch.testing.assert_close(loss, expected)  # both classes have its value


def test_raises_when_shapes_differ():
    with pytest.raises(ValueError, match=r"shape \(2, 3\) like pred, got \(3, 3\)"):
        asymmetric_loss(torch.zeros(2, 3), torch.zeros(3, 3))

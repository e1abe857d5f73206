import pytest
import torch
from torch.nn import functional

from mmlight.models.losses.seesaw_loss import SeesawLoss


def test_counts_samples_and_keeps_the_counts():
    loss = SeesawLoss(num_classes=3)
    for labels in ([0, 0, 2], [2, 0, 0]):
        loss(torch.zeros(3, 3), torch.tensor(labels))
    assert loss.cum_samples.tolist() == [4, 0, 2]
    assert list(loss.state_dict()) == ["cum_samples"]


def test_is_cross_entropy_when_both_powers_are_zero():
    logits, labels = torch.randn(4, 3), torch.tensor([0, 2, 1, 1])
    loss = SeesawLoss(num_classes=3, p=0, q=0)(logits, labels)
    torch.testing.assert_close(loss, functional.cross_entropy(logits, labels))


def test_rare_classes_are_pushed_down_less():
    loss = SeesawLoss(num_classes=2, q=0)
    loss.cum_samples.copy_(torch.tensor([99.0, 1.0]))
    logits = torch.zeros(1, 2, requires_grad=True)
    loss(logits, torch.tensor([0])).backward()
    assert 0 < logits.grad[0, 1] < 0.1  # 0.5 for plain cross entropy


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((torch.zeros(2, 3), torch.zeros(2, 3)), r"labels must be class indices .* got \(2, 3\)"),
        ((torch.zeros(2, 4), torch.zeros(2).long()), "num_classes must be 4 .* got 3"),
    ],
)
def test_raises_when_the_batch_does_not_fit(arguments, text):
    with pytest.raises(ValueError, match=text):
        SeesawLoss(num_classes=3)(*arguments)


def test_raises_when_sigmoid_is_asked_for():
    with pytest.raises(ValueError, match="use_sigmoid must be False, got True"):
        SeesawLoss(use_sigmoid=True)

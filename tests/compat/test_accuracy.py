import pytest
import torch

from mmlight.compat.accuracy import Accuracy, accuracy

SCORES = torch.tensor([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3], [0.2, 0.3, 0.5]])
TARGET = torch.tensor([1, 2, 0])


def test_gives_one_value_when_asked_for_one() -> None:
    torch.testing.assert_close(accuracy(SCORES, TARGET), torch.tensor([100 / 3]))


def test_gives_lists_when_asked_for_several() -> None:
    first, second = accuracy(SCORES, TARGET, topk=(1, 2), thrs=(0.0, 0.9))
    assert [value.item() for value in first] == [pytest.approx(100 / 3), 0]
    assert [value.item() for value in second] == [pytest.approx(200 / 3), 0]


def test_takes_arrays() -> None:
    values = accuracy(SCORES.numpy(), TARGET.numpy(), topk=(3,))
    torch.testing.assert_close(values, [torch.tensor([100.0])])


def test_module_does_the_same() -> None:
    torch.testing.assert_close(Accuracy((1, 3))(SCORES, TARGET), accuracy(SCORES, TARGET, (1, 3)))

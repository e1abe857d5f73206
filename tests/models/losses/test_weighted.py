import pytest
import torch

from mmlight.models.losses.weighted import (
    convert_to_one_hot,
    reduce_elements,
    weight_reduce_loss,
    weighted_loss,
)

LOSS = torch.tensor([1.0, 2.0, 6.0])


@weighted_loss
def l1_loss(pred, target, power=1):
    """The distance."""
    return (pred - target).abs() ** power


@pytest.mark.parametrize(("reduction", "value"), [("mean", 3.0), ("sum", 9.0)])
def test_elements_are_reduced_when_told(reduction, value):
    assert reduce_elements(LOSS, reduction).item() == value
    assert torch.equal(reduce_elements(LOSS, "none"), LOSS)


def test_elements_are_weighted_when_reduced():
    weight = torch.tensor([1.0, 0.0, 0.5])
    assert weight_reduce_loss(LOSS, weight).item() == pytest.approx(4 / 3)
    assert weight_reduce_loss(LOSS, weight, "mean", 2).item() == 2
    assert weight_reduce_loss(LOSS, weight, avg_factor=2).item() == 2
    with pytest.raises(ValueError, match=r"avg_factor must be None for reduction='sum', got 2"):
        weight_reduce_loss(LOSS, weight, "sum", 2)


def test_function_takes_weights_when_decorated():
    zero = torch.zeros(3)
    assert l1_loss(LOSS, zero).item() == 3
    assert l1_loss(LOSS, zero, torch.tensor([1.0, 0.0, 0.0]), reduction="sum").item() == 1
    assert l1_loss(LOSS, zero, None, "mean", 9).item() == 1
    assert l1_loss(LOSS, zero, power=2, reduction="none").tolist() == [1, 4, 36]
    assert (l1_loss.__name__, l1_loss.__doc__) == ("l1_loss", "The distance.")


def test_indices_become_one_hot() -> None:
    assert convert_to_one_hot(torch.tensor([[1], [0]]), 3).tolist() == [[0, 1, 0], [1, 0, 0]]

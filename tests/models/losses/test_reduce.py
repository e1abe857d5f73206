import pytest
import torch

from mmlight.models.losses.reduce import reduce_loss


@pytest.mark.parametrize(
    ("kwargs", "value"),
    [
        ({}, 2.0),
        ({"avg_factor": 12}, 0.5),
        ({"reduction": "sum"}, 6.0),
        ({"weight": torch.tensor([1.0, 0.0, 0.0])}, 1 / 3),
    ],
)
def test_reduces(kwargs, value) -> None:
    assert reduce_loss(torch.tensor([1.0, 2.0, 3.0]), **kwargs).item() == pytest.approx(value)


def test_keeps_shape_when_reduction_is_none() -> None:
    assert reduce_loss(torch.ones(3), reduction="none", avg_factor=4).tolist() == [1, 1, 1]


def test_raises_when_sum_has_avg_factor() -> None:
    with pytest.raises(ValueError, match="avg_factor must be None for reduction='sum', got 3"):
        reduce_loss(torch.ones(3), reduction="sum", avg_factor=3)


def test_raises_when_reduction_is_unknown() -> None:
    with pytest.raises(ValueError, match=r"reduction must be one of .* got 'avg'"):
        reduce_loss(torch.ones(3), reduction="avg")

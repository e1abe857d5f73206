import pytest
import torch

from mmlight.compat.cnn.activation import Clamp, HSigmoid, HSwish, Swish


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (Swish(), [-0.268941, 0.0, 3.928055]),
        (HSwish(), [-1 / 3, 0.0, 4.0]),
        (HSigmoid(), [1 / 3, 0.5, 1.0]),
        (Clamp(), [-1.0, 0.0, 1.0]),
    ],
    ids=lambda item: type(item).__name__,
)
def test_activation_gives_known_values_when_called(layer, expected):
    torch.testing.assert_close(layer(torch.tensor([-1.0, 0.0, 4.0])), torch.tensor(expected))


def test_hsigmoid_refuses_when_divisor_is_zero():
    with pytest.raises(ValueError, match="divisor must not be 0, got 0"):
        HSigmoid(divisor=0)

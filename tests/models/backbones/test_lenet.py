import pytest
import torch

from mmlight.models.backbones.lenet import LeNet5


@pytest.mark.parametrize(("num_classes", "shape"), [(-1, (1, 120, 1, 1)), (10, (1, 10))])
def test_keeps_the_batch_when_it_has_one_image(num_classes: int, shape: tuple[int, ...]) -> None:
    (out,) = LeNet5(num_classes)(torch.rand(1, 1, 32, 32))
    assert out.shape == shape

import pytest
import torch

from mmlight.optim.adan import Adan


def parameter(grad):
    made = torch.nn.Parameter(torch.ones(4))
    made.grad = torch.full((4,), grad)
    return made


def test_gradients_are_clipped_when_their_norm_is_larger():
    ones = [parameter(3.0), parameter(4.0), parameter(0.0)]
    Adan(ones, lr=0.1, max_grad_norm=1.0).step()
    norm = torch.linalg.vector_norm(torch.stack([one.grad.norm() for one in ones]))
    assert norm.item() == pytest.approx(1.0)
    assert ones[0].grad[0].item() == pytest.approx(0.3)


@pytest.mark.parametrize("options", [{"max_grad_norm": 100.0}, {}])
def test_gradients_stay_when_their_norm_is_smaller(options):
    one = parameter(3.0)
    assert Adan([one], lr=0.1, **options).step(lambda: 5.0) == 5.0
    assert one.grad[0].item() == 3.0


def test_step_is_made_when_the_original_would_leave_it_out():
    one = parameter(3.0)
    Adan([one], lr=0.1, no_prox=True, foreach=True).step()
    assert one[0].item() == pytest.approx(0.9)


def test_limit_is_refused_when_negative():
    with pytest.raises(ValueError, match="max_grad_norm must be 0 or more, got -1"):
        Adan([parameter(1.0)], max_grad_norm=-1)

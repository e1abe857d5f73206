import pytest
import torch

from mmlight.optim.lars import LARS


def parameter(value=1.0, grad=0.5):
    made = torch.nn.Parameter(torch.full((4,), value))
    made.grad = None if grad is None else torch.full((4,), grad)
    return made


def test_step_is_as_long_as_the_weights_when_adapted():
    first, second = parameter(1.0, 0.5), parameter(10.0, 0.5)
    LARS([first, second], lr=1.0, eta=0.1, eps=0.0).step()
    assert first[0].item() == pytest.approx(0.9)  # a tenth of each, whatever the gradient
    assert second[0].item() == pytest.approx(9.0)


@pytest.mark.parametrize(
    ("group", "expected"), [({"lars_exclude": True}, 0.75), ({"lars_exclude": False}, 0.95)]
)
def test_rate_stays_when_a_group_is_excluded(group, expected):
    one = parameter()
    LARS([{"params": [one], **group}], lr=0.5, eta=0.1, eps=0.0).step()
    assert one[0].item() == pytest.approx(expected)


def test_rate_stays_when_a_norm_is_zero():
    one = parameter(0.0, 0.5)
    LARS([one], lr=0.5).step()
    assert one[0].item() == pytest.approx(-0.25)


def test_parameters_stay_when_they_have_no_gradient():
    one = parameter(1.0, None)
    LARS([one], lr=0.5, momentum=0.9).step()
    assert one[0].item() == 1.0


def test_steps_go_on_when_the_state_is_loaded():
    one, other = parameter(), parameter()
    first, second = (LARS([p], lr=0.5, momentum=0.9) for p in (one, other))
    first.step()
    second.step()
    fresh = LARS([other], lr=0.5, momentum=0.9)
    fresh.load_state_dict(second.state_dict())
    for optimizer in (first, fresh):
        assert optimizer.step(lambda: 3.0) == 3.0
    assert torch.equal(one, other)


def test_buffers_are_made_once(monkeypatch):
    copies = []
    clone = torch.Tensor.clone
    monkeypatch.setattr(torch.Tensor, "clone", lambda self: copies.append(1) or clone(self))
    optimizer = LARS([parameter(), parameter()], lr=0.5, momentum=0.9)
    for _ in range(3):
        optimizer.step()
    assert len(copies) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr": -1.0}, "lr must be 0 or more, got -1.0"),
        ({"momentum": -0.5}, "momentum must be 0 or more, got -0.5"),
        ({"eta": -2}, "eta must be 0 or more, got -2"),
        ({"nesterov": True}, "got momentum=0, dampening=0"),
        ({"nesterov": True, "momentum": 0.5, "dampening": 0.25}, "momentum=0.5, dampening=0.25"),
    ],
)
def test_numbers_are_refused_when_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        LARS([parameter()], **{"lr": 0.1, **options})

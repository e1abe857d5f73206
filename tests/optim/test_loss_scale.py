import pytest
import torch

from mmlight.optim.loss_scale import check_loss_scale, set_loss_scale


def scaler(scale):
    made = torch.amp.GradScaler(device="cpu")
    set_loss_scale(made, scale)
    return made


def take_step(scaler, parameter, grad):
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    parameter.grad = scaler.scale(torch.tensor(grad))
    scaler.step(optimizer)
    scaler.update()


def test_torch_is_the_default_when_dynamic():
    assert scaler("dynamic").state_dict() == torch.amp.GradScaler(device="cpu").state_dict()


def test_scale_stays_when_it_is_a_number():
    made, parameter = scaler(512.0), torch.nn.Parameter(torch.tensor(1.0))
    take_step(made, parameter, 0.5)
    take_step(made, parameter, float("inf"))
    assert made.get_scale() == 512.0
    assert parameter.item() == 0.5  # the step after the overflow was left out
    other = torch.amp.GradScaler(device="cpu")
    other.load_state_dict(made.state_dict())
    take_step(other, parameter, float("nan"))
    assert other.get_scale() == 512.0


def test_scale_changes_when_it_is_dynamic():
    made = scaler({"init_scale": 8.0, "growth_interval": 2, "growth_factor": 3.0})
    parameter = torch.nn.Parameter(torch.tensor(1.0))
    seen = []
    for grad in (0.5, 0.5, float("inf")):
        take_step(made, parameter, grad)
        seen.append(made.get_scale())
    assert seen == [8.0, 24.0, 12.0]


@pytest.mark.parametrize(
    ("scale", "message"),
    [
        ("static", "a number, 'dynamic' or a dict, got 'static'"),
        (True, "a number, 'dynamic' or a dict, got True"),
        (0.0, "must have init_scale above 0, got 0.0"),
        ({"growth_factor": -1}, "must have growth_factor above 0, got -1"),
        ({"mode": "static"}, "may have init_scale, .*, got mode"),
    ],
)
def test_setting_is_refused_when_it_makes_no_sense(scale, message):
    with pytest.raises(ValueError, match=message):
        check_loss_scale(scale)

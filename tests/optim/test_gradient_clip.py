import pytest
import torch

from mmlight.optim.gradient_clip import GradientClip


def parameters(*gradients):
    made = []
    for values in gradients:
        parameter = torch.nn.Parameter(torch.zeros(len(values or [0])))
        parameter.grad = None if values is None else torch.tensor(values)
        made.append(parameter)
    return made


def test_norm_is_limited_when_of_all_gradients_together():
    first, second, unused = parameters([3.0], [4.0], None)
    GradientClip(max_norm=1.0)([first, second, unused])
    torch.testing.assert_close(torch.cat([first.grad, second.grad]), torch.tensor([0.6, 0.8]))
    assert unused.grad is None


def test_norm_follows_its_type_when_infinite():
    (one,) = parameters([3.0, -4.0])
    GradientClip(max_norm=1.0, norm_type=float("inf"))([one])
    torch.testing.assert_close(one.grad, torch.tensor([0.75, -1.0]))


def test_values_are_limited_when_by_value():
    (one,) = parameters([3.0, -4.0, 0.5])
    GradientClip(type="value", clip_value=2.0)([one])
    assert one.grad.tolist() == [2.0, -2.0, 0.5]


def test_frozen_parameters_stay_when_clipped():
    frozen, one = parameters([30.0], [0.5])
    frozen.requires_grad_(False)
    GradientClip(max_norm=1.0)([frozen, one])
    assert (frozen.grad.item(), one.grad.item()) == (30.0, 0.5)


def test_norm_before_clipping_is_known_when_clipped_by_norm():
    clip = GradientClip(max_norm=1.0, foreach=False)
    assert clip.last_norm is None
    clip(parameters([3.0], [4.0]))
    assert clip.last_norm.item() == 5.0


def test_error_is_raised_when_the_norm_must_be_finite():
    with pytest.raises(RuntimeError, match="non-finite"):
        GradientClip(max_norm=1.0, error_if_nonfinite=True)(parameters([float("nan")]))


@pytest.mark.parametrize(
    ("words", "name"),
    [({}, "max_norm"), ({"clip_value": 1.0}, "max_norm"), ({"type": "value"}, "clip_value")],
)
def test_limit_is_asked_for_when_missing(words, name):
    with pytest.raises(ValueError, match=f"needs {name}, got None"):
        GradientClip(**words)

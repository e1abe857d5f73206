import pytest
import torch

from mmlight.compat.averaged_model import BaseAveragedModel
from mmlight.registry import MODELS
from mmlight.spec import Call
from mmlight.translate.averages import AVERAGE_ROWS

C = "mmlight.compat.averaged_model"


def find(spec):
    (call,) = [call for call in spec.callbacks if call.target == "mmlight.callbacks.EMA"]
    return call


def test_average_is_exponential_when_nothing_is_said(translate):
    hook = dict(type="mmpretrain.EMAHook", momentum=0.1, strict_load=True)
    spec = translate(custom_hooks=hook)
    kwargs = {"averaging": f"{C}.ExponentialMovingAverage", "options": {"momentum": 0.1}}
    assert find(spec) == Call("mmlight.callbacks.EMA", kwargs)
    assert [note.path for note in spec.notes] == ["custom_hooks.strict_load"]


@pytest.mark.parametrize("name", [row.name for row in AVERAGE_ROWS])
@pytest.mark.parametrize("scope", ["", "mmengine.", "mmengine.model."])
def test_average_is_the_one_named(translate, name, scope):
    options = {"interval": 2, "update_buffers": True, "device": "cpu"}
    own = {"begin_epoch": 2, "evaluate_on_ema": False, "evaluate_on_origin": True}
    spec = translate(custom_hooks=dict(type="EMAHook", ema_type=scope + name, **options, **own))
    assert find(spec).kwargs == {**own, "averaging": f"{C}.{name}", "options": options}


class HalfWay(BaseAveragedModel):
    """A user's own average."""

    def __init__(self, model, share=0.5):
        super().__init__(model)
        self.share = share

    def avg_func(self, averaged_param, source_param, steps):
        averaged_param.lerp_(source_param, self.share)


def test_average_of_the_user_is_found_when_registered(translate):
    path = f"{HalfWay.__module__}.HalfWay"
    MODELS.register_module(module=HalfWay)
    try:
        spec = translate(custom_hooks=dict(type="EMAHook", ema_type="HalfWay", share=0.1))
    finally:
        MODELS.module_dict.pop("HalfWay")
    assert find(spec).kwargs == {"averaging": path, "options": {"share": 0.1}}
    spec = translate(custom_hooks=dict(type="EMAHook", ema_type=HalfWay))
    assert find(spec).kwargs == {"averaging": path, "options": {}}
    assert isinstance(HalfWay(torch.nn.Linear(1, 1)).share, float)


def test_unknown_average_is_refused(problems):
    hook = dict(type="EMAHook", ema_type="ExponentialMovingAverages")
    assert problems(custom_hooks=[hook]) == [
        "custom_hooks[0].ema_type: unknown average of weights type 'ExponentialMovingAverages'"
    ]

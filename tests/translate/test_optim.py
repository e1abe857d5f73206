import pytest

from mmlight.spec import Call
from mmlight.translate.schedules import POLICY_ROWS, RECURSION_ROWS


def test_optimizer_is_described_when_named(translate):
    assert translate().model["optimizer"] == Call(
        "mmlight.optim.optimizer.OptimizerBuilder",
        {"optimizer": "torch.optim.SGD", "options": {"lr": 0.1}},
    )


def test_optimizer_is_left_out_when_nothing_trains(translate):
    assert "optimizer" not in translate(optim_wrapper=None, train_cfg=None).model


def test_rules_are_described_when_paramwise(translate):
    rules = dict(norm_decay_mult=0.0, custom_keys={"a.b": dict(lr_mult=2)}, bypass_duplicate=None)
    builder = translate({"optim_wrapper.paramwise_cfg": rules}).model["optimizer"]
    paramwise = builder.kwargs["paramwise"]
    assert paramwise.target == "mmlight.optim.parameter_groups.ParamwiseRules"
    assert paramwise.kwargs == rules
    assert paramwise.path == "optim_wrapper.paramwise_cfg"


def test_gradients_are_clipped_when_asked(translate):
    clip = dict(max_norm=1.0, norm_type=2)
    model = translate({"optim_wrapper.clip_grad": clip}).model
    assert model["grad_clip"] == Call("mmlight.optim.gradient_clip.GradientClip", clip)


@pytest.mark.parametrize(
    ("dtype", "precision"),
    [(None, "16-mixed"), ("float16", "16-mixed"), ("bfloat16", "bf16-mixed")],
)
def test_precision_is_mixed_when_amp(translate, dtype, precision):
    options = {"optim_wrapper.type": "AmpOptimWrapper", "optim_wrapper.dtype": dtype}
    assert translate(options).trainer["precision"] == precision
    assert "precision" not in translate().trainer


@pytest.mark.parametrize("rows", [POLICY_ROWS, RECURSION_ROWS])
def test_every_schedule_is_translated_when_named(translate, rows):
    for row in rows:
        (call,) = [
            call.kwargs["schedules"][0]
            for call in translate(param_scheduler=dict(type=row.name, begin=3)).callbacks
            if call.target.endswith("ParamSchedule")
        ]
        assert (call.target, call.kwargs) == (row.target, {**row.extra, "begin": 3})


def test_momentum_is_scheduled_when_the_name_says_so(translate):
    (call,) = [
        call
        for call in translate(param_scheduler=[dict(type="StepMomentum", step_size=3)]).callbacks
        if call.target.endswith("ParamSchedule")
    ]
    (schedule,) = call.kwargs["schedules"]
    assert schedule.kwargs == {"param_name": "momentum", "step_size": 3}


REFUSED = {
    "optim_wrapper.type": ("MyWrapper", "the value 'MyWrapper' cannot be used"),
    "optim_wrapper.optimizer.type": ("SDG", "unknown optimizer type 'SDG'"),
    "optim_wrapper.accumulative_counts": (4, "the value 4 cannot be used"),
    "optim_wrapper.constructor": ("Mine", "the value 'Mine' cannot be used"),
    "optim_wrapper.clipgrad": (5, "unknown key 'clipgrad' with value 5"),
    "optim_wrapper.clip_grad": (5, "the value 5 cannot be used"),
    "param_scheduler.type": ("StpLR", "unknown schedule type 'StpLR'"),
}


@pytest.mark.parametrize("key", REFUSED)
def test_optimization_is_refused_when(problems, key):
    value, text = REFUSED[key]
    assert problems({key: value}) == [f"{key}: {text}"]


@pytest.mark.parametrize(("key", "value"), [("dtype", "float8"), ("loss_scale", 512.0)])
def test_precision_is_refused_when(problems, key, value):
    options = {"optim_wrapper.type": "AmpOptimWrapper", f"optim_wrapper.{key}": value}
    assert problems(options) == [f"optim_wrapper.{key}: the value {value!r} cannot be used"]

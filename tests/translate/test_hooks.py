import pytest

C = "mmlight.callbacks"


def names(spec):
    return [call.target.removeprefix(f"{C}.") for call in spec.callbacks]


def find(spec, name):
    (call,) = [call for call in spec.callbacks if call.target == f"{C}.{name}"]
    return call


STEP = dict(type="StepLR", step_size=1)


def test_callbacks_are_ordered_by_priority_when_1x(translate):
    assert names(translate(param_scheduler=STEP)) == [
        "RunLog",
        "RuntimeInfo",
        "IterTimer",
        "LogWriter",
        "ParamSchedule",
        "Validation",
        "Checkpoint",
        "PredictionGrid",
        "ProgressBar",
        "Announcer",
    ]


def test_callbacks_are_ordered_by_priority_when_0x(translate):
    priorities = dict(
        timer=dict(priority="LOW"),
        logger=dict(priority="VERY_LOW"),
        checkpoint=dict(priority="NORMAL"),
        param_scheduler=dict(priority="VERY_HIGH"),
        validation=dict(priority="LOW"),
    )
    assert names(translate(param_scheduler=STEP, default_hooks=priorities)) == [
        "RunLog",
        "RuntimeInfo",
        "ParamSchedule",
        "IterTimer",
        "Checkpoint",  # not before others: it holds what they did
        "Validation",
        "LogWriter",
        "PredictionGrid",
        "ProgressBar",
        "Announcer",
    ]


def test_custom_hook_follows_its_equals_when_priority(translate):
    for priority, place in ((None, 3), ("VERY_HIGH", 2), (50, 3), ("LOWEST", 6)):
        hook = dict(type="EMAHook", **({"priority": priority} if priority else {}))
        assert names(translate(custom_hooks=[hook])).index("EMA") == place


def test_hooks_are_dropped_when_none(translate):
    default_hooks = dict(timer=None, logger=None, param_scheduler=None, checkpoint=None)
    spec = translate(param_scheduler=STEP, default_hooks=default_hooks)
    last = ["PredictionGrid", "ProgressBar", "Announcer"]
    assert names(spec) == ["RunLog", "RuntimeInfo", "Validation", *last]


def test_schedules_know_the_length_when_iterations(translate):
    spec = translate(param_scheduler=STEP, train_cfg=dict(by_epoch=False, max_iters=9))
    assert find(spec, "ParamSchedule").kwargs["max_iters"] == 9
    assert "max_iters" not in find(translate(param_scheduler=STEP), "ParamSchedule").kwargs


REFUSED = {
    "default_hooks.timer.type": ("MyTimer", "unknown hook type 'MyTimer'"),
    "default_hooks.checkpoint.type": ("MyHook", "unknown hook type 'MyHook'"),
    "default_hooks.logger.priority": ("HIHG", "no priority has the name 'HIHG'"),
    "default_hooks.timer.priority": (101, "a priority is between 0 and 100, got 101"),
    "default_hooks.checkpoint.intervall": (3, "unknown key 'intervall' with value 3"),
    "custom_hooks.type": ("EMHook", "unknown hook type 'EMHook'"),
    "visualizer.vis_backends.type": ("WandVisBackend", "unknown logger type 'WandVisBackend'"),
    "default_hooks.validation.priority": ([1], "a priority is between 0 and 100, got [1]"),
    "default_hooks.checkpoint.out_dir": (True, "the value True cannot be used"),
    "visualizer.save": (3, "unknown key 'save' with value 3"),
}


def test_hook_is_refused_when_it_has_no_type(problems):
    key = "default_hooks.early_stop"
    assert problems({key: dict(patience=3)}) == [f"{key}.type: the hook has no type"]


@pytest.mark.parametrize("key", REFUSED)
def test_hooks_are_refused_when(problems, key):
    value, text = REFUSED[key]
    assert problems({key: value}) == [f"{key}: {text}"]


def test_notes_are_written_when_hooks_have_no_effect(translate):
    spec = translate(
        default_hooks=dict(sampler_seed=dict(type="DistSamplerSeedHook")),
        custom_hooks=[dict(type="RuntimeInfoHook")],
    )
    assert [note.path for note in spec.notes] == [
        "default_hooks.sampler_seed",
        "custom_hooks[0].type",
    ]

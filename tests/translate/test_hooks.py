import pytest

from mmlight.spec import Call

C = "mmlight.callbacks"


def names(spec):
    return [call.target.removeprefix(f"{C}.") for call in spec.callbacks]


def find(spec, name):
    (call,) = [call for call in spec.callbacks if call.target == f"{C}.{name}"]
    return call


STEP = dict(type="StepLR", step_size=1)


def test_callbacks_are_ordered_by_priority_when_1x(translate):
    assert names(translate(param_scheduler=STEP)) == [
        "IterTimer",
        "TextLog",
        "Validation",
        "ParamSchedule",
        "Checkpoint",
        "PredictionGrid",
        "ProgressBar",
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
        "ParamSchedule",
        "IterTimer",
        "Validation",
        "TextLog",
        "Checkpoint",  # never before the others: it holds what they did
        "PredictionGrid",
        "ProgressBar",
    ]


def test_custom_hook_follows_its_equals_when_priority(translate):
    for priority, place in ((None, 1), ("VERY_HIGH", 0), (50, 1), ("LOWEST", 4)):
        hook = dict(type="EMAHook", **({"priority": priority} if priority else {}))
        assert names(translate(custom_hooks=[hook])).index("EMA") == place


def test_hooks_are_dropped_when_none(translate):
    default_hooks = dict(timer=None, logger=None, param_scheduler=None, checkpoint=None)
    spec = translate(param_scheduler=STEP, default_hooks=default_hooks)
    assert names(spec) == ["Validation", "PredictionGrid", "ProgressBar"]


def test_schedules_know_the_length_when_iterations(translate):
    spec = translate(param_scheduler=STEP, train_cfg=dict(by_epoch=False, max_iters=9))
    assert find(spec, "ParamSchedule").kwargs["max_iters"] == 9
    assert "max_iters" not in find(translate(param_scheduler=STEP), "ParamSchedule").kwargs


def test_log_has_the_interval_of_the_original_when_unset(translate):
    log = find(translate(work_dir="w"), "TextLog")
    assert log.kwargs == {"work_dir": "w", "interval": 10, "ignore_last": True}
    options = {"default_hooks.logger": dict(type="LoggerHook", interval=3, ignore_last=False)}
    assert find(translate(options), "TextLog").kwargs["interval"] == 3


CHECKPOINT = dict(dirpath="w/x", interval=-1, by_epoch=True)


@pytest.mark.parametrize(
    ("hook", "expected"),
    [
        (dict(), CHECKPOINT | {"interval": 1}),
        (dict(type="CheckpointHook"), CHECKPOINT),
        (dict(interval=5, by_epoch=False), CHECKPOINT | {"interval": 5, "by_epoch": False}),
        (dict(max_keep_ckpts=3, save_begin=2), CHECKPOINT | {"max_keep_ckpts": 3, "save_begin": 2}),
        (dict(save_last=False), CHECKPOINT | {"save_last": False}),
        (dict(save_optimizer=False), CHECKPOINT | {"save_weights_only": True}),
        (dict(save_best="auto"), CHECKPOINT | {"save_best": "auto"}),
        (
            dict(save_best=["a", "b"], rule=["less", "greater"]),
            CHECKPOINT | {"save_best": ["a", "b"], "rule": ["less", "greater"]},
        ),
        (dict(out_dir="/data"), CHECKPOINT | {"dirpath": "/data/x"}),
    ],
)
def test_checkpoint_is_described_when(translate, hook, expected):
    spec = translate({"default_hooks.checkpoint": hook, "work_dir": "w/x"})
    assert find(spec, "Checkpoint").kwargs == expected


@pytest.mark.parametrize(
    ("hook", "save_last"),
    [(dict(interval=1, save_last=False), True), (dict(save_last=False), False)],
)
def test_checkpoint_comes_at_the_end_when_epochs_are_counted_in_iterations(
    translate, hook, save_last
):
    words = dict(train_cfg=dict(by_epoch=False, max_iters=9))
    kwargs = find(translate({"default_hooks.checkpoint": hook}, **words), "Checkpoint").kwargs
    assert (kwargs["by_epoch"], kwargs["interval"], kwargs["save_last"]) == (False, -1, save_last)


def test_ema_is_described_when_custom(translate):
    hook = dict(type="mmpretrain.EMAHook", momentum=0.1, warm_up=100, strict_load=True)
    spec = translate(custom_hooks=hook)
    assert find(spec, "EMA") == Call(f"{C}.EMA", {"momentum": 0.1, "warm_up": 100})
    assert [note.path for note in spec.notes] == ["custom_hooks.strict_load"]


def test_loggers_are_described_when_visualizer(translate):
    backends = [dict(type="LocalVisBackend"), dict(type="TensorboardVisBackend", save_dir="t")]
    spec = translate(visualizer=dict(type="UniversalVisualizer", vis_backends=backends))
    assert spec.trainer["logger"] == [
        Call("lightning.pytorch.loggers.TensorBoardLogger", {"save_dir": "t", "name": ""})
    ]
    assert translate().trainer["logger"] is False


REFUSED = {
    "default_hooks.timer.type": ("MyTimer", "the value 'MyTimer' cannot be used"),
    "default_hooks.checkpoint.type": ("MyHook", "the value 'MyHook' cannot be used"),
    "default_hooks.logger.priority": ("HIHG", "no priority has the name 'HIHG'"),
    "default_hooks.timer.priority": (101, "a priority is between 0 and 100, got 101"),
    "default_hooks.checkpoint.intervall": (3, "unknown key 'intervall' with value 3"),
    "default_hooks.early_stop": (dict(), "unknown key 'early_stop' with value {}"),
    "default_hooks.visualization": (
        dict(enable=True),
        "pictures during validation are not drawn yet",
    ),
    "custom_hooks.type": ("EMHook", "no translation for the hook 'EMHook' yet"),
    "visualizer.vis_backends.type": ("WandbVisBackend", "no logger for 'WandbVisBackend' yet"),
    "default_hooks.validation.priority": ([1], "a priority is between 0 and 100, got [1]"),
    "default_hooks.checkpoint.out_dir": (True, "the value True cannot be used"),
    "visualizer.save": (3, "unknown key 'save' with value 3"),
}


def test_backend_is_refused_when_its_type_is_no_name(problems):
    text = "visualizer.vis_backends.type: no logger for {'a': 1} yet"
    assert problems(visualizer=dict(vis_backends=dict(type=dict(a=1)))) == [text]


@pytest.mark.parametrize("key", REFUSED)
def test_hooks_are_refused_when(problems, key):
    value, text = REFUSED[key]
    assert problems({key: value}) == [f"{key}: {text}"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("ema_type", "StochasticWeightAverage"),
        ("evaluate_on_ema", False),
        ("evaluate_on_origin", True),
    ],
)
def test_ema_is_refused_when(problems, key, value):
    hook = {"type": "EMAHook", key: value}
    assert problems(custom_hooks=[hook]) == [
        f"custom_hooks[0].{key}: the value {value!r} cannot be used"
    ]


def test_notes_are_written_when_hooks_have_no_effect(translate):
    spec = translate(
        default_hooks=dict(sampler_seed=dict(type="DistSamplerSeedHook")),
        custom_hooks=[dict(type="ClassNumCheckHook"), dict(type="EmptyCacheHook", after_iter=True)],
    )
    assert [note.path for note in spec.notes] == [
        "default_hooks.sampler_seed",
        "custom_hooks[0].type",
        "custom_hooks[1].after_iter",
    ]

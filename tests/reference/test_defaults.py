"""Asks the originals for the defaults and priorities that upgrade/ and translate/ rely on."""

from mmlight.hooks.priority import to_priority
from mmlight.upgrade.runtime import PRIORITIES
from tests.translate.conftest import _translate


def defaults_of_mmcls():
    import inspect

    from mmcls.core import EvalHook
    from mmcv.runner import hooks

    classes = (hooks.TextLoggerHook, hooks.CheckpointHook, hooks.EMAHook, EvalHook.__base__)
    return {
        one.__name__: {
            name: parameter.default
            for name, parameter in inspect.signature(one.__init__).parameters.items()
            if parameter.default is not parameter.empty
        }
        for one in classes
    }


def defaults_of_mmpretrain():
    import inspect

    from mmengine import hooks, model, runner

    classes = (hooks.LoggerHook, hooks.CheckpointHook, model.ExponentialMovingAverage)
    loops = (runner.EpochBasedTrainLoop, runner.IterBasedTrainLoop)
    return {
        one.__name__: {
            name: parameter.default
            for name, parameter in inspect.signature(one.__init__).parameters.items()
            if parameter.default is not parameter.empty
        }
        for one in (*classes, *loops)
    }


def register_mmcv(runner_type):
    import logging
    import tempfile

    import torch
    from mmcv.runner import build_runner

    class Net(torch.nn.Linear):
        def train_step(self):
            pass

    net = Net(1, 1)
    length = {"max_epochs": 1} if runner_type == "EpochBasedRunner" else {"max_iters": 1}
    runner = build_runner(
        dict(type=runner_type, **length),
        default_args=dict(
            model=net,
            optimizer=torch.optim.SGD(net.parameters(), 0.1),
            work_dir=tempfile.mkdtemp(),
            logger=logging.getLogger("x"),
        ),
    )
    runner.register_training_hooks(
        dict(policy="step", step=[1]),
        dict(grad_clip=None),
        dict(interval=1),
        dict(interval=1, hooks=[dict(type="TextLoggerHook")]),
        dict(policy="step", step=[1]),
        custom_hooks_config=[dict(type="EMAHook")],
    )
    return {type(h).__name__: (int(h.priority), getattr(h, "by_epoch", None)) for h in runner.hooks}


def priorities_of_mmengine():
    from mmengine import hooks
    from mmengine.runner.priority import get_priority

    names = ("IterTimerHook", "LoggerHook", "ParamSchedulerHook", "CheckpointHook", "EMAHook")
    return {name: int(get_priority(getattr(hooks, name).priority)) for name in names}


def test_defaults_are_those_of_mmcls_when_unset(mmcls):
    theirs = mmcls(defaults_of_mmcls)
    assert theirs["TextLoggerHook"]["interval"] == 10
    assert theirs["TextLoggerHook"]["ignore_last"] is True
    checkpoint = theirs["CheckpointHook"]
    assert (checkpoint["interval"], checkpoint["by_epoch"]) == (-1, True)
    assert (checkpoint["max_keep_ckpts"], checkpoint["save_last"]) == (-1, True)
    ema = theirs["EMAHook"]
    assert (ema["warm_up"], ema["interval"], ema["momentum"]) == (100, 1, 0.0002)
    evaluation = theirs["EvalHook"]
    assert (evaluation["interval"], evaluation["start"], evaluation["save_best"]) == (1, None, None)


def test_defaults_are_those_of_mmpretrain_when_unset(mmpretrain):
    theirs = mmpretrain(defaults_of_mmpretrain)
    assert (theirs["LoggerHook"]["interval"], theirs["LoggerHook"]["ignore_last"]) == (10, True)
    checkpoint = theirs["CheckpointHook"]
    assert (checkpoint["interval"], checkpoint["by_epoch"]) == (-1, True)
    assert (checkpoint["max_keep_ckpts"], checkpoint["save_last"]) == (-1, True)
    ema = theirs["ExponentialMovingAverage"]
    assert (ema["momentum"], ema["interval"], ema["update_buffers"]) == (0.0002, 1, False)
    for name, interval in (("EpochBasedTrainLoop", 1), ("IterBasedTrainLoop", 1000)):
        assert (theirs[name]["val_interval"], theirs[name]["val_begin"]) == (interval, 1)


def test_priorities_are_those_of_mmcv_when_old(mmcls):
    theirs = mmcls(register_mmcv, "EpochBasedRunner")
    names = {
        "timer": "IterTimerHook",
        "logger": "TextLoggerHook",
        "checkpoint": "CheckpointHook",
        "param_scheduler": "StepLrUpdaterHook",
    }
    assert {name: to_priority(value) for name, value in PRIORITIES.items()} == {
        name: theirs[hook][0] for name, hook in names.items()
    }
    assert theirs["EMAHook"][0] == to_priority("NORMAL")


def test_iterations_are_counted_by_the_same_hooks_when_the_runner_does(mmcls):
    by_epoch = {name: flag for name, (_, flag) in mmcls(register_mmcv, "IterBasedRunner").items()}
    assert by_epoch["CheckpointHook"] is by_epoch["StepLrUpdaterHook"] is False
    assert by_epoch["StepMomentumUpdaterHook"] is True


def test_order_is_that_of_mmengine_when_new(mmpretrain):
    theirs = mmpretrain(priorities_of_mmengine)
    ours = {
        "IterTimer": "IterTimerHook",
        "EMA": "EMAHook",
        "LogWriter": "LoggerHook",
        "ParamSchedule": "ParamSchedulerHook",
        "Checkpoint": "CheckpointHook",
    }
    spec = _translate(
        param_scheduler=dict(type="StepLR", step_size=1), custom_hooks=dict(type="EMAHook")
    )
    names = [call.target.rpartition(".")[2] for call in spec.callbacks]
    order = [ours[name] for name in names if name in ours]
    assert order == sorted(order, key=lambda name: theirs[name])
    assert len(order) == len(ours)

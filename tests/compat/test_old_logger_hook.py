"""When it logs is compared with the original in tests/reference/test_logs.py."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mmlight.compat.log_buffer import LogBuffer
from mmlight.compat.old_logger_hook import LoggerHook


def make_runner(**more):
    buffer = LogBuffer()
    buffer.output.update({"loss": 0.5, "time": 1.0, "data_time": 0.1, "text": "a"})
    facts = dict(mode="train", epoch=3, iter=7, inner_iter=1, log_buffer=buffer)
    rates = dict(current_lr=lambda: [0.1, 0.2], current_momentum=lambda: [0.9])
    return SimpleNamespace(**{**facts, **rates, **more})


def test_tags_are_named_by_the_mode():
    hook, runner = LoggerHook(), make_runner()
    rates = {"learning_rate": 0.1, "momentum": 0.9}
    assert hook.get_loggable_tags(runner) == {"train/loss": 0.5, **rates}
    texts = hook.get_loggable_tags(runner, allow_text=True, allow_scalar=False, add_mode=False)
    assert texts == {"text": "a", **rates}
    del runner.log_buffer.output["time"]
    assert "val/loss" in hook.get_loggable_tags(runner)


def test_place_is_that_of_the_runner():
    hook, runner = LoggerHook(), make_runner()
    assert (hook.get_epoch(runner), hook.get_iter(runner), hook.get_iter(runner, True)) == (4, 8, 2)
    assert LoggerHook(by_epoch=False).get_iter(runner, inner_iter=True) == 8
    runner.mode = "val"
    assert (hook.get_mode(runner), hook.get_epoch(runner)) == ("val", 3)
    runner.mode = "test"
    with pytest.raises(ValueError, match="mode must be 'train' or 'val', got 'test'"):
        hook.get_mode(runner)


def test_the_last_hook_empties_the_output_when_there_are_several():
    first, last = LoggerHook(), LoggerHook()
    first.before_run(SimpleNamespace(hooks=[first, object(), last]))
    assert (first.reset_flag, last.reset_flag) == (False, True)


def test_scalars_are_told_apart():
    assert all(map(LoggerHook.is_scalar, (1, 0.5, np.array(2), np.float32(1), torch.ones(1))))
    assert not LoggerHook.is_scalar(torch.ones(1), include_torch=False)
    assert not LoggerHook.is_scalar(np.array(2), include_np=False)
    assert not LoggerHook.is_scalar("a")


def test_raises_when_interval_is_zero():
    with pytest.raises(ValueError, match="interval must be 1 or more, got 0"):
        LoggerHook(interval=0)

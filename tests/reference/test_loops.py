"""Validation follows the epochs and iterations that the originals' loops and hooks choose."""

import itertools
from typing import Any

import pytest
import torch
from torch import nn

from mmlight.callbacks.validation import is_validation_due
from mmlight.models.heads.cls_head import ClsHead
from mmlight.module import ImageClassifier
from mmlight.read.config import Config
from mmlight.run import read_spec
from tests.reference.original import Original


def run_mmengine_loops(settings: Any) -> Any:
    """Run the real loops with a stub runner; return the counts after which they validate."""
    from types import SimpleNamespace
    from unittest import mock

    from mmengine.runner.loops import BaseLoop, EpochBasedTrainLoop, IterBasedTrainLoop

    class Loader:
        dataset = SimpleNamespace(metainfo={})

        def __init__(self, batches: int) -> None:
            self.batches = batches

        def __len__(self) -> int:
            return self.batches

        def __iter__(self) -> Any:
            return iter([0] * self.batches)

    def keep_loader(self: Any, runner: Any, dataloader: Any) -> None:
        self._runner, self.dataloader = runner, dataloader

    answers = []
    patched = mock.patch.object(BaseLoop, "__init__", keep_loader)  # it asks for a DataLoader
    patched.start()
    for by_epoch, length, interval, begin in settings:
        seen: list[int] = []
        model = SimpleNamespace(train=lambda: None, train_step=lambda *_, **__: {})
        runner = SimpleNamespace(model=model, optim_wrapper=None, call_hook=lambda *_, **__: None)
        runner.visualizer = SimpleNamespace()
        kind = EpochBasedTrainLoop if by_epoch else IterBasedTrainLoop
        loop = kind(runner, Loader(3 if by_epoch else 100), length, begin, interval)

        def validate(loop: Any = loop, name: str = "epoch" if by_epoch else "iter") -> None:
            seen.append(getattr(loop, name))  # noqa: B023

        runner.val_loop = SimpleNamespace(run=validate)
        loop.run()
        answers.append(seen)
    patched.stop()
    return answers


def run_mmcv_hooks(settings: Any) -> Any:
    """Step the real EvalHook of mmcv through a training; return when it evaluates."""
    from types import SimpleNamespace

    from mmcv.runner.hooks.evaluation import EvalHook
    from torch.utils.data import DataLoader

    answers = []
    for by_epoch, length, interval, start in settings:
        seen: list[int] = []
        hook = EvalHook(DataLoader([0]), start=start, interval=interval, by_epoch=by_epoch)
        hook._do_evaluate = lambda runner: seen.append(runner.count)  # noqa: B023
        for done in range(length):
            runner = SimpleNamespace(epoch=done, iter=done, _hooks=[], count=done + 1)
            runner.log_buffer = SimpleNamespace(clear=lambda: None)
            if hook.initial_flag:
                runner.count = 0  # evaluates before training
            (hook.before_train_epoch if by_epoch else hook.before_train_iter)(runner)
            runner.count = done + 1
            (hook.after_train_epoch if by_epoch else hook.after_train_iter)(runner)
        answers.append(seen)
    return answers


def ours(length: int, **rule: Any) -> list[int]:
    return [n for n in range(1, length + 1) if is_validation_due(n, length, **rule)]


SETTINGS = list(itertools.product([True, False], [1, 5, 12], [1, 2, 3, 5, 20], [1, 2, 4, 13]))


def test_validates_as_mmengine_when_its_loops_run(mmpretrain: Original) -> None:
    theirs = mmpretrain(run_mmengine_loops, SETTINGS)
    for (_, length, interval, begin), counts in zip(SETTINGS, theirs, strict=True):
        assert ours(length, interval=interval, begin=begin) == counts, (length, interval, begin)
    assert any(theirs)


MMCV = list(itertools.product([True, False], [1, 5, 12], [1, 2, 3, 5, 20], [None, 0, 1, 2, 4, 13]))


@pytest.mark.parametrize("by_epoch", [True, False])
def test_validates_as_mmcv_when_its_hook_runs(mmcls: Original, by_epoch: bool) -> None:
    settings = [setting for setting in MMCV if setting[0] == by_epoch]
    theirs = mmcls(run_mmcv_hooks, settings)
    for (_, length, interval, start), counts in zip(settings, theirs, strict=True):
        rule = {"interval": interval, "at_end": False}
        if start is not None:
            rule |= {"begin": max(start, 1), "offset": start}  # as the upgrade writes them
        # a known difference: it validates before training if it would after the first epoch
        before = [0] if start == 0 and interval == 1 else []
        assert before + ours(length, **rule) == counts, (length, interval, start)
    assert any(theirs)


def ask_autocast(fp16: bool) -> list[bool]:
    """Run a batch of the loops of mmengine under autocast; return whether it reaches the model."""
    from types import SimpleNamespace

    import torch
    from mmengine.runner.loops import TestLoop, ValLoop

    found = []

    def step(_: Any) -> Any:
        found.append(torch.is_autocast_enabled("cpu"))
        return [None]

    for kind in (ValLoop, TestLoop):
        loop = object.__new__(kind)
        model = SimpleNamespace(val_step=step, test_step=step)
        loop._runner = SimpleNamespace(model=model, call_hook=lambda *_, **__: None)
        loop.evaluator = SimpleNamespace(process=lambda **_: None)
        loop.fp16, loop.val_loss, loop.test_loss = fp16, {}, {}
        with torch.autocast("cpu"):
            loop.run_iter(0, None)
    return found


@pytest.mark.parametrize("fp16", [False, True])
def test_evaluates_in_the_precision_of_mmengine(mmpretrain: Original, fp16: bool) -> None:
    theirs = mmpretrain(ask_autocast, fp16)
    ours: list[bool] = []
    backbone = nn.Identity()
    backbone.register_forward_hook(lambda *_: ours.append(torch.is_autocast_enabled("cpu")))
    network = {"type": "ImageClassifier", "backbone": {"type": "ResNet", "depth": 18}}
    words = {"model": network, "val_cfg": {"fp16": fp16}, "test_cfg": {"fp16": fp16}}
    stages = read_spec(Config(words)).model.get("mixed_stages", ())
    model = ImageClassifier(backbone, ClsHead(), mixed_stages=stages)
    batch = {"inputs": torch.zeros(1, 3), "target": torch.zeros(1, dtype=torch.int64)}
    with torch.autocast("cpu"):
        model.validation_step(batch, 0)
        model.test_step(batch, 0)
    assert ours == theirs

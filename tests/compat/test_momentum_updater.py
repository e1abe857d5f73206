"""What they do is compared with mmcv's in tests/reference/test_rates_own.py."""

from types import SimpleNamespace
from typing import Any

import pytest

from mmlight.compat.momentum_updater import MomentumUpdaterHook, StepMomentumUpdaterHook


class Halve(MomentumUpdaterHook):
    def get_momentum(self, runner: Any, base_momentum: float) -> float:
        return base_momentum / 2


def test_first_beta_changes_when_there_is_no_momentum() -> None:
    optimizer = SimpleNamespace(param_groups=[{"betas": (0.8, 0.9)}, {"betas": (0.6, 0.9)}])
    runner = SimpleNamespace(optimizer=optimizer, epoch=0, iter=0)
    hook = Halve()
    hook.before_run(runner)
    hook.before_train_epoch(runner)
    assert [group["betas"] for group in optimizer.param_groups] == [(0.4, 0.9), (0.3, 0.9)]
    assert hook.base_momentum == [0.8, 0.6]


def test_attributes_reach_the_policy_when_set() -> None:
    hook = StepMomentumUpdaterHook(step=[3])
    hook.gamma = 0.1
    assert hook.get_momentum(SimpleNamespace(epoch=3, iter=0), 0.5) == pytest.approx(0.05)


def test_warmup_is_refused_when_it_counts_epochs() -> None:
    with pytest.raises(TypeError, match="warmup_by_epoch"):  # mmcv knows no such word here
        StepMomentumUpdaterHook(step=3, warmup="linear", warmup_iters=1, warmup_by_epoch=True)


def test_get_momentum_must_be_overridden() -> None:
    with pytest.raises(NotImplementedError):
        MomentumUpdaterHook().get_momentum(None, 0.1)

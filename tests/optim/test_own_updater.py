from types import SimpleNamespace
from typing import Any

import pytest

from mmlight.compat.lr_updater import LrUpdaterHook, StepLrUpdaterHook
from mmlight.compat.momentum_updater import MomentumUpdaterHook
from mmlight.hooks.hook import Hook
from mmlight.optim.driver import ScheduleDriver, simulate, walk
from mmlight.optim.own_updater import OwnUpdater
from mmlight.optim.policies import StepPolicy
from mmlight.optim.schedule import RunLength


class Ramp(LrUpdaterHook):
    def get_lr(self, runner: Any, base_lr: float) -> float:
        return base_lr * (runner.iter + 1)


class Half(MomentumUpdaterHook):
    def get_momentum(self, runner: Any, base_momentum: float) -> float:
        return base_momentum / 2


class Late(Hook):
    def after_val_epoch(self, runner: Any, metrics: Any = None) -> None: ...


def test_follows_the_hook_when_simulated() -> None:
    ramp = OwnUpdater(Ramp(by_epoch=False))
    assert simulate([ramp], 0.5, 2, 2) == [0.5, 1.0, 1.5, 2.0]
    assert simulate([ramp], 0.5, 2, 2) == [0.5, 1.0, 1.5, 2.0]  # each run has its own hook
    momenta = simulate([OwnUpdater(Half())], 0.5, 1, 2, param_name="momentum", momentum=0.8)
    assert momenta == [0.4, 0.4]


def test_knows_its_option_when_it_is_asked() -> None:
    assert OwnUpdater(Ramp()).param_name == "lr"
    assert OwnUpdater(Half()).param_name == "momentum"


def test_goes_on_exactly_when_resumed() -> None:
    run, schedules = RunLength.of_epochs(4, 3), [OwnUpdater(StepLrUpdaterHook(step=[1, 3]))]
    optimizer = SimpleNamespace(param_groups=[{"lr": 0.5}])
    driver = ScheduleDriver(optimizer, schedules, run)
    driver.start()
    rates = [optimizer.param_groups[0]["lr"] for _ in walk(driver, 2, 3)]
    again = ScheduleDriver(optimizer, schedules, run)
    again.load_state_dict(driver.state_dict())
    rates += [optimizer.param_groups[0]["lr"] for _ in walk(again, 2, 3)]
    assert rates == simulate([StepPolicy([1, 3])], 0.5, 4, 3)


def test_refuses_when_it_is_no_schedule() -> None:
    with pytest.raises(ValueError, match="hook must derive from LrUpdaterHook, got 5"):
        OwnUpdater(5)
    with pytest.raises(ValueError, match="to act at after_val_epoch, got Late as a schedule"):
        OwnUpdater(Late())

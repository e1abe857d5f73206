from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmlight.compat.param_scheduler import LRSchedulerMixin, _ParamScheduler
from mmlight.compat.schedulers import ReduceOnPlateauLR, StepLR
from mmlight.optim.driver import ScheduleDriver, simulate, walk
from mmlight.optim.own_scheduler import OwnScheduler
from mmlight.optim.recursions import StepLR as Step
from mmlight.optim.schedule import RunLength

RUN = RunLength.of_epochs(6, 4)


class Halving(LRSchedulerMixin, _ParamScheduler):
    """Halves at every other step; keeps something that no checkpoint can hold."""

    def __init__(self, optimizer: Any, **kwargs: Any) -> None:
        self.function = lambda value: value / 2
        self.history: list[int] = []
        super().__init__(optimizer, **kwargs)

    def _get_value(self) -> list[float]:
        self.history.append(self.last_step)
        rates = [group["lr"] for group in self.optimizer.param_groups]
        return [self.function(rate) if self.last_step % 2 else rate for rate in rates]


def test_steps_by_its_unit_when_simulated() -> None:
    assert simulate([OwnScheduler(Halving)], 1.0, 3, 2) == [1, 1, 0.5, 0.5, 0.5, 0.5]
    by_iteration = OwnScheduler(Halving, {"by_epoch": False, "end": 4})
    assert simulate([by_iteration], 1.0, 3, 2) == [1, 0.5, 0.5, 0.25, 0.25, 0.25]


def test_is_found_when_named_by_its_path() -> None:
    assert OwnScheduler("mmlight.compat.schedulers.StepLR", {"step_size": 2}).scheduler is StepLR


@given(st.integers(0, 24), st.booleans())
def test_goes_on_exactly_when_resumed_anywhere(done: int, by_epoch: bool) -> None:
    own = OwnScheduler(Halving, {"by_epoch": by_epoch})
    optimizer = SimpleNamespace(param_groups=[{"lr": 1.0}])
    driver = ScheduleDriver(optimizer, [own], RUN)
    driver.start()
    rates = []
    for at in range(24):
        if at == done:
            (state,) = driver.state_dict()["schedules"]
            assert "function" not in state
            assert state["history"]
            resumed = ScheduleDriver(optimizer, [own], RUN)
            before = dict(optimizer.param_groups[0])
            resumed.load_state_dict(driver.state_dict())
            assert optimizer.param_groups[0] == before
            driver = resumed
        driver.before_iteration()
        rates.append(optimizer.param_groups[0]["lr"])
        driver.after_iteration()
        if at % 4 == 3:
            driver.after_epoch()
    assert rates == simulate([own], 1.0, 6, 4)


class Late(StepLR):  # type: ignore[misc]
    """Changes what its base keeps, once."""

    def _get_value(self) -> list[float]:
        rates: list[float] = super()._get_value()
        self.gamma = 0.9 if self.last_step == 1 else self.gamma
        return rates


def test_remembers_what_it_changed_in_its_base_when_resumed() -> None:
    own = OwnScheduler(Late, {"step_size": 1, "gamma": 0.5})
    optimizer = SimpleNamespace(param_groups=[{"lr": 1.0}])
    driver = ScheduleDriver(optimizer, [own], RUN)
    driver.start()
    rates = [optimizer.param_groups[0]["lr"] for _ in walk(driver, 3, 4)]
    again = ScheduleDriver(optimizer, [own], RUN)
    again.load_state_dict(driver.state_dict())
    rates += [optimizer.param_groups[0]["lr"] for _ in walk(again, 3, 4)]
    assert rates == simulate([own], 1.0, 6, 4)


def test_converts_when_asked() -> None:
    own = OwnScheduler(StepLR, {"step_size": 2, "begin": 1}, convert_to_iter_based=True)
    ours = Step(2, begin=1, convert_to_iter_based=True)
    assert simulate([own], 1.0, 6, 4) == simulate([ours], 1.0, 6, 4)


def test_sees_results_when_it_wants_them() -> None:
    optimizer = SimpleNamespace(param_groups=[{"lr": 1.0}])
    own = OwnScheduler(ReduceOnPlateauLR, {"monitor": "a", "patience": 0, "end": 3})
    driver = ScheduleDriver(optimizer, [own], RUN)
    driver.start()
    rates = []
    for _ in walk(driver, 5, 1):
        driver.after_validation({"a": 1.0})
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates == pytest.approx([1, 0.1, 0.01, 0.01, 0.01])
    assert driver.state_dict()["schedules"][0]["best"] == 1.0


def test_refuses_when_it_is_no_scheduler() -> None:
    with pytest.raises(ValueError, match="must be an import path, got 'no_such'"):
        OwnScheduler("no_such")
    with pytest.raises(ValueError, match="must derive from _ParamScheduler, got 'fractions"):
        OwnScheduler("fractions.Fraction")
    with pytest.raises(ValueError, match="must be False for Halving, which has no build_iter"):
        OwnScheduler(Halving, convert_to_iter_based=True)
    own = OwnScheduler(StepLR, {"step_size": 2}, convert_to_iter_based=True)
    with pytest.raises(ValueError, match="when epochs have no known length, got True"):
        own.bind(RunLength.of_epochs(3, None))

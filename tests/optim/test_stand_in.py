from types import SimpleNamespace

import pytest

from mmlight.optim.driver import ScheduleDriver, walk
from mmlight.optim.schedule import RunLength
from mmlight.optim.stand_in import StandInRunner


def build(run: RunLength) -> tuple[ScheduleDriver, StandInRunner]:
    driver = ScheduleDriver(SimpleNamespace(param_groups=[{"lr": 1.0}]), [], run)
    return driver, StandInRunner(driver)


def test_counts_as_the_driver_does_when_by_epoch() -> None:
    driver, runner = build(RunLength.of_epochs(3, 4))
    seen = [(runner.epoch, runner.iter, runner.inner_iter) for _ in walk(driver, 3, 4)]
    assert seen == [(at // 4, at, at % 4) for at in range(12)]
    assert (runner.max_epochs, runner.max_iters, len(runner.data_loader)) == (3, 12, 4)
    assert runner.optimizer is driver.optimizer
    assert len(runner.train_dataloader) == 4


def test_counts_passes_when_by_iteration() -> None:
    driver, runner = build(RunLength.of_iterations(9, 4))
    seen = [(runner.epoch, runner.inner_iter) for _ in walk(driver, 1, 9)]
    assert seen == [(0, 0)] * 5 + [(1, 0)] * 4  # mmcv reads the number before it takes a batch
    assert (runner.max_epochs, runner.max_iters) == (None, 9)


def test_tells_what_there_is_when_asked_for_more() -> None:
    _, runner = build(RunLength.of_epochs(3, None))
    with pytest.raises(AttributeError, match=r"no runner\.model; it has optimizer, epoch, iter"):
        _ = runner.model
    with pytest.raises(
        ValueError, match="length of an epoch must be known to a schedule, got None"
    ):
        _ = runner.data_loader


def test_asks_the_runner_of_the_run_when_there_is_one() -> None:
    driver, _ = build(RunLength.of_epochs(3, 4))
    runner = StandInRunner(driver, SimpleNamespace(rank=3, epoch=99))
    assert (runner.rank, runner.epoch) == (3, 0)

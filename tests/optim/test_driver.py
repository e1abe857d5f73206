import copy
from itertools import islice
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmlight.optim.cyclic_policies import CyclicPolicy
from mmlight.optim.cyclic_recursions import CosineRestartLR
from mmlight.optim.driver import ScheduleDriver, simulate, walk
from mmlight.optim.policies import CosineAnnealingPolicy, PolyPolicy, StepPolicy
from mmlight.optim.recursions import (
    CosineAnnealingLR,
    LinearLR,
    MultiStepLR,
    PolyLR,
)
from mmlight.optim.schedule import Group, RunLength, Schedule

EPOCHS, EPOCH_LENGTH = 5, 4
RUN = RunLength.of_epochs(EPOCHS, EPOCH_LENGTH)
SCHEDULES: list[list[Schedule]] = [
    [StepPolicy(step=[2, 3], warmup="linear", warmup_iters=9)],
    [CosineAnnealingPolicy(min_lr=0.0, warmup="exp", warmup_iters=2, warmup_by_epoch=True)],
    [PolyPolicy(by_epoch=False)],
    [CyclicPolicy(cyclic_times=2, gamma=0.5)],
    [LinearLR(start_factor=0.1, by_epoch=False, end=7), MultiStepLR([1, 3])],
    [LinearLR(end=2, convert_to_iter_based=True), CosineAnnealingLR(begin=2)],
    [PolyLR(eta_min=0.1, by_epoch=False), CosineRestartLR([2, 3], [1, 0.5], eta_min=0.0)],
]
schedules = st.sampled_from(SCHEDULES)


def build(schedules: list[Schedule], groups: list[Group], run: RunLength = RUN) -> ScheduleDriver:
    return ScheduleDriver(SimpleNamespace(param_groups=groups), schedules, run)


@given(schedules, st.lists(st.floats(1e-4, 10), min_size=1, max_size=4))
def test_simulates_each_group_when_there_are_several(
    schedules: list[Schedule], bases: list[float]
) -> None:
    groups: list[Group] = [{"lr": base} for base in bases]
    driver = build(schedules, groups)
    driver.start()
    batches = walk(driver, EPOCHS, EPOCH_LENGTH)
    rates = [[group["lr"] for group in groups] for _ in batches]
    for base, column in zip(bases, zip(*rates, strict=True), strict=True):
        assert list(column) == simulate(schedules, base, EPOCHS, EPOCH_LENGTH)


@given(schedules, st.integers(0, EPOCHS))
def test_continues_exactly_when_stopped_after_any_epoch(
    schedules: list[Schedule], done: int
) -> None:
    groups: list[Group] = [{"lr": 0.5}]
    driver = build(schedules, groups)
    driver.start()
    rates = [groups[0]["lr"] for _ in walk(driver, done, EPOCH_LENGTH)]
    saved, state = copy.deepcopy(groups), driver.state_dict()
    resumed = build(schedules, saved)
    resumed.load_state_dict(state)
    rates += [saved[0]["lr"] for _ in walk(resumed, EPOCHS - done, EPOCH_LENGTH)]
    assert rates == simulate(schedules, 0.5, EPOCHS, EPOCH_LENGTH)


@given(schedules, st.integers(0, EPOCHS * EPOCH_LENGTH))
def test_continues_exactly_when_stopped_after_any_batch(
    schedules: list[Schedule], done: int
) -> None:
    groups: list[Group] = [{"lr": 0.5}]
    run = RunLength.of_iterations(EPOCHS * EPOCH_LENGTH, EPOCH_LENGTH)
    schedules = [s for s in schedules if getattr(s, "begin", 0) == 0]
    driver = build(schedules, groups, run)
    driver.start()
    rates = []
    for at in range(EPOCHS * EPOCH_LENGTH):
        if at == done:
            state, groups = driver.state_dict(), copy.deepcopy(groups)
            driver = build(schedules, groups, run)
            driver.load_state_dict(state)
        driver.before_iteration()
        rates.append(groups[0]["lr"])
        driver.after_iteration()
    assert rates == simulate(schedules, 0.5, EPOCHS, EPOCH_LENGTH, by_epoch=False)


@given(schedules, st.floats(0.1, 10))
def test_scales_when_the_initial_rate_scales(schedules: list[Schedule], factor: float) -> None:
    if any(getattr(s, "min_lr", 0) or getattr(s, "eta_min", 0) for s in schedules):
        return  # an absolute floor does not scale
    one = simulate(schedules, 1.0, EPOCHS, EPOCH_LENGTH)
    scaled = simulate(schedules, factor, EPOCHS, EPOCH_LENGTH)
    assert scaled == pytest.approx([factor * rate for rate in one], rel=1e-9, abs=1e-12)


def test_counts_batches_and_epochs_when_walked() -> None:
    driver = build([], [{"lr": 1.0}])
    assert list(walk(driver, 2, 3)) == list(range(6))
    assert driver.state_dict() == {"iteration": 6, "epoch": 2, "schedules": []}


def test_has_no_epochs_when_the_run_is_by_iteration() -> None:
    driver = build([StepPolicy(step=1)], [{"lr": 1.0}], RunLength.of_iterations(6, 3))
    assert list(walk(driver, 2, 3)) == list(range(6))
    assert driver.state_dict() == {"iteration": 6, "epoch": 0, "schedules": [{}]}


def test_sees_new_groups_when_the_optimizer_replaces_them() -> None:
    optimizer = SimpleNamespace(param_groups=[{"lr": 1.0}])
    driver = ScheduleDriver(optimizer, [StepPolicy(step=1, gamma=0.5)], RUN)
    driver.start()
    optimizer.param_groups = copy.deepcopy(optimizer.param_groups)
    rates: list[Any] = [optimizer.param_groups[0]["lr"] for _ in islice(walk(driver, 2, 1), 2)]
    assert rates == [1.0, 0.5]

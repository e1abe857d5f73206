import pytest

from mmlight.optim.schedule import RunLength, Schedule, read_value, write_value


def test_counts_batches_when_the_run_is_by_epoch() -> None:
    assert RunLength.of_epochs(3, 7) == RunLength(7, 3, 21)
    assert RunLength.of_epochs(3, None) == RunLength(None, 3, None)


def test_is_one_epoch_when_the_run_is_by_iteration() -> None:
    assert RunLength.of_iterations(21, 7) == RunLength(7, 1, 21, by_epoch=False)


def test_writes_the_first_beta_when_there_is_no_momentum() -> None:
    group = {"lr": 0.1, "betas": (0.9, 0.99)}
    write_value(group, "momentum", 0.5)
    assert group == {"lr": 0.1, "betas": (0.5, 0.99)}
    assert read_value(group, "momentum") == 0.5


def test_writes_momentum_when_there_are_betas_too() -> None:
    group = {"momentum": 0.9, "betas": (0.8, 0.99)}
    write_value(group, "momentum", 0.5)
    assert group == {"momentum": 0.5, "betas": (0.8, 0.99)}


def test_names_the_options_when_one_is_missing() -> None:
    with pytest.raises(ValueError, match="got 'momentum'; it has lr, weight_decay"):
        read_value({"params": [], "lr": 0.1, "weight_decay": 0.0}, "momentum")


def test_remembers_the_first_value_when_started_twice() -> None:
    groups = [{"lr": 0.1}]
    schedule = Schedule().bind(RunLength())
    schedule.start(groups)
    groups[0]["lr"] = 0.5
    schedule.start(groups)
    assert groups == [{"lr": 0.5, "initial_lr": 0.1}]


def test_changes_nothing_when_a_schedule_defines_no_event() -> None:
    groups = [{"lr": 0.1}]
    schedule = Schedule()
    schedule.before_epoch(groups, epoch=0)
    schedule.before_iteration(groups, epoch=0, iteration=0)
    schedule.after_iteration(groups, done=1)
    schedule.after_epoch(groups, done=1)
    assert groups == [{"lr": 0.1}]

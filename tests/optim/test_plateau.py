from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmlight.optim.plateau import ReduceOnPlateau
from mmlight.optim.schedule import Group, RunLength

RUN = RunLength.of_epochs(20, 3)


def follow(metrics: list[float], groups: list[Group] | None = None, **options: Any) -> list[float]:
    """Return the rate after each validation."""
    groups = [{"lr": 1.0}] if groups is None else groups
    schedule = ReduceOnPlateau("score", **options).bind(RUN)
    schedule.start(groups)
    rates = []
    for epoch, metric in enumerate(metrics, start=1):
        schedule.after_validation(groups, {"score": metric}, epochs=epoch)
        rates.append(groups[0]["lr"])
    return rates


def test_waits_for_the_patience_when_nothing_gets_better() -> None:
    assert follow([3, 2, 2, 2, 2, 2], patience=1, factor=0.5) == [1, 1, 1, 0.5, 0.5, 0.25]


def test_starts_to_count_again_when_the_metric_gets_better() -> None:
    assert follow([3, 3, 2, 2, 1, 1], patience=1, factor=0.5) == [1] * 6


def test_ignores_validations_when_it_cools_down() -> None:
    rates = follow([1] * 6, patience=0, factor=0.5, cooldown=2)
    assert rates == [1, 0.5, 0.5, 0.5, 0.25, 0.25]


def test_keeps_to_the_bound_of_each_group() -> None:
    groups = [{"lr": 1.0}, {"lr": 0.3}]
    follow([1] * 5, groups, patience=0, factor=0.5, min_value=[0.4, 0.0])
    assert [group["lr"] for group in groups] == [0.4, 0.3 / 16]


def test_keeps_base_settings_to_the_bound_of_the_last_group() -> None:
    groups: list[Group] = [{"lr": 1.0, "params": []}, {"lr": 0.3, "params": []}]
    groups.append({"lr": 1.0, "params": torch.zeros(1)})  # as an OptimWrapper has them
    follow([1] * 5, groups, patience=0, factor=0.5, min_value=[0.4, 0.2])
    assert [group["lr"] for group in groups] == [0.4, 0.2, 0.2]


def test_leaves_the_value_when_the_change_were_too_small() -> None:
    assert follow([1] * 3, patience=0, factor=0.99, eps=0.02) == [1, 1, 1]


def test_counts_only_between_begin_and_end() -> None:
    rates = follow([1] * 6, patience=0, factor=0.5, begin=3, end=5)
    assert rates == [1, 1, 1, 0.5, 0.5, 0.5]
    assert ReduceOnPlateau("score").bind(RUN).end == 20


@given(st.lists(st.floats(0, 1), min_size=2, max_size=12), st.data())
def test_goes_on_exactly_when_resumed_anywhere(metrics: list[float], data: Any) -> None:
    options: dict[str, Any] = {"patience": 1, "factor": 0.5, "cooldown": 1, "rule": "greater"}
    groups: list[Group] = [{"lr": 1.0}]
    schedule = ReduceOnPlateau("score", **options).bind(RUN)
    schedule.start(groups)
    at = data.draw(st.integers(0, len(metrics) - 1))
    rates = []
    for epoch, metric in enumerate(metrics):
        if epoch == at:
            state = schedule.state_dict()
            schedule = ReduceOnPlateau("score", **options).bind(RUN)
            schedule.load_state_dict(state)
        schedule.after_validation(groups, {"score": metric}, epochs=epoch + 1)
        rates.append(groups[0]["lr"])
    assert rates == follow(metrics, **options)


def test_does_not_share_its_counters_when_bound_twice() -> None:
    schedule = ReduceOnPlateau("score", patience=5)
    bound = schedule.bind(RUN)
    bound.start([{"lr": 1.0}])
    bound.after_validation([{"lr": 1.0}], {"score": 3.0}, epochs=1)
    assert (bound.best, schedule.best) == (3.0, 1e9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rule": "min"}, "rule must be 'less' or 'greater', got 'min'"),
        ({"factor": 1.0}, "factor must be below 1, got 1.0"),
        ({"threshold": -0.1}, "threshold must not be negative, got -0.1"),
        ({"threshold_rule": "both"}, "threshold_rule must be 'rel' or 'abs', got 'both'"),
        ({"by_epoch": False}, "by_epoch must be True for a schedule of validations, got False"),
    ],
)
def test_refuses_when_an_argument_makes_no_sense(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ReduceOnPlateau("score", **options)


def test_refuses_when_it_does_not_fit_the_run() -> None:
    with pytest.raises(ValueError, match="got begin=20 and end=20"):
        ReduceOnPlateau("score", begin=20).bind(RUN)
    schedule = ReduceOnPlateau("score", min_value=[0.1, 0.2]).bind(RUN)
    with pytest.raises(ValueError, match=r"for each of the 1 parameter groups, got \[0.1, 0.2\]"):
        schedule.start([{"lr": 1.0}])


def test_names_the_metrics_when_its_own_is_missing() -> None:
    schedule = ReduceOnPlateau("loss").bind(RUN)
    with pytest.raises(ValueError, match=r"of the validation \(acc, f1\), got 'loss'"):
        schedule.after_validation([{"lr": 1.0}], {"acc": 1, "f1": 2}, epochs=1)

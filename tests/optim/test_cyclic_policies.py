from typing import Any

import pytest

from mmlight.optim.cyclic_policies import (
    CosineRestartPolicy,
    CyclicPolicy,
    OneCyclePolicy,
    check_share,
    get_curve,
    one_cycle,
)
from mmlight.optim.driver import simulate
from mmlight.optim.schedule import RunLength


def test_starts_again_when_a_period_is_over() -> None:
    policy = CosineRestartPolicy(periods=[2, 2], restart_weights=[1, 0.5], min_lr=0.0)
    assert simulate([policy], 1.0, 4, 1) == pytest.approx([1, 0.5, 0.5, 0.25])


def test_refuses_when_periods_do_not_fit() -> None:
    policy = CosineRestartPolicy(periods=[3], min_lr=0.0)
    with pytest.raises(ValueError, match=r"periods must cover the run of 4, got \[3\]"):
        policy.bind(RunLength.of_epochs(4, 1))
    with pytest.raises(ValueError, match=r"one entry per period, got \[1.0\] for \[3, 4\]"):
        CosineRestartPolicy(periods=[3, 4], min_lr=0.0)


def test_turns_around_when_a_cycle_is_linear() -> None:
    policy = CyclicPolicy(
        target_ratio=(3, 1), step_ratio_up=0.5, cyclic_times=2, anneal_strategy="linear"
    )
    assert simulate([policy], 1.0, 1, 8) == [1, 2, 3, 2, 1, 2, 3, 2]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by_epoch": True}, "by_epoch must be False for a cyclic policy, got True"),
        ({"cyclic_times": 0}, "cyclic_times must be positive, got 0"),
        ({"gamma": 0}, r"gamma must be in \(0, 1\], got 0"),
        ({"step_ratio_up": 1}, r"step_ratio_up must be in \[0, 1\), got 1"),
        ({"target_ratio": (1, 2, 3)}, r"one or two numbers, got \(1, 2, 3\)"),
        ({"anneal_strategy": "exp"}, "must be 'cos' or 'linear', got 'exp'"),
    ],
)
def test_refuses_when_a_cycle_makes_no_sense(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CyclicPolicy(**options)


def test_refuses_when_cycles_are_more_than_iterations() -> None:
    with pytest.raises(ValueError, match="at most 6, the iterations of the run, got 7"):
        CyclicPolicy(cyclic_times=7).bind(RunLength.of_epochs(2, 3))


def test_peaks_at_the_maximum_when_one_cycle_turns() -> None:
    policy = OneCyclePolicy(max_lr=1.0, pct_start=0.5, anneal_strategy="linear", div_factor=5)
    rates = simulate([policy], 123.0, 1, 10)
    assert rates[0] == pytest.approx(0.2)
    assert max(rates) == rates[4] == pytest.approx(1.0)
    assert rates[-1] == pytest.approx(0.2e-4)


def test_refuses_when_one_cycle_is_shorter_than_the_run() -> None:
    with pytest.raises(ValueError, match="total_steps must be at least 20, got 10"):
        OneCyclePolicy(max_lr=1.0, total_steps=10).bind(RunLength.of_epochs(4, 5))
    with pytest.raises(ValueError, match="by_epoch must be False"):
        OneCyclePolicy(max_lr=1.0, by_epoch=True)


def test_has_three_phases_when_asked_for() -> None:
    phases = one_cycle(1.0, 2.0, 0.5, 10, 0.2, three_phase=True)
    assert phases == [(1.0, 1.0, 2.0), (2.0, 2.0, 1.0), (9, 1.0, 0.5)]


def test_refuses_when_a_share_is_out_of_range() -> None:
    check_share("pct_start", 1)
    with pytest.raises(ValueError, match=r"pct_start must be in \[0, 1\], got 1.1"):
        check_share("pct_start", 1.1)


def test_finds_the_curve_when_it_is_named() -> None:
    assert get_curve("linear")(0.0, 2.0, 0.5) == 1.0

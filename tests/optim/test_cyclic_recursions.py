from typing import Any

import pytest

from mmlight.optim.cyclic_recursions import CosineRestartLR, OneCycleLR
from mmlight.optim.driver import simulate
from mmlight.optim.schedule import RunLength


def test_starts_again_when_a_period_is_over() -> None:
    schedule = CosineRestartLR(periods=[2, 2], restart_weights=[1, 0.5], eta_min=0.0)
    assert simulate([schedule], 1.0, 6, 1) == pytest.approx([1, 0.5, 0.5, 0.25, 0.25, 0.25])


def test_stretches_periods_when_converted() -> None:
    epochs = CosineRestartLR(
        periods=[2, 4], restart_weights=[1, 1], eta_min_ratio=0.1, convert_to_iter_based=True
    )
    iterations = CosineRestartLR(
        periods=[6, 12], restart_weights=[1, 1], eta_min_ratio=0.1, by_epoch=False
    )
    assert simulate([epochs], 1.0, 6, 3) == simulate([iterations], 1.0, 6, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"periods": [1]}, "eta_min or eta_min_ratio must be None, got None and None"),
        ({"periods": [], "eta_min": 0.0}, r"periods must be positive, one or more, got \[\]"),
        ({"periods": [1, 0], "eta_min": 0.0}, r"periods must be positive, .* got \[1, 0\]"),
        ({"periods": [1, 2], "eta_min": 0.0}, r"must have 2 entries, got \[1.0\]"),
    ],
)
def test_refuses_when_restarts_make_no_sense(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CosineRestartLR(**options)


def test_replaces_the_initial_value_when_one_cycle_starts() -> None:
    schedule = OneCycleLR(eta_max=1.0, pct_start=0.5, anneal_strategy="linear", by_epoch=False)
    rates = simulate([schedule], 123.0, 2, 5)
    assert rates[0] == pytest.approx(1 / 25)
    assert max(rates) == rates[4] == pytest.approx(1.0)
    assert rates[-1] == pytest.approx(1 / 25 / 1e4)


@pytest.mark.parametrize(
    ("span", "needed"), [({}, 19), ({"begin": 5}, 14), ({"end": 10**9}, 19), ({"end": 12}, 11)]
)
def test_refuses_when_one_cycle_is_shorter_than_its_steps(
    span: dict[str, Any], needed: int
) -> None:
    run = RunLength.of_epochs(4, 5)
    OneCycleLR(1.0, needed, by_epoch=False, **span).bind(run)
    with pytest.raises(ValueError, match=f"must be at least {needed}, got {needed - 1}"):
        OneCycleLR(1.0, needed - 1, by_epoch=False, **span).bind(run)


def test_stretches_the_cycle_when_converted() -> None:
    epochs = OneCycleLR(eta_max=1.0, total_steps=4, convert_to_iter_based=True)
    iterations = OneCycleLR(eta_max=1.0, total_steps=20, by_epoch=False)
    assert simulate([epochs], 1.0, 4, 5) == simulate([iterations], 1.0, 4, 5)

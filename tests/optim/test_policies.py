from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmlight.optim.driver import simulate
from mmlight.optim.policies import (
    CosineAnnealingCooldownPolicy,
    CosineAnnealingPolicy,
    ExpPolicy,
    FixedPolicy,
    FlatCosineAnnealingPolicy,
    InvPolicy,
    LinearAnnealingPolicy,
    PolyPolicy,
    StepPolicy,
)
from mmlight.optim.schedule import RunLength

BY_ITERATION: dict[str, Any] = {"by_epoch": False}


def test_keeps_the_rate_when_fixed() -> None:
    assert simulate([FixedPolicy()], 0.5, 2, 2) == [0.5] * 4


@pytest.mark.parametrize("step", [2, [2, 4, 6]])
def test_decays_at_each_step_when_stepping(step: int | list[int]) -> None:
    rates = simulate([StepPolicy(step=step, gamma=0.5, min_lr=0.2)], 1.0, 7, 1)
    assert rates == [1, 1, 0.5, 0.5, 0.25, 0.25, 0.2]


@pytest.mark.parametrize("step", [0, [3, -1]])
def test_refuses_when_a_step_is_not_positive(step: int | list[int]) -> None:
    with pytest.raises(ValueError, match="step must be positive, got"):
        StepPolicy(step=step)


def test_multiplies_at_each_position_when_exponential() -> None:
    assert simulate([ExpPolicy(gamma=0.5, by_epoch=False)], 1.0, 1, 3) == [1, 0.5, 0.25]


def test_is_a_line_when_the_power_is_one() -> None:
    ours = simulate([PolyPolicy(min_lr=0.2, by_epoch=False)], 1.0, 2, 2)
    line = simulate([LinearAnnealingPolicy(min_lr=0.2, by_epoch=False)], 1.0, 2, 2)
    assert ours == pytest.approx(line)
    assert ours == pytest.approx([1, 0.8, 0.6, 0.4])


def test_divides_when_inverse() -> None:
    assert simulate([InvPolicy(gamma=1.0, by_epoch=False)], 6.0, 1, 3) == [6, 3, 2]


@given(st.floats(0.01, 0.9))
def test_equals_the_absolute_target_when_it_is_a_ratio(ratio: float) -> None:
    for cls in (CosineAnnealingPolicy, LinearAnnealingPolicy, FlatCosineAnnealingPolicy):
        relative = simulate([cls(min_lr_ratio=ratio)], 0.5, 5, 1)
        assert relative == simulate([cls(min_lr=0.5 * ratio)], 0.5, 5, 1)


@pytest.mark.parametrize("options", [{}, {"min_lr": 0.1, "min_lr_ratio": 0.2}])
def test_refuses_when_there_is_not_one_target(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="min_lr or min_lr_ratio must be None, got"):
        CosineAnnealingPolicy(**options)


def test_stays_flat_when_the_cosine_begins_later() -> None:
    rates = simulate([FlatCosineAnnealingPolicy(0.5, min_lr=0.0)], 1.0, 4, 1)
    assert rates == pytest.approx([1, 1, 1, 0.5])
    with pytest.raises(ValueError, match=r"start_percent must be in \[0, 1\], got 1.5"):
        FlatCosineAnnealingPolicy(1.5, min_lr=0.0)


def test_stays_cool_when_the_cosine_is_over() -> None:
    rates = simulate([CosineAnnealingCooldownPolicy(min_lr=0.5, cool_down_time=2)], 1.0, 5, 1)
    assert rates == pytest.approx([1, 0.875, 0.625, 0.5, 0.05])
    with pytest.raises(ValueError, match="cool_down_time must leave a part of 10, got all of it"):
        CosineAnnealingCooldownPolicy(min_lr=0.5).bind(RunLength.of_epochs(10, 1))

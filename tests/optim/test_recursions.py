from typing import Any

import pytest

from mmlight.optim.driver import simulate
from mmlight.optim.recursion import Recursion
from mmlight.optim.recursions import (
    ConstantLR,
    CosineAnnealingLR,
    ExponentialLR,
    LinearLR,
    MultiStepLR,
    PolyLR,
    StepLR,
)
from mmlight.optim.schedule import RunLength


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (ConstantLR(factor=0.5, end=3), [0.5, 0.5, 1, 1, 1, 1]),
        (LinearLR(start_factor=0.5, end=3), [0.5, 0.75, 1, 1, 1, 1]),
        (StepLR(step_size=2, gamma=0.5), [1, 1, 0.5, 0.5, 0.25, 0.25]),
        (MultiStepLR(milestones=[1, 3, 3], gamma=0.5), [1, 0.5, 0.5, 0.125, 0.125, 0.125]),
        (ExponentialLR(gamma=0.5, end=4), [1, 0.5, 0.25, 0.125, 0.125, 0.125]),
        (PolyLR(eta_min=0.5), [1, 0.9, 0.8, 0.7, 0.6, 0.5]),
        (CosineAnnealingLR(T_max=2), [1, 0.5, 0, 0.5, 1, 0.5]),
        (CosineAnnealingLR(T_max=2, eta_min_ratio=0.5), [1, 0.75, 0.5, 0.75, 1, 0.75]),
        (CosineAnnealingLR(eta_min=0.5, end=3), [1, 0.875, 0.625, 0.625, 0.625, 0.625]),
    ],
)
def test_gives_the_documented_values_when_stepped(
    schedule: Recursion, expected: list[float]
) -> None:
    assert simulate([schedule], 1.0, 6, 1) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("epochs", "iterations"),
    [
        (StepLR(2, convert_to_iter_based=True), StepLR(6, by_epoch=False)),
        (
            MultiStepLR([1, 3], begin=1, convert_to_iter_based=True),
            MultiStepLR([3, 9], begin=3, by_epoch=False),
        ),
        (
            CosineAnnealingLR(T_max=4, convert_to_iter_based=True),
            CosineAnnealingLR(T_max=12, by_epoch=False),
        ),
        (LinearLR(end=2, convert_to_iter_based=True), LinearLR(end=6, by_epoch=False)),
    ],
)
def test_equals_the_iteration_schedule_when_converted(
    epochs: Recursion, iterations: Recursion
) -> None:
    assert simulate([epochs], 1.0, 6, 3) == simulate([iterations], 1.0, 6, 3)


@pytest.mark.parametrize(
    ("cls", "options", "message"),
    [
        (ConstantLR, {"factor": 0}, r"factor must be in \(0, 1\], got 0"),
        (StepLR, {"step_size": 0}, "step_size must be positive, got 0"),
        (LinearLR, {"start_factor": 0}, r"start_factor must be in \(0, 1\], got 0"),
        (LinearLR, {"end_factor": 1.5}, r"end_factor must be in \[0, 1\], got 1.5"),
        (CosineAnnealingLR, {"eta_min": 0.1, "eta_min_ratio": 0.2}, "None, got 0.1 and 0.2"),
    ],
)
def test_refuses_when_a_number_makes_no_sense(
    cls: type[Recursion], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        cls(**options)


def test_period_is_that_of_the_span_when_it_is_no_whole_number() -> None:
    bound = CosineAnnealingLR(begin=0.5).bind(RunLength.of_epochs(6, 1))
    assert bound.T_max == 5.5  # as in mmengine


def test_schedules_another_option_when_it_is_named() -> None:
    schedule = StepLR(step_size=1, gamma=0.5, param_name="weight_decay")
    options: dict[str, Any] = {"weight_decay": 0.8, "param_name": "weight_decay"}
    assert simulate([schedule], 1.0, 3, 1, **options) == [0.8, 0.4, 0.2]

from typing import Any

import pytest

from mmlight.optim.driver import simulate
from mmlight.optim.momentum_policies import (
    CosineAnnealingMomentumPolicy,
    CyclicMomentumPolicy,
    LinearAnnealingMomentumPolicy,
    OneCycleMomentumPolicy,
    StepMomentumPolicy,
)
from mmlight.optim.schedule import Schedule

OPTIONS: dict[str, Any] = {"param_name": "momentum", "momentum": 0.8}


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (StepMomentumPolicy(step=2, min_momentum=0.3), [0.8, 0.8, 0.4, 0.4]),
        (LinearAnnealingMomentumPolicy(min_momentum=0.4), [0.8, 0.7, 0.6, 0.5]),
        (CosineAnnealingMomentumPolicy(min_momentum_ratio=0.5), [0.8, 0.741421, 0.6, 0.458579]),
        (CyclicMomentumPolicy(target_ratio=(0.5, 1.0), step_ratio_up=0.5), [0.8, 0.6, 0.4, 0.6]),
        (OneCycleMomentumPolicy(pct_start=0.5, anneal_strategy="linear"), [0.95, 0.85, 0.9, 0.95]),
    ],
)
def test_schedules_momentum_and_not_the_rate_when_driven(
    schedule: Schedule, expected: list[float]
) -> None:
    assert simulate([schedule], 0.1, 4, 1, **OPTIONS) == pytest.approx(expected)
    assert simulate([schedule], 0.1, 4, 1, momentum=0.8) == [0.1] * 4


def test_divides_by_nine_tenths_when_warming_up() -> None:
    policy = StepMomentumPolicy(step=9, warmup="constant", warmup_iters=2)
    assert simulate([policy], 0.1, 1, 3, **OPTIONS) == [0.8 / 0.9, 0.8 / 0.9, 0.8]
    policy = StepMomentumPolicy(step=9, warmup="constant", warmup_iters=2, warmup_ratio=0.5)
    assert simulate([policy], 0.1, 1, 3, **OPTIONS) == [1.6, 1.6, 0.8]


def test_refuses_when_one_cycle_is_by_epoch() -> None:
    with pytest.raises(ValueError, match="by_epoch must be False for a cyclic policy, got True"):
        OneCycleMomentumPolicy(by_epoch=True)

"""What they do is compared with mmengine's in tests/reference/test_rates_own.py."""

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from mmlight.compat.param_scheduler import (
    LRSchedulerMixin,
    MomentumSchedulerMixin,
    RuleScheduler,
    _ParamScheduler,
)
from mmlight.optim.recursions import ExponentialLR


class Halving(LRSchedulerMixin, _ParamScheduler):
    def _get_value(self) -> list[float]:
        return [group["lr"] / 2 for group in self.optimizer.param_groups]


class Falling(MomentumSchedulerMixin, RuleScheduler):
    rule = ExponentialLR


def build(**group: Any) -> SimpleNamespace:
    return SimpleNamespace(param_groups=[{"lr": 1.0, **group}])


def test_acts_between_begin_and_end() -> None:
    optimizer = build()
    scheduler = Halving(optimizer, begin=1, end=3)
    rates = []
    for _ in range(4):
        scheduler.step()
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates == [0.5, 0.25, 0.25, 0.25]
    assert (scheduler.last_step, scheduler.get_last_value()) == (1, [0.25])


def test_state_comes_back_when_loaded() -> None:
    one, other = Halving(build()), Halving(build())
    one.step()
    other.load_state_dict(one.state_dict())
    assert other.last_step == 1
    assert "optimizer" not in one.state_dict()


def test_value_is_printed_when_verbose(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        Halving(build(), verbose=True)
    assert "group 0 to 5.0000e-01" in caplog.text


def test_momentum_is_that_of_the_optimizer() -> None:
    sgd, adam = build(momentum=0.8), build(betas=(0.8, 0.9))
    for optimizer in (sgd, adam):
        Falling(optimizer, gamma=0.5).step()
    assert sgd.param_groups[0]["momentum"] == 0.4
    assert adam.param_groups[0]["betas"] == (0.4, 0.9)
    with pytest.raises(ValueError, match="must have momentum or betas"):
        Falling(build(), gamma=0.5)


def test_lengths_are_stretched_when_converted() -> None:
    words = {"optimizer": build(momentum=0.8), "gamma": 0.5, "begin": 1, "end": 3}
    live = Falling.build_iter_from_epoch(epoch_length=5, **words)
    assert (live.begin, live.end, live.by_epoch, live.total_iters) == (5, 15, False, 9)
    assert "inner" not in live.state_dict()


def test_refuses_when_arguments_make_no_sense() -> None:
    with pytest.raises(ValueError, match="got begin=3 and end=3"):
        Halving(build(), begin=3, end=3)
    with pytest.raises(KeyError, match="'initial_lr' must be in each parameter group"):
        Halving(build(), last_step=4)
    with pytest.raises(NotImplementedError):
        _ParamScheduler(build(), "lr")

"""What they do is compared with mmcv's in tests/reference/test_rates_own.py."""

from types import SimpleNamespace

import pytest

from mmlight.compat.lr_updater import (
    CosineAnnealingLrUpdaterHook,
    LrUpdaterHook,
    StepLrUpdaterHook,
    format_param,
    get_position_from_periods,
)


def test_attributes_reach_the_policy_when_set() -> None:
    hook = StepLrUpdaterHook(step=[3], gamma=0.5, warmup="linear", warmup_iters=2)
    assert (hook.step, hook.gamma, hook.warmup_iters) == ([3], 0.5, 2)
    hook.step = [1]
    runner = SimpleNamespace(epoch=1, iter=7)
    assert hook.get_lr(runner, 1.0) == 0.5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"warmup": "cosine"}, "one of constant, linear, exp, got 'cosine'"),
        ({"warmup": "linear"}, "warmup_iters must be positive, got 0"),
        ({"warmup": "linear", "warmup_iters": 1, "warmup_ratio": 2}, r"in \(0, 1\], got 2"),
    ],
)
def test_warmup_is_refused_when_it_makes_no_sense(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LrUpdaterHook(**options)  # type: ignore[arg-type]


def test_arguments_are_refused_as_those_of_the_policy() -> None:
    with pytest.raises(ValueError, match="min_lr or min_lr_ratio must be None, got 0 and 1"):
        CosineAnnealingLrUpdaterHook(min_lr=0, min_lr_ratio=1)


def test_get_lr_must_be_overridden() -> None:
    with pytest.raises(NotImplementedError):
        LrUpdaterHook().get_lr(None, 0.1)


def test_values_are_refused_when_they_do_not_fit() -> None:
    with pytest.raises(ValueError, match=r"must lie in a period \[3, 5\], got 5"):
        get_position_from_periods(5, [3, 5])
    with pytest.raises(ValueError, match="SGD must get 1 values, got 2"):
        format_param("SGD", SimpleNamespace(param_groups=[{}]), [1, 2])

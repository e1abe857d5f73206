from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmlight.optim.driver import simulate
from mmlight.optim.policies import CosineAnnealingPolicy, FixedPolicy
from mmlight.optim.schedule import RunLength


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"warmup": "cosine", "warmup_iters": 1}, "one of constant, linear, exp, got 'cosine'"),
        ({"warmup": "linear"}, "warmup_iters must be positive, got 0"),
        ({"warmup": "exp", "warmup_iters": 1, "warmup_ratio": 1.5}, r"in \(0, 1\], got 1.5"),
        ({"warmup": "exp", "warmup_iters": 1, "warmup_ratio": 0}, r"in \(0, 1\], got 0"),
    ],
)
def test_refuses_when_a_warm_up_makes_no_sense(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FixedPolicy(**options)


@given(
    st.sampled_from(["constant", "linear", "exp"]),
    st.integers(1, 30),
    st.floats(0.01, 1),
    st.booleans(),
)
def test_reaches_the_regular_rate_when_warm_up_ends(
    kind: str, length: int, ratio: float, by_epoch: bool
) -> None:
    options: dict[str, Any] = {"min_lr": 0.01, "by_epoch": by_epoch}
    warmup = {"warmup": kind, "warmup_iters": length, "warmup_ratio": ratio}
    regular = simulate([CosineAnnealingPolicy(**options)], 0.5, 6, 7)
    warm = simulate([CosineAnnealingPolicy(**options, **warmup)], 0.5, 6, 7)
    assert warm[length:] == regular[length:]
    assert warm[0] == pytest.approx(regular[0] * ratio)
    assert all(ours <= rate * (1 + 1e-12) for ours, rate in zip(warm, regular, strict=True))


def test_counts_epochs_when_warm_up_is_by_epoch() -> None:
    in_epochs = FixedPolicy(warmup="linear", warmup_iters=2, warmup_by_epoch=True)
    in_iterations = FixedPolicy(warmup="linear", warmup_iters=14)
    assert simulate([in_epochs], 0.5, 6, 7) == simulate([in_iterations], 0.5, 6, 7)
    bound = in_epochs.bind(RunLength.of_epochs(6, 7))
    assert bound.bind(RunLength.of_epochs(6, 7)).warmup_iters == 14  # binding again changes nothing


def test_refuses_when_a_length_is_unknown() -> None:
    policy = CosineAnnealingPolicy(min_lr=0, by_epoch=False)
    with pytest.raises(ValueError, match="max_iters must be known for CosineAnnealingPolicy"):
        policy.bind(RunLength.of_epochs(3, None))
    by_epoch = FixedPolicy(warmup="linear", warmup_iters=2, warmup_by_epoch=True)
    with pytest.raises(ValueError, match="warmup_by_epoch must be False"):
        by_epoch.bind(RunLength.of_epochs(3, None))


def test_leaves_the_description_alone_when_bound() -> None:
    policy = CosineAnnealingPolicy(min_lr=0)
    assert policy.bind(RunLength.of_epochs(3, 5)).length == 3
    assert policy.length == 0


def test_does_nothing_when_a_run_without_epochs_has_a_policy_by_epoch() -> None:
    policy = CosineAnnealingPolicy(min_lr=0, warmup="linear", warmup_iters=3)
    assert simulate([policy], 0.5, 3, 4, by_epoch=False) == [0.5] * 12

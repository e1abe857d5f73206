import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmlight.optim.curves import (
    count_steps,
    get_warmup_factor,
    move_cosine,
    move_linear,
    move_phases,
    next_cosine,
    next_linear,
    next_poly,
    scale_cosine,
)

values = st.floats(1e-6, 10)
shares = st.floats(0, 1)


@given(values, values)
def test_meets_both_ends_when_a_curve_is_followed(start: float, end: float) -> None:
    for curve in (move_cosine, move_linear):
        assert curve(start, end, 0) == pytest.approx(start)
        assert curve(start, end, 1) == pytest.approx(end)


@given(values, values, shares)
def test_stays_between_the_ends_when_on_the_way(start: float, end: float, share: float) -> None:
    low, high = sorted((start, end))
    for curve in (move_cosine, move_linear):
        assert low * (1 - 1e-9) <= curve(start, end, share) <= high * (1 + 1e-9)


@given(st.lists(st.integers(1, 50), max_size=5), st.integers(0, 60))
def test_counts_passed_steps_when_they_are_listed(steps: list[int], position: int) -> None:
    assert count_steps(position, sorted(steps)) == sum(step <= position for step in steps)


@given(st.integers(1, 9), st.integers(0, 60))
def test_counts_whole_periods_when_step_is_a_number(step: int, position: int) -> None:
    assert count_steps(position, step) == position // step


@given(st.sampled_from(["constant", "linear", "exp"]), st.floats(0.01, 1))
def test_begins_at_the_ratio_when_warm_up_begins(kind: str, ratio: float) -> None:
    assert get_warmup_factor(kind, ratio, 0) == pytest.approx(ratio)


@given(st.sampled_from(["linear", "exp"]), st.floats(0.01, 1))
def test_ends_at_one_when_warm_up_ends(kind: str, ratio: float) -> None:
    assert get_warmup_factor(kind, ratio, 1) == 1


def test_goes_on_with_the_last_phase_when_all_are_over() -> None:
    phases = [(2.0, 0.0, 2.0), (4.0, 2.0, 0.0)]
    assert [move_phases(t, phases, move_linear) for t in range(6)] == [0, 1, 2, 1, 0, -1]


@given(values, st.floats(0, 0.5), st.integers(2, 40))
def test_follows_the_closed_form_when_the_cosine_recursion_runs(
    start: float, floor: float, period: int
) -> None:
    value = start
    for t in range(1, 3 * period + 1):
        value = next_cosine(value, start=start, floor=floor, t=t, period=period)
        assert value == pytest.approx(move_cosine(start, floor, t / period), rel=1e-6, abs=1e-9)


@given(values, st.floats(0.01, 1), st.floats(0.01, 1), st.integers(1, 40))
def test_follows_the_line_when_the_linear_recursion_runs(
    start: float, first: float, last: float, length: int
) -> None:
    value = start * first
    for t in range(1, length + 1):
        value = next_linear(value, start=first, end=last, t=t, length=length)
        assert value == pytest.approx(start * move_linear(first, last, t / length))


@given(values, st.floats(0, 0.5), st.floats(0.5, 3), st.integers(1, 40))
def test_follows_the_closed_form_when_the_polynomial_recursion_runs(
    start: float, floor: float, power: float, length: int
) -> None:
    value = start
    for t in range(1, length + 1):
        value = next_poly(value, floor=floor, power=power, t=t, length=length)
        closed = (start - floor) * (1 - t / length) ** power + floor
        assert value == pytest.approx(closed, rel=1e-6, abs=1e-9)


def test_shrinks_to_nothing_when_a_cosine_is_over() -> None:
    assert scale_cosine(4, 4) == 0

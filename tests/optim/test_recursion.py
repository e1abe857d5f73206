import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmlight.optim.driver import simulate
from mmlight.optim.recursion import FOREVER
from mmlight.optim.recursions import ExponentialLR, MultiStepLR
from mmlight.optim.schedule import RunLength

RUN = RunLength.of_epochs(6, 5)


def test_ends_with_the_run_when_no_end_is_given() -> None:
    assert ExponentialLR(0.5).bind(RUN).end == 6
    assert ExponentialLR(0.5, by_epoch=False).bind(RUN).end == 30
    assert ExponentialLR(0.5, convert_to_iter_based=True).bind(RUN).end == 30
    assert ExponentialLR(0.5).bind(RunLength.of_iterations(30)).end == 1
    assert ExponentialLR(0.5, by_epoch=False).bind(RunLength.of_epochs(6, None)).end == FOREVER


def test_keeps_its_end_when_it_never_ends() -> None:
    assert ExponentialLR(0.5, end=FOREVER, convert_to_iter_based=True).bind(RUN).end == FOREVER


def test_counts_from_its_begin_when_it_begins_later() -> None:
    rates = simulate([MultiStepLR([1, 2], gamma=0.5, begin=1, end=4)], 1.0, 6, 1)
    assert rates == [1, 1, 0.5, 0.25, 0.25, 0.25]


def test_refuses_when_it_ends_before_it_begins() -> None:
    with pytest.raises(ValueError, match="got begin=6 and end=6"):
        ExponentialLR(0.5, begin=6).bind(RUN)


def test_refuses_when_there_is_nothing_to_convert() -> None:
    with pytest.raises(ValueError, match="convert_to_iter_based must be False when by_epoch"):
        ExponentialLR(0.5, by_epoch=False, convert_to_iter_based=True)
    with pytest.raises(ValueError, match="when epochs have no known length, got True"):
        ExponentialLR(0.5, convert_to_iter_based=True).bind(RunLength.of_epochs(6, None))


def test_leaves_the_description_alone_when_bound() -> None:
    schedule = MultiStepLR([1, 2], convert_to_iter_based=True)
    bound = schedule.bind(RUN)
    assert list(bound.milestones) == [5, 10]
    assert list(schedule.milestones) == [1, 2]
    assert list(bound.bind(RUN).milestones) == [5, 10]  # binding again changes nothing


@given(st.floats(0.1, 1), st.floats(0.1, 1), st.booleans())
def test_order_does_not_matter_when_both_only_multiply(
    one: float, two: float, by_epoch: bool
) -> None:
    pair = [ExponentialLR(one, by_epoch=by_epoch), MultiStepLR([2, 4], two)]
    rates = simulate(pair, 1.0, 6, 5)
    assert rates == pytest.approx(simulate(pair[::-1], 1.0, 6, 5))

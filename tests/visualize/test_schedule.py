import sys

import pytest

from mmlight.errors import ConfigError
from mmlight.optim.schedule import RunLength
from mmlight.rate_curves import Curve, RateCurves
from mmlight.visualize.schedule import choose_points, draw_curves, draw_line

RATES = [0.1, 0.2, 0.3, 0.4]
FOUND = RateCurves(
    [
        Curve("lr", ("a",), RATES),
        Curve("lr", ("b", "c"), [rate / 10 for rate in RATES]),
        Curve("momentum", ("a", "b", "c"), [0.9] * 4),
    ],
    RunLength.of_epochs(2, 2),
)


def test_draws_each_option_by_itself() -> None:
    figure = draw_curves(FOUND, "a title")
    rate, momentum = figure.axes[:2]
    assert rate.lines[0].get_ydata().tolist() == RATES
    assert [text.get_text() for text in rate.get_legend().get_texts()] == ["lr of a", "lr of b, c"]
    assert (rate.get_ylabel(), momentum.get_ylabel()) == ("lr", "momentum")
    assert momentum.get_legend() is None
    assert figure.get_suptitle() == "a title"
    (epochs,) = rate.child_axes
    assert epochs.get_xlabel() == "epoch"


def test_counts_no_epochs_when_the_run_has_none() -> None:
    figure = draw_curves(RateCurves(FOUND.curves[:1], RunLength.of_iterations(4)))
    assert not figure.axes[0].child_axes


def test_draws_a_part_of_the_points_when_there_are_many() -> None:
    places = choose_points(375_001)
    assert (places[0], places[-1]) == (0, 375_000)
    assert 3000 < len(places) < 4002
    assert choose_points(0) == []


def test_draws_a_line_of_blocks() -> None:
    assert draw_line([0.0] * 50 + [7.0] * 50, width=4) == "▁▁██"
    assert len(draw_line(list(range(1000)), width=60)) == 60


def test_names_the_package_when_matplotlib_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ConfigError, match="matplotlib is not installed") as caught:
        draw_curves(FOUND)
    assert caught.value.next_step.startswith("pip install 'mmlight[plots]'")

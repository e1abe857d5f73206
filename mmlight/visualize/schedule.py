"""Draws the values that schedules give along a run."""

from collections.abc import Sequence
from typing import Any, Final

from mmlight.errors import ConfigError
from mmlight.rate_curves import Curve, RateCurves, label_curves

MAX_POINTS: Final = 4000
"""So many points of a curve are drawn."""
DPI: Final = 110
BARS: Final = "▁▂▃▄▅▆▇█"


def draw_curves(found: RateCurves, title: str = "", size_px: tuple[int, int] = (1100, 600)) -> Any:
    """Draw the curves, one axis for each option.

    Args:
        found: The curves.
        title: What stands above.
        size_px: Width and height of one axis.

    Returns:
        A matplotlib figure.

    Raises:
        ConfigError: If matplotlib is not installed.

    From: mmcls 0.25 `vis_lr.py`, mmpretrain 1.2 `vis_scheduler.py`.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ConfigError(
            "--output",
            "matplotlib is not installed, which draws it",
            next_step="pip install 'mmlight[plots]', or leave -o away for a table.",
        ) from error
    names = list(dict.fromkeys(curve.name for curve in found.curves))
    width, height = size_px
    size = (width / DPI, height * len(names) / DPI)
    figure = Figure(figsize=size, layout="constrained", dpi=DPI)
    many = figure.subplots(len(names), squeeze=False, sharex=True)[:, 0]
    labelled = list(zip(label_curves(found.curves), found.curves, strict=True))
    for axes, name in zip(many, names, strict=True):
        _draw_option(axes, name, [pair for pair in labelled if pair[1].name == name])
    many[-1].set_xlabel("batch")
    _add_epochs(many[0], found)
    figure.suptitle(title)
    return figure


def _draw_option(axes: Any, name: str, curves: Sequence[tuple[str, Curve]]) -> None:
    for label, curve in curves:
        places = choose_points(len(curve.values))
        axes.plot(places, [curve.values[at] for at in places], label=label)
    axes.set(ylabel=name)
    axes.grid(visible=True, alpha=0.3)
    axes.margins(x=0.01)
    if len(curves) > 1:
        axes.legend(fontsize="small")


def _add_epochs(axes: Any, found: RateCurves) -> None:
    """Let an axis above the picture count epochs."""
    length = found.run.epoch_length
    if found.run.by_epoch and length:
        above = axes.secondary_xaxis("top", functions=(lambda x: x / length, lambda x: x * length))
        above.set_xlabel("epoch")


def choose_points(count: int) -> list[int]:
    """Return which of `count` batches are drawn; the first and the last one always.

    Examples:
        >>> choose_points(3)
        [0, 1, 2]
        >>> len(choose_points(100000)) <= MAX_POINTS + 1
        True
    """
    step = -(-count // MAX_POINTS) or 1
    places = list(range(0, count, step))
    return places if not count or places[-1] == count - 1 else [*places, count - 1]


def draw_line(values: Sequence[float], width: int = 60) -> str:
    """Draw a curve as a line of blocks.

    Examples:
        >>> draw_line([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
        '▁▂▃▄▅▆▇█'
        >>> draw_line([0.1, 0.1])
        '▁▁'
    """
    count = min(width, len(values))
    shown = [values[at * len(values) // count] for at in range(count)]
    low, high = min(shown, default=0.0), max(shown, default=0.0)
    scale = (len(BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(BARS[round((value - low) * scale)] for value in shown)

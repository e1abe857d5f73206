"""Turns a position in a run into a number: the arithmetic of all schedules, free of any state.

The order of the operations is part of the contract: each function gives the original's value to the
last bit. Positions count epochs or iterations from 0.
"""

import math
from collections.abc import Callable, Sequence

Curve = Callable[[float, float, float], float]
"""From (value at 0, value at 1, share in [0, 1]) to the value at that share."""


def move_cosine(start: float, end: float, share: float, weight: float = 1.0) -> float:
    """Go from `start` to `end` along half a cosine.

    Args:
        start: Value at share 0, when `weight` is 1.
        end: Value at share 1.
        share: Part of the way that is done, in [0, 1].
        weight: Scales the distance between `start` and `end`.

    Examples:
        >>> move_cosine(1.0, 0.0, 0.5)
        0.5

    From: mmcv 1.7 `annealing_cos`.
    """
    return end + 0.5 * weight * (start - end) * (math.cos(math.pi * share) + 1)


def move_linear(start: float, end: float, share: float) -> float:
    """Go from `start` to `end` along a line.

    Examples:
        >>> move_linear(1.0, 3.0, 0.25)
        1.5

    From: mmcv 1.7 `annealing_linear`.
    """
    return start + (end - start) * share


def move_phases(
    position: float, phases: Sequence[tuple[float, float, float]], curve: Curve
) -> float:
    """Follow several curves, one after the other.

    Args:
        position: Where to evaluate; past the last phase, that phase goes on.
        phases: For each phase its last position, its first value and its last value.
        curve: Shape of every phase.

    From: mmcv 1.7 `OneCycleLrUpdaterHook`, `OneCycleMomentumUpdaterHook`; mmengine 0.10
    `OneCycleLR`.
    """
    begin = 0.0
    for end, first, last in phases[:-1]:
        if position <= end:
            return curve(first, last, (position - begin) / (end - begin))
        begin = end
    end, first, last = phases[-1]
    return curve(first, last, (position - begin) / (end - begin))


def count_steps(position: int, step: int | Sequence[int]) -> int:
    """Count the decays up to a position: every `step`, or once at each position of a list.

    Examples:
        >>> count_steps(7, 3), count_steps(7, [3, 7, 9])
        (2, 2)

    From: mmcv 1.7 `StepLrUpdaterHook`.
    """
    if isinstance(step, int):
        return position // step
    return next((index for index, at in enumerate(step) if position < at), len(step))


def get_warmup_factor(kind: str, ratio: float, share: float) -> float:
    """Return what the regular value is multiplied with during warm-up.

    Args:
        kind: 'constant', 'linear' or 'exp'.
        ratio: Factor at share 0, in (0, 1].
        share: Part of the warm-up that is done, in [0, 1).

    Examples:
        >>> get_warmup_factor("linear", 0.5, 0.5)
        0.75

    From: mmcv 1.7 `LrUpdaterHook`.
    """
    if kind == "constant":
        return ratio
    if kind == "linear":
        return 1 - (1 - share) * (1 - ratio)
    return float(ratio ** (1 - share))


def next_cosine(value: float, *, start: float, floor: float, t: int, period: float) -> float:
    """Return the value after `value`, step `t` >= 1 of a cosine from `start` to `floor` and back.

    The value may have been changed from outside since the last step; the distance to `floor` is
    scaled.

    From: mmengine 0.10 `CosineAnnealingParamScheduler`.
    """
    if (t - 1 - period) % (2 * period) == 0:  # at the floor, where no factor leads away from it
        return value + (start - floor) * (1 - math.cos(math.pi / period)) / 2
    return scale_cosine(t, period) * (value - floor) + floor


def scale_cosine(t: int, period: float) -> float:
    """Return by what the distance to the floor of a cosine shrinks at step `t` >= 1."""
    now = 1 + math.cos(math.pi * t / period)
    return now / (1 + math.cos(math.pi * (t - 1) / period))


def next_linear(value: float, *, start: float, end: float, t: int, length: float) -> float:
    """Return the value after `value`, step `t` >= 1 of `length` between two factors on a line.

    From: mmengine 0.10 `LinearParamScheduler`.
    """
    return value * (1.0 + (end - start) / (length * start + (t - 1) * (end - start)))


def next_poly(value: float, *, floor: float, power: float, t: int, length: float) -> float:
    """Return the value after `value`, step `t` >= 1 of `length` on a polynomial to `floor`.

    From: mmengine 0.10 `PolyParamScheduler`.
    """
    return float((value - floor) * (1 - 1 / (length - t + 1)) ** power + floor)

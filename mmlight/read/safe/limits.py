"""What the safe reading of a config may cost: time, memory and depth, all counted in steps.

A step is one expression, one item made or walked over, or one character made. Whatever grows faster
than the text of the config pays before it happens, so no config can stall or exhaust a machine.
"""

from collections.abc import Iterable
from typing import Any, Final

MAX_STEPS: Final = 1_000_000
"""Steps of one safe reading, bases included; the largest in mmcls and mmpretrain takes 61 000."""
MAX_DEPTH: Final = 80
"""Levels of nested expressions, and of nested values."""
MAX_INTEGER_BITS: Final = 4096
MAX_WIDTH: Final = 1000
"""Characters that a width or a precision in a format can ask for."""

CHEAP: Final = 64
"""Items that one step pays for where C walks over them: when a list moves up, or hashes collide."""

SCALARS: Final = frozenset({type(None), bool, int, float, str})


class NotSafe(ValueError):  # noqa: N818 - the config is at fault, and its reader says so
    """Something that safe reading does not do, or not this often."""


class Budget:
    """The steps that are left for one safe reading.

    Args:
        steps: How many there are.

    Examples:
        >>> budget = Budget(10)
        >>> budget.spend(4)
        >>> budget.left
        6
    """

    def __init__(self, steps: int = MAX_STEPS) -> None:
        self.steps = steps
        self.left = steps

    def spend(self, steps: int) -> None:
        """Take steps away.

        Raises:
            NotSafe: If fewer are left. The budget is overdrawn from then on.
        """
        if steps > self.left:
            self.left = -1
            raise NotSafe(f"it takes more than the limit of {self.steps:,} steps")
        self.left -= steps

    def spend_on(self, value: Any) -> None:
        """Pay for one walk over a value, each shared part as often as it is met.

        Raises:
            NotSafe: If the steps do not suffice, or values nest deeper than `MAX_DEPTH`.
        """
        if type(value) not in SCALARS:
            self.spend(_measure(value, {}, 0)[0])
        elif type(value) is str:
            self.spend(len(value))

    def spend_on_keys(self, items: Iterable[Any]) -> None:
        """Pay for hashing items into one dict or set, where a stranger lets all hashes be equal.

        Those of texts cannot be foretold.

        Raises:
            NotSafe: If the steps do not suffice.
        """
        self.spend(_count_collisions(items))


def _count_collisions(items: Iterable[Any]) -> int:
    others = sum(type(item) is not str for item in items)
    return others * others // CHEAP


def check_scalar(value: Any) -> Any:
    """Return the result of an operator or a function if it is a value that configs can hold.

    Raises:
        NotSafe: If it is a huge integer, or a complex number.
    """
    if type(value) is int and value.bit_length() > MAX_INTEGER_BITS:
        raise NotSafe(f"it makes an integer over the limit of {MAX_INTEGER_BITS} bits")
    if type(value) is complex:
        raise NotSafe("it makes a complex number")
    return value


def _measure(value: Any, seen: dict[int, tuple[int, int]], depth: int) -> tuple[int, int]:
    """Return the expanded size of a value and its height; each object is walked over once."""
    if depth > MAX_DEPTH:
        raise NotSafe(f"its values nest deeper than the limit of {MAX_DEPTH} levels")
    if isinstance(value, str):
        return 1 + len(value), 0
    if isinstance(value, int):
        return 1 + value.bit_length() // 32, 0
    if isinstance(value, range):
        return 1 + max(0, (value.stop - value.start) // value.step + 1), 0
    if not isinstance(value, (dict, list, tuple, set)):
        return 1, 0
    if id(value) not in seen:
        items = [*value, *value.values()] if isinstance(value, dict) else value
        parts = [_measure(item, seen, depth + 1) for item in items]
        height = 1 + max((part[1] for part in parts), default=0)
        hashed = _count_collisions(value) if isinstance(value, (dict, set)) else 0
        seen[id(value)] = 1 + hashed + sum(part[0] for part in parts), height
    size, height = seen[id(value)]
    if depth + height > MAX_DEPTH + 1:
        raise NotSafe(f"its values nest deeper than the limit of {MAX_DEPTH} levels")
    return size, height

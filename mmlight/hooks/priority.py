"""The priorities by which mm orders its hooks; a smaller number runs earlier."""

from enum import IntEnum


class Priority(IntEnum):
    """Named priorities.

    From: mmcv 1.7 and mmengine 0.10 `Priority`.
    """

    HIGHEST = 0
    VERY_HIGH = 10
    HIGH = 30
    ABOVE_NORMAL = 40
    NORMAL = 50
    BELOW_NORMAL = 60
    LOW = 70
    VERY_LOW = 90
    LOWEST = 100


def to_priority(value: int | str) -> int:
    """Turn a name or number into a number.

    Args:
        value: A name of `Priority`, in any case, or a whole number in [0, 100].

    Raises:
        ValueError: If the name is unknown or the number out of range.

    Examples:
        >>> to_priority("very_low"), to_priority(45)
        (90, 45)
    """
    if isinstance(value, str):
        try:
            return int(Priority[value.upper()])
        except KeyError:
            raise ValueError(f"no priority has the name {value!r}") from None
    if not isinstance(value, int) or not 0 <= value <= 100:
        raise ValueError(f"a priority is between 0 and 100, got {value!r}")
    return int(value)

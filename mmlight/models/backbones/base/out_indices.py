"""Turns the `out_indices` of a config into stage numbers."""

from collections.abc import Sequence


def to_out_indices(
    out_indices: int | Sequence[int], count: int, *, first: int = 0
) -> tuple[int, ...]:
    """Return the wanted stages as numbers from the front.

    Args:
        out_indices: One or several; a negative one counts from the end.
        count: Number of stages.
        first: Number of the first stage.

    Raises:
        ValueError: If there is none, or there is no such stage.

    Examples:
        >>> to_out_indices(-1, 4), to_out_indices((0, -1), 4)
        ((3,), (0, 3))
        >>> to_out_indices(-1, 12, first=1)
        (12,)
    """
    given = [out_indices] if isinstance(out_indices, int) else list(out_indices)
    indices = tuple(index + first + count if index < 0 else index for index in given)
    if not indices or not all(first <= index < first + count for index in indices):
        raise ValueError(f"out_indices must be in [{first}, {first + count}), got {out_indices}")
    return indices

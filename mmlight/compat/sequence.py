"""Small questions about sequences, and small changes of them."""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any

Types = type | tuple[type, ...]


def is_str(x: Any) -> bool:
    """Tell whether something is a string."""
    return isinstance(x, str)


def is_seq_of(seq: Any, expected_type: Types, seq_type: Any = None) -> bool:
    """Tell whether something is a sequence, of `seq_type` if given, of items of a type.

    Examples:
        >>> is_seq_of([1, 2], int), is_seq_of([1, 2], int, tuple)
        (True, False)

    From: mmcv 1.7 and mmengine 0.10 `is_seq_of`.
    """
    if not isinstance(seq, Sequence if seq_type is None else seq_type):
        return False
    return all(isinstance(item, expected_type) for item in seq)


def is_list_of(seq: Any, expected_type: Types) -> bool:
    """Tell whether something is a list of items of a type."""
    return is_seq_of(seq, expected_type, list)


def is_tuple_of(seq: Any, expected_type: Types) -> bool:
    """Tell whether something is a tuple of items of a type."""
    return is_seq_of(seq, expected_type, tuple)


def iter_cast(
    inputs: Iterable[Any], dst_type: type, return_type: Callable[..., Any] | None = None
) -> Any:
    """Convert every item; an iterator, or what `return_type` makes of it.

    From: mmcv 1.7 and mmengine 0.10 `iter_cast`.
    """
    if not isinstance(inputs, Iterable):
        raise TypeError(f"inputs must be an iterable, got {inputs!r}")
    if not isinstance(dst_type, type):
        raise TypeError(f"dst_type must be a type, got {dst_type!r}")
    converted = map(dst_type, inputs)
    return converted if return_type is None else return_type(converted)


def list_cast(inputs: Iterable[Any], dst_type: type) -> list[Any]:
    """Convert every item into a list.

    Examples:
        >>> list_cast("12", int)
        [1, 2]
    """
    result: list[Any] = iter_cast(inputs, dst_type, list)
    return result


def tuple_cast(inputs: Iterable[Any], dst_type: type) -> tuple[Any, ...]:
    """Convert every item into a tuple."""
    result: tuple[Any, ...] = iter_cast(inputs, dst_type, tuple)
    return result


def slice_list(in_list: list[Any], lens: int | list[int]) -> list[list[Any]]:
    """Cut a list into parts.

    Args:
        in_list: The list.
        lens: Length of each part, or one length for all.

    Raises:
        ValueError: If the lengths do not add up.

    Examples:
        >>> slice_list([1, 2, 3], [1, 2])
        [[1], [2, 3]]

    From: mmcv 1.7 and mmengine 0.10 `slice_list`.
    """
    if isinstance(lens, int):
        lens = [lens] * (len(in_list) // lens)
    if not isinstance(lens, list):
        raise TypeError(f"lens must be an integer or a list of them, got {lens!r}")
    if sum(lens) != len(in_list):
        raise ValueError(f"lens must add up to {len(in_list)}, got {lens!r}")
    ends = [sum(lens[: index + 1]) for index in range(len(lens))]
    return [in_list[end - length : end] for end, length in zip(ends, lens, strict=True)]


def concat_list(in_list: Iterable[Iterable[Any]]) -> list[Any]:
    """Join lists.

    Examples:
        >>> concat_list([[1], [2, 3]])
        [1, 2, 3]
    """
    return list(chain.from_iterable(in_list))


def to_ntuple(n: int) -> Callable[[Any], Any]:
    """Return a function that repeats a value `n` times; what is iterable stays as it is.

    Examples:
        >>> to_ntuple(3)(1), to_ntuple(3)([1, 2])
        ((1, 1, 1), [1, 2])

    From: mmcv 1.7 and mmengine 0.10 `to_ntuple`.
    """

    def repeat(x: Any) -> Any:
        return x if isinstance(x, Iterable) else (x,) * n

    return repeat


to_1tuple, to_2tuple, to_3tuple, to_4tuple = map(to_ntuple, (1, 2, 3, 4))


def apply_to(data: Any, expr: Callable[[Any], bool], apply_func: Callable[[Any], Any]) -> Any:
    """Apply a function to everything in nested dicts, lists and tuples for which `expr` holds.

    Examples:
        >>> apply_to({"a": [1, "b"]}, lambda x: isinstance(x, int), lambda x: x + 1)
        {'a': [2, 'b']}

    From: mmengine 0.10 `apply_to`.
    """
    if isinstance(data, dict):
        result = type(data)()
        for key, value in data.items():
            result[key] = apply_to(value, expr, apply_func)
        return result
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(apply_to(item, expr, apply_func) for item in data))
    if isinstance(data, tuple | list):
        return type(data)(apply_to(item, expr, apply_func) for item in data)
    return apply_func(data) if expr(data) else data

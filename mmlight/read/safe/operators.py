"""The operators of safe reading: what they cost is paid before they run."""

import ast
import operator
from collections.abc import Callable, Sized
from typing import Any, Final

from mmlight.read.safe.format import format_percent
from mmlight.read.safe.limits import MAX_INTEGER_BITS, Budget, NotSafe, check_scalar

_Operator = Callable[[Any, Any], Any]

OPERATORS: Final[dict[type[ast.operator], tuple[_Operator, _Operator]]] = {
    ast.Add: (operator.add, operator.iadd),
    ast.Sub: (operator.sub, operator.isub),
    ast.Mult: (operator.mul, operator.imul),
    ast.Div: (operator.truediv, operator.itruediv),
    ast.FloorDiv: (operator.floordiv, operator.ifloordiv),
    ast.Mod: (operator.mod, operator.imod),
    ast.Pow: (operator.pow, operator.ipow),
    ast.LShift: (operator.lshift, operator.ilshift),
    ast.RShift: (operator.rshift, operator.irshift),
    ast.BitOr: (operator.or_, operator.ior),
    ast.BitAnd: (operator.and_, operator.iand),
    ast.BitXor: (operator.xor, operator.ixor),
}
"""Each operator as an expression and as an augmented assignment."""

COMPARISONS: Final[dict[type[ast.cmpop], _Operator]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda item, container: item in container,
    ast.NotIn: lambda item, container: item not in container,
}

UNARY: Final[dict[type[ast.unaryop], Callable[[Any], Any]]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Not: operator.not_,
    ast.Invert: operator.invert,
}


def operate(
    budget: Budget, kind: type[ast.operator], left: Any, right: Any, *, in_place: bool = False
) -> Any:
    """Apply a binary operator.

    Args:
        budget: Pays for the items and characters of the result.
        kind: Which operator, as the syntax tree names it.
        left: The value before it.
        right: The value behind it.
        in_place: Do as an augmented assignment does: a list grows and stays the same list.

    Raises:
        NotSafe: If the result is over a limit.

    Examples:
        >>> operate(Budget(), ast.Mult, [0], 3)
        [0, 0, 0]
        >>> operate(Budget(), ast.Pow, 9, 9**9)
        Traceback (most recent call last):
        ...
        mmlight.read.safe.limits.NotSafe: it makes an integer over the limit of 4096 bits
    """
    if kind not in OPERATORS:
        raise NotSafe(f"the operator {kind.__name__} is not read")
    if kind is ast.Mod and type(left) is str:
        return format_percent(budget, left, right)
    _pay(budget, kind, left, right)
    return check_scalar(OPERATORS[kind][in_place](left, right))


def _pay(budget: Budget, kind: type[ast.operator], left: Any, right: Any) -> None:
    """Pay for the result, and refuse the integers that could not even be computed."""
    if isinstance(left, int) and isinstance(right, int):
        bits = abs(left).bit_length() * right if kind is ast.Pow else 0
        if max(bits, right if kind is ast.LShift else 0) > MAX_INTEGER_BITS:
            raise NotSafe(f"it makes an integer over the limit of {MAX_INTEGER_BITS} bits")
    elif kind is ast.Mult:
        sized, times = (left, right) if isinstance(left, Sized) else (right, left)
        if isinstance(sized, Sized) and isinstance(times, int):
            budget.spend(len(sized) * max(0, times))
    elif isinstance(left, (dict, set)):
        budget.spend_on(left)
        budget.spend_on(right)
    else:
        budget.spend(sum(len(value) for value in (left, right) if isinstance(value, Sized)))


def compare(budget: Budget, kind: type[ast.cmpop], left: Any, right: Any) -> Any:
    """Compare two values.

    Examples:
        >>> compare(Budget(), ast.In, 1, [1, 2])
        True
    """
    budget.spend_on(left)
    budget.spend_on(right)
    return COMPARISONS[kind](left, right)

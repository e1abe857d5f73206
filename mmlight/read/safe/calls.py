"""The functions and methods that safe reading calls: pure ones, on values that a config can hold.

No value is a function, so nothing that is called here can call anything else. To add a function:
add it to `FUNCTIONS`, `METHODS` or `IMPORTED`; one whose result can be larger than its arguments
gets a wrapper that takes the budget and pays for the result first.
"""

import ast
import copy
from collections.abc import Callable, Iterable
from typing import Any, Final

from mmlight.read.node import ConfigDict, ConfigList
from mmlight.read.safe.format import format_text
from mmlight.read.safe.limits import CHEAP, MAX_WIDTH, Budget, NotSafe, check_scalar
from mmlight.read.safe.operators import operate
from mmlight.read.written import WrittenDict

_Table = dict[str, Callable[..., Any]]


def _range(budget: Budget, *args: int) -> range:
    made = range(*args)
    budget.spend(max(0, (made.stop - made.start) // made.step + 1))
    return made


def _sum(budget: Budget, items: Iterable[Any], start: Any = 0) -> Any:
    if isinstance(start, str):
        raise TypeError("sum() can't sum strings")
    for item in items:
        start = operate(budget, ast.Add, start, item)
    return start


def _round(_budget: Budget, number: Any, ndigits: Any = None) -> Any:
    if isinstance(ndigits, int) and abs(ndigits) > MAX_WIDTH:
        raise NotSafe(f"it rounds to {ndigits} digits, over the limit of {MAX_WIDTH}")
    return round(number, ndigits)


def _join(budget: Budget, text: str, items: Iterable[str]) -> str:
    items = list(items)
    budget.spend(len(text) * len(items) + sum(map(len, items)))
    return text.join(items)


def _replace(budget: Budget, text: str, old: str, new: str, times: int = -1) -> str:
    budget.spend(len(text) + text.count(old) * len(new))
    return text.replace(old, new, times)


def _free(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a function whose result is no larger than its arguments, which are paid for."""
    return lambda _budget, /, *args, **words: function(*args, **words)


FUNCTIONS: Final[_Table] = {
    **{
        function.__name__: _free(function)
        for function in (len, min, max, int, float, str, bool, abs, sorted, any, all, repr)
    },
    **{kind.__name__: _free(kind) for kind in (list, tuple, set)},
    "enumerate": _free(lambda *args, **words: list(enumerate(*args, **words))),
    "range": _range,
    "reversed": _free(lambda items: list(reversed(items))),
    "round": _round,
    "sum": _sum,
    "zip": _free(lambda *args, strict=False: list(zip(*args, strict=strict))),
}
"""Built-in functions by name; `dict` is read as a display. Iterators become lists."""

IMPORTED: Final[_Table] = {
    "copy.copy": _free(copy.copy),
    "copy.deepcopy": _free(copy.deepcopy),
}
"""Functions that a config may import: the import is noted, not run."""


def _own(names: str) -> _Table:
    """Map names of methods to calls of the method that the owner itself has."""
    return {
        name: lambda _budget, owner, /, *args, _name=name, **words: getattr(owner, _name)(
            *args, **words
        )
        for name in names.split()
    }


_DICT: Final[_Table] = {
    **_own("clear copy get merge pop setdefault update"),
    "items": _free(lambda owner: list(owner.items())),
    "keys": _free(list),
    "values": _free(lambda owner: list(owner.values())),
}
_LIST: Final[_Table] = _own("append clear copy count extend index insert pop remove reverse sort")
_TEXT: Final[_Table] = {
    **_own("capitalize count endswith find index isdigit lower lstrip partition removeprefix"),
    **_own("removesuffix rpartition rsplit rstrip split splitlines startswith strip title upper"),
    "format": format_text,
    "join": _join,
    "replace": _replace,
}
METHODS: Final[dict[type, _Table]] = {
    ConfigDict: _DICT,
    WrittenDict: _DICT,
    dict: _DICT,
    ConfigList: _LIST,
    list: _LIST,
    tuple: _own("count index"),
    set: _own("add discard remove update"),
    str: _TEXT,
}
"""Methods by the exact type of their owner."""

_CHEAP: Final = frozenset({"append", "extend", "get", "insert", "pop", "setdefault", "update"})
"""Methods that do not walk over their owner."""


def _pay_for_keys(budget: Budget, args: list[Any]) -> None:
    for items in args:
        budget.spend_on_keys(items)


def call_function(budget: Budget, name: str, args: list[Any], words: dict[str, Any]) -> Any:
    """Call one of `FUNCTIONS` or `IMPORTED`.

    Examples:
        >>> call_function(Budget(), "sum", [[1, 2]], {})
        3
    """
    function = FUNCTIONS.get(name) or IMPORTED[name]
    budget.spend_on(args)
    budget.spend_on(words)
    if name == "set":
        _pay_for_keys(budget, args)
    return check_scalar(function(budget, *args, **words))


def call_method(
    budget: Budget, owner: Any, name: str, args: list[Any], words: dict[str, Any]
) -> Any:
    """Call one of `METHODS`.

    Raises:
        NotSafe: If the type of the owner has no such method there.

    Examples:
        >>> call_method(Budget(), "a,b", "split", [","], {})
        ['a', 'b']
    """
    methods = METHODS.get(type(owner), {})
    if name not in methods:
        raise NotSafe(f"the method {name!r} of a {type(owner).__name__} is not read")
    if name in _CHEAP:
        budget.spend(len(owner) // CHEAP)
    else:
        budget.spend_on(owner)
    if name == "update":
        _pay_for_keys(budget, args)
    budget.spend_on(args)
    budget.spend_on(words)
    return methods[name](budget, owner, *args, **words)

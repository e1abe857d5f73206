"""Makes the calls of a Spec as far as they can be made, collecting every problem."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

import torch

from mmlight.build import instantiate
from mmlight.check.calls import find_taken, find_target
from mmlight.check.findings import Findings
from mmlight.errors import MMLightError, UnsupportedValueError
from mmlight.spec import Call


class Broken:
    """Stands where something could not be made; the reason is among the findings."""

    def __bool__(self) -> bool:
        return False


BROKEN: Final = Broken()


def construct(value: Any, found: Findings) -> Any:
    """Make the calls inside a value, innermost first; everything else stays.

    Args:
        value: A call, or anything that holds calls; without arguments that a class does not take.
        found: Gets one problem for each call that its class refuses.

    Returns:
        The live value, or `BROKEN` when any part of it could not be made.
    """
    if isinstance(value, Call):
        kwargs = construct(dict(value.kwargs), found)
        return BROKEN if kwargs is BROKEN else _make(replace(value, kwargs=kwargs), found)
    if isinstance(value, Mapping):
        made = {key: construct(item, found) for key, item in value.items()}
        return BROKEN if has_broken(made.values()) else made
    if type(value) in (list, tuple):
        items = [construct(item, found) for item in value]
        return BROKEN if has_broken(items) else type(value)(items)
    return value


def has_broken(values: Iterable[Any]) -> bool:
    """Tell whether something could not be made; compares no values, some define `==` oddly."""
    return any(value is BROKEN for value in values)


def _make(call: Call, found: Findings) -> Any:
    try:
        if any(name not in call.kwargs for name in find_taken(find_target(call)).required):
            return BROKEN  # `find_call_errors` tells that
        try:
            return instantiate(call)
        except (NotImplementedError, RuntimeError) as error:
            if not is_about_meta(error):
                raise
            with torch.device("cpu"):  # a class that computes with its values when it is made
                return instantiate(call)
    except MMLightError as error:
        found.add(error)
    except Exception as error:
        found.add(fails(call, error, doing="be made"))
    return BROKEN


def is_about_meta(error: Exception) -> bool:
    """Tell whether an error says that tensors without values cannot be computed with."""
    return isinstance(error, NotImplementedError) or "meta" in str(error).lower()


def fails(call: Call, error: Exception, *, doing: str) -> UnsupportedValueError:
    """Return the error for something that fails in a way that its class did not foresee."""
    short = call.target.rsplit(".", 1)[-1]
    text = " ".join(str(error).split()).rstrip(".")
    return UnsupportedValueError(
        call.path or call.target,
        f"{short} cannot {doing}: {type(error).__name__}: {text}",
        origin=call.origin or "",
        next_step="Correct its arguments.",
    )

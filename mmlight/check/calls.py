"""Compares every call of a Spec with the signature of its class, building nothing."""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pkgutil import resolve_name
from typing import Any, Final

from mmlight.data.sampler_builder import OFFERED
from mmlight.errors import (
    ConfigError,
    MMLightError,
    UnsupportedValueError,
    list_names,
    nearest_name,
    raise_all,
)
from mmlight.spec import Call, Spec, find_calls

MAX_SHOWN: Final = 100
"""An error shows so many letters of a value."""
FIRST: Final = ("*",)
"""The first argument, whatever its name."""
# builders describe a later call: the argument with its target, and what the builder adds to it
DEFERRED: Final = {
    "mmlight.optim.optimizer.OptimizerBuilder": ("optimizer", ("params",)),
    "mmlight.optim.own_scheduler.OwnScheduler": ("scheduler", ("optimizer",)),
    "mmlight.data.sampler_builder.SamplerBuilder": ("sampler", OFFERED),
    "mmlight.data.named_function.NamedFunction": ("function", FIRST),
}


@dataclass(frozen=True)
class Taken:
    """The arguments that a class takes.

    Args:
        names: Their names.
        required: Those without a default.
        takes_any: Whether it takes others, whose names cannot be known.
    """

    names: tuple[str, ...]
    required: tuple[str, ...]
    takes_any: bool


def find_target(call: Call) -> Callable[..., Any]:
    """Import the class or function of a call.

    Raises:
        ConfigError: If the path leads nowhere.
    """
    try:
        target: Callable[..., Any] = resolve_name(call.target)
    except Exception as error:  # a module of the user may fail in any way
        raise ConfigError(
            call.path or call.target,
            f"{call.target!r} cannot be imported: {error}",
            origin=call.origin or "",
            next_step="Correct the path, install its package, or put its folder on PYTHONPATH.",
        ) from error
    if not callable(target):
        raise ConfigError(
            call.path or call.target,
            f"{call.target!r} is no class, it is {target!r}",
            origin=call.origin or "",
            next_step="Name a class or a function.",
        )
    return target


def check_calls(spec: Spec) -> None:
    """Compare the arguments of every call with the signature of its class, building nothing.

    Raises:
        ConfigError: If one target or argument is unknown, or a required argument is missing.
        ConfigErrors: If several are.
    """
    raise_all(find_call_errors(spec))


def find_call_errors(spec: Spec) -> list[MMLightError]:
    """Return what `check_calls` would raise."""
    errors: list[MMLightError] = []
    for call, added in _calls_and_added(spec):
        try:
            taken = find_taken(find_target(call))
            added = taken.names[:1] if added == FIRST else added
            errors += _check_arguments(call, taken, added)
        except ConfigError as error:
            errors.append(error)
    return errors


def _calls_and_added(spec: Spec) -> Iterator[tuple[Call, tuple[str, ...]]]:
    """Yield every call, and every later call, with the names of the arguments added to it."""
    for call in find_calls([spec.model, spec.data, spec.callbacks]):
        yield call, ()
        if call.target in DEFERRED:
            key, added = DEFERRED[call.target]
            target, options = call.kwargs[key], call.kwargs.get("options") or {}
            yield replace(call, target=target, kwargs=options), added


def _show(value: Any) -> str:
    """Return a value for an error, classes by their names.

    Examples:
        >>> _show([Call("a.Resize", {"scale": 32}), "x"])
        "[Resize(...), 'x']"
    """
    if isinstance(value, Call):
        return f"{value.target.rpartition('.')[2]}(...)"
    is_list = isinstance(value, list | tuple)
    text = f"[{', '.join(map(_show, value))}]" if is_list else repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]} ..."


def _check_arguments(call: Call, taken: Taken, added: tuple[str, ...]) -> Iterator[MMLightError]:
    short = call.target.rsplit(".", 1)[-1]
    known = [name for name in taken.names if name not in added]
    for key in _find_wrong(call.kwargs, taken):
        yield UnsupportedValueError(
            call.path_of(key),
            f"{short} takes no argument {key!r}, got {_show(call.kwargs[key])}",
            origin=call.origins.get(key) or call.origin or "",
            expected=list_names(known),
            nearest=nearest_name(key, known),
            next_step="Correct the name or remove the argument.",
        )
    for name in taken.required:
        if name not in call.kwargs and name not in added:
            yield UnsupportedValueError(
                f"{call.path}.{name}",
                f"{short} needs the argument {name!r}",
                origin=call.origin or "",
                next_step=f"Add {name}=...",
            )


def _find_wrong(kwargs: Mapping[str, Any], taken: Taken) -> list[str]:
    return [] if taken.takes_any else [key for key in kwargs if key not in taken.names]


def mend_calls(value: Any) -> Any:
    """Return a value whose calls have only arguments that their classes take.

    A misspelt argument gets its likely name, any other wrong one is left out: so what has been
    refused can be examined further.
    """
    if isinstance(value, Call):
        return _mend_call(value)
    if isinstance(value, Mapping):
        return {key: mend_calls(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(mend_calls(item) for item in value)
    return value


def _mend_call(call: Call) -> Call:
    kwargs = {key: mend_calls(item) for key, item in call.kwargs.items()}
    try:
        kwargs = _mend_arguments(kwargs, find_taken(find_target(call)))
        if call.target in DEFERRED:
            later = replace(call, target=kwargs[DEFERRED[call.target][0]])
            options = kwargs.get("options") or {}
            kwargs["options"] = _mend_arguments(options, find_taken(find_target(later)))
    except ConfigError:
        pass  # it cannot be imported, so it will not be built
    return replace(call, kwargs=kwargs)


def _mend_arguments(kwargs: Mapping[str, Any], taken: Taken) -> dict[str, Any]:
    wrong = _find_wrong(kwargs, taken)
    mended = {key: value for key, value in kwargs.items() if key not in wrong}
    for key in wrong:
        for meant in get_close_matches(key, taken.names, n=1, cutoff=0.8):
            mended.setdefault(meant, kwargs[key])
    return mended


# -------------------------------------------------------------------------- signatures


def find_taken(target: Callable[..., Any]) -> Taken:
    """Return the arguments of a class or function.

    Where a class hands its `**kwargs` on to its base by `super().__init__(..., **kwargs)`, those of
    the base count as well.
    """
    try:
        parameters = inspect.signature(target).parameters
    except (TypeError, ValueError):  # written in C
        return Taken((), (), takes_any=True)
    kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    own = [p for p in parameters.values() if p.kind not in kinds]
    required = tuple(p.name for p in own if p.default is inspect.Parameter.empty)
    names = [p.name for p in own]
    takes_any = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())
    for owner in _classes_with_init(target) if takes_any else []:
        init = inspect.signature(owner.__init__).parameters
        names += [p.name for p in list(init.values())[1:] if p.kind not in kinds]
        passed_on = next((p.name for p in init.values() if p.kind is kinds[0]), None)
        if passed_on is None:
            takes_any = False
            break
        if not _hands_on(owner, passed_on):
            break
    return Taken(tuple(dict.fromkeys(names)), required, takes_any)


def _classes_with_init(target: Callable[..., Any]) -> list[Any]:
    bases = inspect.getmro(target) if inspect.isclass(target) else ()
    return [base for base in bases if "__init__" in vars(base) and base is not object]


def _hands_on(owner: type, name: str) -> bool:
    """Tell whether `__init__` gives its `**name` to its base and takes nothing out of it."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(owner.__init__)))  # type: ignore[misc]
    except (OSError, TypeError, SyntaxError):
        return False
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    handed = [
        call
        for call in calls
        if any(word.arg is None and ast.unparse(word.value) == name for word in call.keywords)
    ]
    takes_out = any(ast.unparse(call.func) == f"{name}.pop" for call in calls)
    to_base = [call for call in handed if ast.unparse(call.func) == "super().__init__"]
    return len(handed) == len(to_base) == 1 and not takes_out

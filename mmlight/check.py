"""Compares a Spec with the classes that it names, before and after they are built."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from pkgutil import resolve_name
from typing import Any, Final

from mmlight.errors import (
    ConfigError,
    MMLightError,
    UnsupportedValueError,
    list_names,
    nearest_name,
    raise_all,
)
from mmlight.module import ImageClassifier
from mmlight.spec import Call, Spec, find_calls

# builders describe a later call: the argument with its target, and what the builder adds to it
DEFERRED: Final = {
    "mmlight.optim.optimizer.OptimizerBuilder": ("optimizer", "params"),
    "mmlight.data.sampler_builder.SamplerBuilder": ("sampler", "dataset"),
}


def find_target(call: Call) -> Callable[..., Any]:
    """Import the class or function of a call.

    Raises:
        ConfigError: If the path leads nowhere.
    """
    try:
        target: Callable[..., Any] = resolve_name(call.target)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(
            call.path or call.target,
            f"{call.target!r} cannot be imported: {error}",
            origin=call.origin or "",
            next_step="Correct the path, or install the package that has it.",
        ) from error
    return target


def check_calls(spec: Spec) -> None:
    """Compare the arguments of every call with the signature of its class, building nothing.

    Raises:
        ConfigError: If one target or argument is unknown, or a required argument is missing.
        ConfigErrors: If several are.
    """
    errors: list[MMLightError] = []
    for call, added in _calls_and_added(spec):
        try:
            errors += _check_arguments(call, inspect.signature(find_target(call)), added)
        except ConfigError as error:
            errors.append(error)
    raise_all(errors)


def _calls_and_added(spec: Spec) -> Iterator[tuple[Call, tuple[str, ...]]]:
    """Yield every call, and every later call, with the names of the arguments added to it."""
    for call in find_calls([spec.model, spec.data, spec.callbacks]):
        yield call, ()
        if call.target in DEFERRED:
            key, added = DEFERRED[call.target]
            target, options = call.kwargs[key], call.kwargs.get("options") or {}
            yield replace(call, target=target, kwargs=options), (added,)


def _check_arguments(
    call: Call, signature: inspect.Signature, added: tuple[str, ...]
) -> Iterator[MMLightError]:
    parameters = signature.parameters
    names = [n for n, p in parameters.items() if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    short = call.target.rsplit(".", 1)[-1]
    for key in call.kwargs:
        if key not in names and not takes_any:
            yield UnsupportedValueError(
                f"{call.path}.{key}",
                f"{short} takes no argument {key!r}, got {call.kwargs[key]!r}",
                origin=call.origins.get(key) or call.origin or "",
                expected=list_names(n for n in names if n not in added),
                nearest=nearest_name(key, names),
                next_step="Correct the name or remove the argument.",
            )
    for name in names:
        required = parameters[name].default is inspect.Parameter.empty
        if required and name not in call.kwargs and name not in added:
            yield UnsupportedValueError(
                f"{call.path}.{name}",
                f"{short} needs the argument {name!r}",
                origin=call.origin or "",
                next_step=f"Add {name}=...",
            )


def check_classes(model: ImageClassifier, spec: Spec) -> None:
    """Compare the number of classes of a model with the class names of its data.

    Args:
        model: What the Spec describes, with `classes` of its data.
        spec: Where the model comes from, for the error text.

    Raises:
        UnsupportedValueError: If both are known and differ.

    From: mmcls 0.25 and mmpretrain 1.2 `ClassNumCheckHook`.
    """
    ours, theirs = model.num_classes, len(model.classes)
    if ours and theirs and ours != theirs:
        head = spec.model.get("head")
        call = head if isinstance(head, Call) and "num_classes" in head.kwargs else None
        call = call or spec.model["backbone"]
        raise UnsupportedValueError(
            f"{call.path}.num_classes",
            f"the model tells {ours} classes apart, the data has {theirs}",
            origin=call.origins.get("num_classes") or call.origin or "",
            expected=f"num_classes={theirs} for {', '.join(model.classes[:3])}, ...",
            next_step=f"Set num_classes={theirs}, or the `classes` of the dataset.",
        )

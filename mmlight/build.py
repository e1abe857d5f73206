"""STAGE 4: turns a Spec into live objects."""

import inspect
import os
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import lightning as L
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import Callback, ModelCheckpoint

from mmlight.datamodule import PipelineDataModule
from mmlight.errors import (
    ConfigError,
    MMLightError,
    UnsupportedValueError,
    list_names,
    nearest_name,
    raise_all,
)
from mmlight.module import ImageClassifier
from mmlight.read.config import Config
from mmlight.spec import Call, Spec

# builders describe a later call: the argument with its target, and what the builder adds to it
DEFERRED = {
    "mmlight.optim.optimizer.OptimizerBuilder": ("optimizer", "params"),
    "mmlight.data.sampler_builder.SamplerBuilder": ("sampler", "dataset"),
}


@dataclass
class Parts:
    """What `build_parts` makes.

    Args:
        model: The classifier.
        data: Its data; None when no loader is described.
        callbacks: The callbacks, in the order in which they run.
        trainer: A Trainer that has those callbacks.
        spec: What they were built from.
    """

    model: ImageClassifier
    data: PipelineDataModule
    callbacks: list[Callback]
    trainer: L.Trainer
    spec: Spec


def build_parts(source: str | Path | Config | Spec, overrides: Any = None) -> Parts:
    """Build the model, the data, the callbacks and the Trainer that a config describes.

    Weights are not initialized yet; `mmlight.run.fit` does that.

    Args:
        source: A config file, a Config or a Spec.
        overrides: `["key=value", ...]` or a mapping, in the words of the config; not with a Spec.

    Raises:
        MMLightError: If the config cannot be read, translated or built; several problems are raised
            together.
    """
    from mmlight.run import read_spec

    spec = read_spec(source, overrides)
    check_calls(spec)
    spec = replace(spec, seed=_choose_seed(spec.seed))
    L.seed_everything(spec.seed, verbose=False)
    errors: list[MMLightError] = []
    model = _build(ImageClassifier, spec.model, "model", errors)
    data = _build(PipelineDataModule, {**spec.data, "seed": spec.seed}, "data", errors)
    callbacks = [_build_or_note(call, errors) for call in spec.callbacks]
    trainer = _build_trainer(spec, callbacks, errors)
    raise_all(errors)
    parts = Parts(model, data, callbacks, trainer, spec)
    model.spec_yaml = spec.to_yaml()
    model.classes = tuple(data.classes or ())
    check_classes(parts)
    return parts


def _choose_seed(seed: int | None) -> int:
    """Return the seed, or a new one; processes that the Trainer starts take that of the first."""
    if seed is not None:
        return seed
    if "LOCAL_RANK" in os.environ and "PL_GLOBAL_SEED" in os.environ:
        return int(os.environ["PL_GLOBAL_SEED"])
    return random.SystemRandom().randrange(2**31)


def instantiate(value: Any) -> Any:
    """Make the calls inside a value, innermost first; everything else stays.

    Raises:
        ConfigError: If a class refuses its arguments.

    Examples:
        >>> instantiate([Call("fractions.Fraction", {"numerator": 1, "denominator": 2})])
        [Fraction(1, 2)]
    """
    if isinstance(value, Call):
        kwargs = {key: instantiate(item) for key, item in value.kwargs.items()}
        try:
            return find_target(value)(**kwargs)
        except MMLightError as error:
            error.origin = error.origin or str(value.origin or "")
            raise
        except (TypeError, ValueError, KeyError) as error:
            text = str(error.args[0] if error.args else error).rstrip(".")
            raise UnsupportedValueError(
                value.path or value.target, text, origin=value.origin or ""
            ) from error
    if isinstance(value, Mapping):
        return {key: instantiate(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(instantiate(item) for item in value)
    return value


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


# -------------------------------------------------------------------------- checks


def check_calls(spec: Spec) -> None:
    """Compare the arguments of every call with the signature of its class, building nothing.

    Raises:
        ConfigError: If one target or argument is unknown, or a required argument is missing.
        ConfigErrors: If several are.
    """
    errors: list[MMLightError] = []
    calls = [*_walk(dict(spec.model)), *_walk(dict(spec.data)), *_walk(list(spec.callbacks))]
    for call, given in calls:
        try:
            errors += _check_arguments(call, inspect.signature(find_target(call)), given)
        except ConfigError as error:
            errors.append(error)
    raise_all(list({str(error): error for error in errors}.values()))


def _walk(value: Any) -> Iterator[tuple[Call, tuple[str, ...]]]:
    """Yield every call inside a value, with the names of the arguments that are added later."""
    if isinstance(value, Call):
        yield value, ()
        if value.target in DEFERRED:
            key, added = DEFERRED[value.target]
            target, options = value.kwargs[key], value.kwargs.get("options") or {}
            yield replace(value, target=target, kwargs=options), (added,)
        yield from _walk(dict(value.kwargs))
    elif isinstance(value, dict):
        for item in value.values():
            yield from _walk(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _walk(item)


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


def check_classes(parts: Parts) -> None:
    """Compare the number of classes of the model with that of the data.

    Raises:
        UnsupportedValueError: If both are known and differ.

    From: mmcls 0.25 and mmpretrain 1.2 `ClassNumCheckHook`.
    """
    ours, theirs = parts.model.num_classes, len(parts.model.classes)
    if ours and theirs and ours != theirs:
        head = parts.spec.model.get("head")
        call = head if isinstance(head, Call) and "num_classes" in head.kwargs else None
        call = call or parts.spec.model["backbone"]
        raise UnsupportedValueError(
            f"{call.path}.num_classes",
            f"the model tells {ours} classes apart, the data has {theirs}",
            origin=call.origins.get("num_classes") or call.origin or "",
            expected=f"num_classes={theirs} for {', '.join(parts.model.classes[:3])}, ...",
            next_step=f"Set num_classes={theirs}, or the `classes` of the dataset.",
        )


# -------------------------------------------------------------------------- builders


def _build(
    target: Callable[..., Any],
    arguments: Mapping[str, Any],
    path: str,
    errors: list[MMLightError],
) -> Any:
    """Build one part; a problem is added to `errors`, one per argument at most."""
    kwargs = {}
    for key, value in arguments.items():
        try:
            kwargs[key] = instantiate(value)
        except MMLightError as error:
            errors.append(error)
    if len(kwargs) < len(arguments):
        return None
    try:
        return target(**kwargs)
    except (TypeError, ValueError) as error:
        errors.append(UnsupportedValueError(path, str(error).rstrip(".")))
        return None


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".")


def _build_or_note(call: Call, errors: list[MMLightError]) -> Any:
    try:
        return instantiate(call)
    except MMLightError as error:
        errors.append(error)
        return None


def _build_trainer(spec: Spec, callbacks: list[Any], errors: list[MMLightError]) -> Any:
    """Build the Trainer, its callbacks in the order of the Spec; Lightning moves savers last."""
    if errors:
        return None
    has_saver = any(isinstance(callback, ModelCheckpoint) for callback in callbacks)
    try:
        options = {key: value for key, value in spec.trainer.items() if value is not None}
        # without a saver of ours Lightning would add one of its own
        options.setdefault("enable_checkpointing", has_saver)
        trainer = L.Trainer(**{**instantiate(options), "callbacks": list(callbacks)})
    except (MisconfigurationException, RuntimeError, TypeError, ValueError) as error:
        errors.append(
            ConfigError(
                "trainer",
                f"the Trainer cannot be made: {_first_line(error)}",
                next_step="Correct the --trainer.* flags; the accelerator cpu always works.",
            )
        )
        return None
    rank = {id(callback): index for index, callback in enumerate(callbacks)}
    trainer.callbacks.sort(key=lambda c: rank.get(id(c), len(rank)))  # type: ignore[attr-defined]
    return trainer

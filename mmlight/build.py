"""STAGE 4: turns a Spec into live objects."""

import logging
import os
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import lightning as L
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import Callback, ModelCheckpoint, ProgressBar
from yaml.representer import RepresenterError

from mmlight.callbacks.announcer import Announcer
from mmlight.callbacks.idle_hooks import drop_idle_hooks
from mmlight.check.calls import check_calls, find_target
from mmlight.check.class_count import check_classes, compare_stages
from mmlight.checkpoints import anchor_paths
from mmlight.datamodule import PipelineDataModule
from mmlight.errors import (
    ConfigError,
    DataError,
    MMLightError,
    UnsupportedValueError,
    raise_all,
)
from mmlight.module import ImageClassifier
from mmlight.quiet import quiet_lightning
from mmlight.read.node import Origin
from mmlight.spec import Call, Spec

_logger = logging.getLogger("mmlight")


@dataclass
class Parts:
    """What `build_spec` makes.

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


def build_spec(spec: Spec) -> Parts:
    """Build the model, the data, the callbacks and the Trainer that a Spec describes.

    Raises:
        MMLightError: If it cannot be built; several problems are raised together.
    """
    check_calls(spec)
    spec = replace(spec, seed=_choose_seed(spec.seed))
    L.seed_everything(spec.seed, verbose=False)
    errors: list[MMLightError] = []
    model = _build(ImageClassifier, spec.model, "model", errors)
    data = _build(PipelineDataModule, {"seed": spec.seed, **spec.data}, "data", errors)
    callbacks = [_build_or_note(call, errors) for call in spec.callbacks]
    trainer = _build_trainer(spec, callbacks, errors)
    raise_all(errors)
    parts = Parts(model, data, callbacks, trainer, spec)
    model.classes = tuple(data.classes or ())
    check_classes(model, spec)
    model.spec_yaml = describe(anchor_paths(spec))
    for callback in callbacks:
        if isinstance(callback, Announcer):
            callback.run = {
                "work_dir": spec.work_dir,
                "config_file": spec.config_file,
                "config_text": spec.config_text,
            }
    for note in spec.notes:
        _logger.info("note: %s", note)
    for difference in compare_stages(data):
        _logger.warning("warning: %s", difference)
    return parts


def build_model(spec: Spec) -> ImageClassifier:
    """Build the model of a Spec alone.

    Raises:
        MMLightError: If it cannot be built; several problems are raised together.
    """
    check_calls(replace(spec, data={}, callbacks=()))
    errors: list[MMLightError] = []
    model: ImageClassifier = _build(ImageClassifier, spec.model, "model", errors)
    raise_all(errors)
    return model


def describe(spec: Spec) -> str:
    """Return a Spec as YAML; nothing when it holds live objects, which YAML cannot tell."""
    try:
        return spec.to_yaml()
    except RepresenterError as error:
        kind = type(error.args[-1]).__name__
        _logger.warning("checkpoints will not describe their run, it holds a live %s", kind)
        return ""


def _choose_seed(seed: int | None) -> int:
    """Return the seed, or a new one; processes that start together take the same."""
    if seed is not None:
        return seed
    if "PL_GLOBAL_SEED" in os.environ and "LOCAL_RANK" in os.environ:
        return int(os.environ["PL_GLOBAL_SEED"])  # a process that the Trainer has started
    if "TORCHELASTIC_RUN_ID" in os.environ:  # a process that torchrun has started
        run = [os.environ.get(key, "") for key in ("TORCHELASTIC_RUN_ID", "MASTER_PORT")]
        return random.Random(" ".join(run)).randrange(2**31)
    return random.SystemRandom().randrange(2**31)


def instantiate(value: Any) -> Any:
    """Make the calls inside a value, innermost first; everything else stays.

    Raises:
        ConfigError: If a class refuses its arguments.
        DataError: If a class cannot open a file.

    Examples:
        >>> instantiate([Call("fractions.Fraction", {"numerator": 1, "denominator": 2})])
        [Fraction(1, 2)]
    """
    if isinstance(value, Call):
        kwargs = {key: instantiate(item) for key, item in value.kwargs.items()}
        try:
            return find_target(value)(**kwargs)
        except MMLightError as error:
            error.origin = error.origin or str(_find_origin(value, error.path) or "")
            raise
        except (TypeError, ValueError, KeyError) as error:
            raise refused_by_class(value, error) from error
        except OSError as error:
            if error.filename is None:
                raise
            raise _unreadable(value, error) from error
    if isinstance(value, Mapping):
        return {key: instantiate(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(instantiate(item) for item in value)
    return value


def _unreadable(call: Call, error: OSError) -> DataError:
    """Tell of a file that a user's class could not open; ours raise `DataError` themselves."""
    file = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else call.path
    return DataError(
        file,
        f"{call.target.rpartition('.')[2]} cannot read it: {error.strerror}",
        origin=_find_origin(call, file) or "",
        next_step="Put the file there, or correct the path in the config.",
    )


def _find_origin(call: Call, file: str) -> Origin | None:
    """Return the line that named a file, or the beginning of its path; else that of the call."""
    for key, value in call.kwargs.items():
        if isinstance(value, str) and value and file.startswith(os.path.expanduser(value)):
            return call.origins.get(key) or call.origin
    return call.origin


def refused_by_class(call: Call, error: Exception) -> UnsupportedValueError:
    """Tell which argument a class refused; our classes begin their texts with its name."""
    text = str(error.args[0] if error.args else error).rstrip(".")
    key = text.split(" ")[0]
    path = call.path or call.target
    if isinstance(error, TypeError):  # it names no argument, so all are told that may be meant
        plain = {k: v for k, v in call.kwargs.items() if isinstance(v, (str, int, float))}
        given = ", ".join(f"{name}={value!r}" for name, value in plain.items())
        with_them = f" with {given}" if given else ""
        text = f"{call.target.rpartition('.')[2]} cannot be made{with_them}: {text}"
    if key not in call.kwargs:
        return UnsupportedValueError(path, text, origin=call.origin or "")
    origin = call.origins.get(key) or call.origin
    return UnsupportedValueError(call.path_of(key), text, origin=origin or "")


# -------------------------------------------------------------------------- the parts


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
        text = str(error).rstrip(".")
        part = arguments.get(text.split(" ")[0])  # our classes begin their texts with its name
        part = part[0] if isinstance(part, list) and part else part
        at = part.path if isinstance(part, Call) else path
        origin = part.origin if isinstance(part, Call) else None
        errors.append(UnsupportedValueError(at or path, text, origin=origin or ""))
        return None


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
    options = {key: value for key, value in spec.trainer.items() if value is not None}
    # the Trainer refuses a callback that a flag switches off
    for flag, kind in (
        ("enable_progress_bar", ProgressBar),
        ("enable_checkpointing", ModelCheckpoint),
    ):
        if options.get(flag) is False or options.get("barebones"):
            callbacks[:] = [c for c in callbacks if not isinstance(c, kind)]
    # without a saver of ours Lightning would add one of its own
    options.setdefault(
        "enable_checkpointing", any(isinstance(c, ModelCheckpoint) for c in callbacks)
    )
    try:
        with quiet_lightning():
            trainer = L.Trainer(**{**instantiate(options), "callbacks": list(callbacks)})
    except (MisconfigurationException, RuntimeError, TypeError, ValueError) as error:
        errors.append(_refused_by_trainer(options, error))
        return None
    drop_idle_hooks(trainer.callbacks)  # type: ignore[attr-defined]
    rank = {id(callback): index for index, callback in enumerate(callbacks)}
    trainer.callbacks.sort(key=lambda c: rank.get(id(c), len(rank)))  # type: ignore[attr-defined]
    return trainer


def _refused_by_trainer(options: Mapping[str, Any], error: Exception) -> ConfigError:
    hardware = ("accelerator", "devices", "num_nodes", "strategy", "precision")
    chosen = ", ".join(f"{key}={options[key]!r}" for key in hardware if key in options)
    reason = str(error).strip().splitlines()[0].rstrip(".!")
    return ConfigError(
        "trainer",
        f"the Trainer refuses {chosen or 'its arguments'}: {reason}",
        next_step="Correct the --trainer.* flags; --trainer.accelerator cpu works everywhere.",
    )

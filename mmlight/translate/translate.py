"""STAGE 3: turns a Config in mmengine words into a Spec.

Every key is translated, or ignored with a note, or refused; all problems are raised together.
"""

import difflib
from dataclasses import dataclass
from typing import Any

from mmlight.errors import MMLightError, raise_all
from mmlight.read.config import OVERRIDE, Config
from mmlight.read.node import ConfigDict, ConfigList, Origin
from mmlight.spec import Spec
from mmlight.translate.data import translate_data, translate_metrics
from mmlight.translate.hooks import translate_hooks
from mmlight.translate.models import translate_model
from mmlight.translate.optim import translate_optimizer, translate_schedules
from mmlight.translate.other_models import find_other_model
from mmlight.translate.runtime import translate_environment, translate_loop, translate_places
from mmlight.translate.section import Report, Section
from mmlight.upgrade.upgrade import NEW_KEYS, OLD_KEYS

# keys that are known but not read by any section
OTHER_KEYS = frozenset({"custom_imports", "model", "data_preprocessor", "custom_hooks", "work_dir"})


@dataclass(frozen=True)
class Translation:
    """What a config means, and what of it cannot be honoured.

    Args:
        spec: The run; parts of it are missing where there are errors.
        errors: Problems, in the order in which they were met.
    """

    spec: Spec
    errors: tuple[MMLightError, ...]


def translate_config(config: Config) -> Spec:
    """Translate a config.

    Args:
        config: In mmengine words; see `upgrade_config`.

    Raises:
        ConfigError: If one thing of the config cannot be translated.
        ConfigErrors: If several cannot.
    """
    translation = try_translate(config)
    raise_all(translation.errors)
    return translation.spec


def try_translate(config: Config) -> Translation:
    """Translate what can be translated, and return the problems beside it."""
    report = Report(notes=list(config.notes))
    top = Section(config.values, "", report)
    other = find_other_model(top)
    if other is not None:
        return Translation(Spec(model={}), (other,))
    places = translate_places(top, config.filename)
    seed, environment = translate_environment(top)
    loop = translate_loop(top)
    network = translate_model(top)
    data = translate_data(top)
    metrics = translate_metrics(top)
    optimizer, precision = translate_optimizer(top)
    callbacks, loggers = translate_hooks(top, loop, translate_schedules(top), places["work_dir"])
    _sort_leftovers(top, config)
    trainer = {
        **loop.trainer_arguments(),
        **environment,
        **precision,
        "logger": loggers or False,
        "num_sanity_val_steps": 0,
        "use_distributed_sampler": False,
        "default_root_dir": places["work_dir"],
    }
    spec = Spec(
        model={**network, **optimizer, **metrics},
        data=data,
        trainer=trainer,
        callbacks=callbacks,
        seed=seed,
        notes=tuple(report.notes),
        **places,
    )
    return Translation(spec, tuple(report.errors))


def _sort_leftovers(top: Section, config: Config) -> None:
    """Tell helper variables and harmless names from keys that were meant to have an effect.

    A name that some statement of the config reads is a helper variable. Of the others, a dict or a
    near miss of a known key is refused; mm would ignore it without a word. So is whatever the
    command line sets and nothing reads.
    """
    known = NEW_KEYS | OLD_KEYS | OTHER_KEYS | top.known
    for key in top.leftover:
        if _is_overridden(top.origin_of(key), top.node[key]):
            _refuse_override(top, key, key in config.names_read)
        elif key in config.names_read or key.startswith("_"):
            top.take(key)
        elif key in OLD_KEYS | {"fp16"}:
            top.ignore("A word of mmcls 0.x; mmpretrain 1.x does not read it.", key)
        elif not (isinstance(top.node[key], dict) or is_near_miss(key, known)):
            top.ignore("Nothing reads this name, as in the original.", key)
    top.finish(known - OLD_KEYS)


def _is_overridden(origin: Origin | None, value: Any) -> bool:
    """Tell whether a value, or something inside it, was set on the command line."""
    if origin is not None and origin.file.startswith(OVERRIDE):
        return True
    if isinstance(value, ConfigDict):
        return any(_is_overridden(value.origin_of(key), item) for key, item in value.items())
    if isinstance(value, ConfigList):
        return any(_is_overridden(value.origin_of(i), item) for i, item in enumerate(value))
    return False


def _refuse_override(top: Section, key: str, is_helper: bool) -> None:
    """Refuse an override that would change nothing: the file has run already."""
    if is_helper:
        top.refuse(
            key,
            f"overriding the helper variable {key!r} changes nothing, the config has run already",
            next_step="Override the keys that were made from it.",
        )


def is_near_miss(key: str, known: frozenset[str]) -> bool:
    """Tell whether a key looks like a misspelt known one.

    Examples:
        >>> is_near_miss("optimzer", frozenset({"optimizer"}))
        True
    """
    return bool(difflib.get_close_matches(key, known, n=1, cutoff=0.8))

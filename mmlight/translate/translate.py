"""STAGE 3: turns a Config in mmengine words into a Spec.

Every key is translated, or ignored with a note, or refused; all problems are raised together.
"""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mmlight.errors import MMLightError, raise_all
from mmlight.read.config import OVERRIDE, Config
from mmlight.read.key_path import note_paths
from mmlight.read.node import ConfigDict, ConfigList, Origin
from mmlight.spec import Note, Spec
from mmlight.translate.data import translate_data
from mmlight.translate.hooks import translate_hooks
from mmlight.translate.log_hooks import translate_loggers
from mmlight.translate.metrics import translate_metrics
from mmlight.translate.models import translate_model
from mmlight.translate.optim import translate_optimizer
from mmlight.translate.other_models import find_other_model
from mmlight.translate.runtime import (
    translate_environment,
    translate_evaluation_loops,
    translate_loop,
    translate_places,
)
from mmlight.translate.schedules import translate_schedules
from mmlight.translate.section import Report, Section
from mmlight.translate.table import OLD_SCOPES
from mmlight.upgrade.upgrade import NEW_KEYS, OLD_KEYS

HELPER = "a helper variable"
# keys that are known but not read by any section
OTHER_KEYS = frozenset({"custom_imports", "model", "data_preprocessor", "custom_hooks", "work_dir"})


@dataclass(frozen=True)
class Translation:
    """What a config means, and what of it cannot be honoured.

    Args:
        spec: The run; parts of it are missing where there are errors.
        errors: Problems, in the order in which they were met.
        priorities: mm's priority of each callback of the Spec, in their order.
        uses: What becomes of the entries that are no arguments of a call.
    """

    spec: Spec
    errors: tuple[MMLightError, ...]
    priorities: tuple[int, ...] = ()
    uses: tuple[Note, ...] = ()


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


def try_translate(
    config: Config, problems: Sequence[MMLightError] = (), *, safe: bool = False
) -> Translation:
    """Translate what can be translated, and return the problems beside it.

    Args:
        config: In mmengine words; see `upgrade_config`.
        problems: What the upgrade has taken out; what is wrong only for that reason is not told.
        safe: Refuse types that are import paths: building such a run calls what they lead to.
    """
    top = Section(note_paths(config.values), "", Report(notes=list(config.notes), safe=safe))
    _take_scope(top)
    other = find_other_model(top)
    if other is not None:
        return Translation(Spec(model={}), (other,))
    spec, priorities = _translate_sections(top, config.filename)
    _sort_leftovers(top, config)
    uses = tuple(note for note in top.report.notes if note.quiet)
    notes = tuple(note for note in top.report.notes if not note.quiet)
    origins = {note.text: note.origin for note in uses if note.is_place}
    errors = (*problems, *_leave_out_sequels(top.report.errors, problems))
    spec = replace(spec, notes=notes, origins=origins)
    return Translation(spec, errors, priorities, uses)


def _take_scope(top: Section) -> None:
    """Read where names are looked up."""
    top.take("custom_imports", to="modules that were imported first")
    scope = top.take("default_scope", top.report.scope, to="names are looked up there first")
    if isinstance(scope, str):
        top.report.scope = scope
    else:
        top.refuse("default_scope", expected="the name of a package, such as 'mmpretrain'")


def _translate_sections(top: Section, filename: str | None) -> tuple[Spec, tuple[int, ...]]:
    """Return the run, and the priorities of its callbacks."""
    places = translate_places(top, filename)
    seed, environment = translate_environment(top)
    loop = translate_loop(top)
    network = {**translate_model(top), **translate_evaluation_loops(top)}
    data = translate_data(top)
    metrics = translate_metrics(top)
    optimizer, precision = translate_optimizer(top)
    entries = translate_hooks(top, loop, translate_schedules(top), places["work_dir"])
    loggers = translate_loggers(top)
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
        callbacks=tuple(call for _, call in entries),
        seed=seed,
        **places,
    )
    return spec, tuple(priority for priority, _ in entries)


def _leave_out_sequels(
    errors: Iterable[MMLightError], problems: Iterable[MMLightError]
) -> list[MMLightError]:
    """Leave out what is wrong where a value, or the type of a dict, was taken out before."""
    places = [problem.path.removesuffix(".type") for problem in problems]
    inside = tuple(f"{place}{mark}" for place in places for mark in ".[")
    return [e for e in errors if e.path not in places and not e.path.startswith(inside)]


def _sort_leftovers(top: Section, config: Config) -> None:
    """Tell helper variables and harmless names from keys that were meant to have an effect.

    A name that some statement of the config reads is a helper variable. Of the others, a near miss
    of a known key is refused, and so is whatever the command line sets. The rest has no effect in
    mm either: in a file that mm has dumped, no statement reads `img_norm_cfg` any more.
    """
    known = NEW_KEYS | OLD_KEYS | OTHER_KEYS | top.known
    for key in top.leftover:
        if _is_overridden(top.origin_of(key), top.node[key]):
            _refuse_override(top, key, key in config.names_read)
        elif key in config.names_read or key.startswith("_"):
            top.take(key, to=HELPER)
        elif key in OLD_KEYS | {"fp16"}:
            top.ignore("A word of mmcls 0.x; mmpretrain 1.x does not read it.", key)
        elif not is_near_miss(key, known):
            top.ignore("Nothing reads this name, as in the original.", key)
    top.finish(known - (NEW_KEYS if top.report.scope in OLD_SCOPES else OLD_KEYS))


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

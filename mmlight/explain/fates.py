"""Finds what becomes of each entry of a config: the translation, read backwards."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from mmlight.errors import ConfigErrors, MMLightError
from mmlight.explain.helper_names import find_users, list_files
from mmlight.read.config import Config
from mmlight.read.custom_imports import import_custom_modules
from mmlight.spec import Call, Note, Spec
from mmlight.translate.translate import HELPER, Translation, try_translate
from mmlight.upgrade.upgrade import is_old, try_upgrade

Kind = Literal[
    "call", "argument", "used", "helper", "note", "ignored", "refused", "unset", "taken", "open"
]

BUILDERS: Final = {
    "mmlight.optim.optimizer.OptimizerBuilder": "optimizer",
    "mmlight.data.sampler_builder.SamplerBuilder": "sampler",
    "mmlight.data.named_function.NamedFunction": "function",
}
"""Calls that describe a later one in their `options`, with the argument that names its class."""


@dataclass(frozen=True)
class Fate:
    """What became of an entry, or one of several things.

    Args:
        kind: 'call' (a class to instantiate), 'argument' (of such a class), 'used' (it has its
            effect elsewhere), 'helper' (a variable of the file), 'note' (something worth knowing
            besides), 'ignored' (with the reason),
            'refused' (with the problem), 'unset' (None, as if it were not there), 'taken' (words of
            0.x that went into the call around them), 'open' (not read, for a problem beside it).
        text: The class, the argument, the place in the Spec, the reason or the problem.
        place: Where in the Spec it is, for example `trainer.max_epochs`; of an argument, where its
            call is, for example `model.backbone`.
        target: Of a call or argument: import path of the class.
    """

    kind: Kind
    text: str
    place: str = ""
    target: str = ""


@dataclass(frozen=True)
class Fates:
    """What becomes of a config.

    Args:
        by_path: The fates of each key path that has any of its own.
        calls: Every call of the Spec, by place.
        translation: Where they were read off.
        problems: Whatever cannot be honoured; `mmlight fit` would raise these.
        is_old: Whether the config is in 0.x words.
        upgraded: The config in 1.x words.
        helpers: What is told of the top-level names that statements of the files read.
        below: The key paths that have others with fates inside them.
        blocked: The key paths below which a problem stopped the reading.
    """

    by_path: dict[str, list[Fate]]
    calls: dict[str, Call]
    translation: Translation
    problems: tuple[MMLightError, ...]
    is_old: bool
    upgraded: Config
    helpers: dict[str, Fate]
    below: frozenset[str]
    blocked: frozenset[str]

    def argument(self, fate: Fate) -> Any:
        """Return the value that the call of an 'argument' gets."""
        _, arguments = look_through(self.calls[fate.place])
        return arguments.get(fate.text)


def find_fates(config: Config, *, safe: bool = False) -> Fates:
    """Translate a config as a run would, and sort what came out by the user's key paths.

    Problems of stages 2 and 3 are no errors here: they are the fates of their entries. With `safe`,
    types that are import paths are refused.
    """
    problems: list[MMLightError] = []
    try:
        import_custom_modules(config)
    except MMLightError as error:
        problems += error.errors if isinstance(error, ConfigErrors) else [error]
    upgraded, malformed = try_upgrade(config)
    translation = try_translate(upgraded, malformed, safe=safe)
    problems += translation.errors
    calls = dict(_list_calls(translation.spec))
    by_path: dict[str, list[Fate]] = {}
    for path, fate in (
        *_fates_of_calls(calls),
        *_fates_of_notes((*translation.uses, *translation.spec.notes)),
        *((error.path, Fate("refused", error.problem)) for error in problems),
    ):
        fates = by_path.setdefault(path, [])
        if fate.kind == "ignored" and fates:
            fate = replace(fate, kind="note")  # it has an effect all the same
        if fate not in fates:
            fates.append(fate)
    below = frozenset(outer for path in by_path for outer in outer_paths(path))
    return Fates(
        by_path=by_path,
        calls=calls,
        translation=translation,
        problems=tuple(problems),
        is_old=is_old(config),
        upgraded=upgraded,
        helpers=dict(_describe_helpers(config, translation.uses)),
        below=below,
        blocked=frozenset(_find_blocked(translation)),
    )


def _find_blocked(translation: Translation) -> Iterator[str]:
    """Yield the paths whose dict was not read on, for its type is unknown or it is no dict."""
    if not translation.uses:
        yield ""  # a config for another task
    for error in translation.errors:
        yield error.path.removesuffix(".type")


def look_through(call: Call) -> tuple[str, Mapping[str, Any]]:
    """Return the class that a call is about, and its arguments, through builders."""
    if call.target in BUILDERS:
        return call.kwargs[BUILDERS[call.target]], call.kwargs.get("options") or {}
    return call.target, call.kwargs


def _list_calls(spec: Spec) -> Iterator[tuple[str, Call]]:
    """Yield every call with its place; one that stands in two places counts for the first."""
    parts = {"model": spec.model, "data": spec.data, "trainer": spec.trainer}
    seen: set[int] = set()
    for place, call in _walk_calls({**parts, "callbacks": spec.callbacks}, ""):
        if id(call) not in seen:
            seen.add(id(call))
            yield place, call


def _walk_calls(value: Any, place: str) -> Iterator[tuple[str, Call]]:
    if isinstance(value, Call):
        yield place, value
        value = value.kwargs
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _walk_calls(item, f"{place}.{key}" if place else key)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _walk_calls(item, f"{place}[{index}]")


def _fates_of_calls(calls: Mapping[str, Call]) -> Iterator[tuple[str, Fate]]:
    for place, call in calls.items():
        target, _ = look_through(call)
        fate = Fate("call", target, place, target)
        yield call.path, fate
        if call.origin is not None and call.origin.path:
            yield call.origin.path, fate
        for name, origin in call.origins.items():
            if origin is not None and origin.path:
                yield origin.path, Fate("argument", name, place, target)


def _fates_of_notes(notes: tuple[Note, ...]) -> Iterator[tuple[str, Fate]]:
    for note in notes:
        if note.text != HELPER:
            place = note.text if note.is_place else ""
            yield note.path, Fate("used" if note.quiet else "ignored", note.text, place)


def _describe_helpers(config: Config, uses: Iterable[Note]) -> Iterator[tuple[str, Fate]]:
    users = find_users(list_files(config.values))
    for name in {*config.names_read, *(note.path for note in uses if note.text == HELPER)}:
        used_by = f", used by {', '.join(users[name])}" if users.get(name) else ""
        yield name, Fate("helper", HELPER + used_by)


def outer_paths(path: str) -> Iterator[str]:
    """Yield the beginnings of a path that end before a `.` or a `[`.

    Examples:
        >>> list(outer_paths("a[0].b"))
        ['a', 'a[0]']
    """
    for index, char in enumerate(path):
        if char in ".[" and index:
            yield path[:index]

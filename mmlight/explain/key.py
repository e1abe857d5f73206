"""Writes where one value of a config comes from, what it overrode and what it becomes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmlight.errors import ConfigError, nearest_name
from mmlight.explain.fates import Fate, Fates, find_fates
from mmlight.explain.layout import LEFT, WIDTH, join, to_short, wrap
from mmlight.explain.report import MARKS
from mmlight.explain.rows import list_rows
from mmlight.read.config import Config
from mmlight.read.key_path import join_path, list_entries, note_paths, walk
from mmlight.read.merge import split_path
from mmlight.read.node import Origin, known_origin

Entry = tuple[str, Any, Origin | None]
"""Key path, value and origin."""


def explain_key(config: Config, key: str, *, safe: bool = False) -> str:
    """Return where a value comes from, what it overrode and what it becomes, to be printed.

    For a dict or list, all entries in it follow as a tree; an argument that keeps its name in the
    class told above is not told again.

    Args:
        config: As read, overrides included.
        key: Key path in the words of the config: `data.train.pipeline.1.size`, or with `[1]`; for
            a 0.x config in 1.x words as well.
        safe: Tell of types that are import paths as refused, as `--safe` does.

    Raises:
        ConfigError: If the config has no such key.

    Examples:
        >>> print(explain_key(Config({"train_cfg": {"max_epochs": 3}}), "train_cfg.max_epochs"))
        train_cfg.max_epochs = 3
          becomes:  trainer.max_epochs
    """
    fates = find_fates(config, safe=safe)
    entries = list(walk(note_paths(config.values)))
    path, value, origin = _find(key, entries, fates)
    known = {row.path: row.fates for top in list_rows(config, fates) for row in top.walk()}
    inside = list_entries(value)
    lines = [path if inside else f"{path} = {to_short(value, WIDTH)}"]
    lines += _write_origins(origin)
    for fate in _find_fates_of(path, known):
        lines += _label("becomes", describe(fate))
    return "\n".join([*lines, *([""] if inside else ()), *_write_inside(value, path, known)])


def _find(key: str, entries: list[Entry], fates: Fates) -> Entry:
    """Return the entry that a key names."""
    steps = split_path(key)
    for entry in entries:
        if split_path(entry[0]) == steps:
            return entry
    for place, _, origin in walk(fates.upgraded.values) if fates.is_old else ():
        if split_path(place) == steps and origin is not None and origin.path:
            return next(entry for entry in entries if entry[0] == origin.path)
    known = [place for place, _, _ in entries]
    raise ConfigError(
        key,
        "the config has no such key",
        nearest=nearest_name(key, known),
        next_step="Leave out the key to see all of them.",
    )


def _find_fates_of(path: str, known: dict[str, tuple[Fate, ...]]) -> tuple[Fate, ...]:
    """Return what becomes of an entry: its own fates, or those of the nearest entry around it."""
    while path not in known:
        path = path[: max(path.rfind("."), path.rfind("["))]
    return known[path]


def describe(fate: Fate, *, briefly: bool = False) -> str:
    """Say in one line what became of an entry.

    Args:
        fate: What became of it.
        briefly: Leave out the module of a class whose argument it is.

    Examples:
        >>> describe(Fate("argument", "scale", "data.train.dataset.pipeline[0]", "a.b.Resize"))
        'scale of a.b.Resize (data.train.dataset.pipeline[0])'
    """
    if fate.kind == "call":
        return f"{fate.target} ({fate.place})"
    if fate.kind == "argument":
        target = fate.target.rpartition(".")[2] if briefly else fate.target
        return f"{fate.text} of {target} ({fate.place})"
    return MARKS.get(fate.kind, "") + fate.text


def _label(label: str, text: str) -> list[str]:
    """Put a label before a text, as in the texts of errors."""
    first, *further = wrap(text, WIDTH - 12)
    return [f"  {label + ':':<9} {first}", *(" " * 12 + line for line in further)]


def _write_origins(origin: Origin | None) -> Iterator[str]:
    """Yield where the value was set, and what it overrode in turn, with the lines themselves."""
    if origin:
        yield _with_source("  set in:   ", origin)
    for value, where in list_overridden(origin):
        yield _with_source(f"  over:     {to_short(value, 40)}, ", where)


def list_overridden(origin: Origin | None) -> Iterator[tuple[Any, Origin | None]]:
    """Yield the values that an entry had before, the newest first, with their origins."""
    while origin is not None and origin.overrode is not None:
        yield origin.overrode.value, origin.overrode.origin
        origin = origin.overrode.origin


def _with_source(text: str, origin: Origin | None) -> str:
    line = _read_line(origin) if origin else ""
    text = f"{text}{origin or 'Python'}"
    if line and len(text) + 4 + len(line) > WIDTH:
        text = f"{text}\n{' ' * 12}"
        line = line if len(line) < WIDTH - 12 else f"{line[: WIDTH - 15]}..."
        return text + line
    return f"{text}    {line}".rstrip()


def _read_line(origin: Origin) -> str:
    """Return the line that an origin names; empty if there is none."""
    try:
        lines = Path(origin.file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ""
    return lines[origin.line - 1].strip() if 0 < origin.line <= len(lines) else ""


def _write_inside(
    container: Any, path: str, known: dict[str, tuple[Fate, ...]], depth: int = 1
) -> Iterator[str]:
    """Yield the lines of the entries inside the one that was asked for."""
    told = {fate.place for fate in known.get(path, ()) if fate.kind == "call"}
    for key, value in list_entries(container):
        place = join_path(path, key)
        name = place[len(path) :].removeprefix(".")
        origin = known_origin(container, key)
        indent = "  " * depth
        label = indent + name
        if _is_shown_whole(value):
            label += to_short(value, LEFT - len(label) - 5, mark=" = ")
        yield from join(label, [str(origin)] if origin else [])
        for old, where in list_overridden(origin):
            label = f"{indent}  over "
            yield from join(label + to_short(old, LEFT - len(label) - 2), [str(where or "Python")])
        for fate in known.get(place, ()):
            if not (fate.place in told and (fate.kind == "call" or fate.text == name)):
                text = f"-> {describe(fate, briefly=True)}"
                yield from (f"{indent}  {line}" for line in wrap(text, WIDTH - 2 * depth - 2))
        if not _is_shown_whole(value):
            yield from _write_inside(value, place, known, depth + 1)


def _is_shown_whole(value: Any) -> bool:
    """Tell whether a value is a leaf, or a list of leaves of which none has been overridden."""
    entries = list_entries(value)
    if isinstance(value, dict) or any(list_entries(item) for _, item in entries):
        return not entries
    origins = [known_origin(value, index) for index, _ in entries]
    return all(origin is None or origin.overrode is None for origin in origins)

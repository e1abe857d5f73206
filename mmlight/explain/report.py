"""Writes what every key of a config becomes: the translation report."""

from collections.abc import Iterable, Iterator

from mmlight.explain.fates import Fate, Fates, find_fates, look_through
from mmlight.explain.layout import LEFT, WIDTH, join, to_short, wrap
from mmlight.explain.rows import Row, list_rows
from mmlight.hooks.priority import Priority
from mmlight.read.config import Config
from mmlight.spec import Call, find_calls, to_data

GENERATIONS = {True: "mmcls 0.x", False: "mmpretrain 1.x"}
MARKS = {"note": "note: ", "ignored": "ignored: ", "refused": "REFUSED: "}


def explain_config(config: Config, *, safe: bool = False) -> str:
    r"""Return the translation report of a config, to be printed.

    Every key is in it: with the class that it becomes and the arguments of that, the Trainer's
    argument, the callback, or why it is ignored or refused. Problems are part of the report. The
    order is that of the config; the callbacks follow in the order in which they run.

    Args:
        config: As read, overrides included.
        safe: Tell of types that are import paths as refused, as `--safe` does.

    Examples:
        >>> config = Config({"model": {"type": "ImageClassifier"}, "author": "me"})
        >>> print("\n".join(explain_config(config).splitlines()[2:5]))
        model
          type = 'ImageClassifier'        mmlight.module.ImageClassifier
        author = 'me'                     ignored: Nothing reads this name, as in the original.
    """
    fates = find_fates(config, safe=safe)
    rows = list_rows(config, fates)
    number = len(fates.problems)
    problems = f", {number} problem{'s' * (number > 1)}" if number else ""
    parts = (
        [f"{config.filename or 'config'}, in the words of {GENERATIONS[fates.is_old]}{problems}"],
        _Tree(rows, fates).write(rows),
        _write_absent(rows, fates),
        _write_callbacks(rows, fates),
        _write_trainer(fates),
    )
    texts = ["\n".join(part) for part in parts]
    return "\n\n".join(text for text in texts if text)


class _Tree:
    """Writes the keys, nested as in the config; arguments stand below the class that takes them."""

    def __init__(self, rows: list[Row], fates: Fates) -> None:
        self.fates = fates
        told = [fate for top in rows for row in top.walk() for fate in row.fates]
        self.given = {(fate.place, fate.text) for fate in told if fate.kind == "argument"}

    def write(self, rows: Iterable[Row], above: tuple[Row, ...] = ()) -> Iterator[str]:
        """Yield the lines of some rows; `above` are those around them."""
        for row in rows:
            folded = [inner for inner in row.inside if self._is_told_above(inner, row)]
            label = "  " * len(above) + row.name
            if not row.inside:
                label += to_short(row.value, LEFT - len(label) - 5, mark=" = ")
            yield from join(label, self._tell(row, folded, above))
            told = {inner.path for inner in folded}
            below = (inner for inner in row.inside if inner.path not in told)
            yield from self.write(below, (*above, row))

    def _is_told_above(self, row: Row, owner: Row) -> bool:
        """Tell whether the lines of the dict around an entry say all about the entry."""
        if row.inside or len(row.fates) != 1:
            return False
        (fate,) = row.fates
        if fate.kind == "open":
            return any(f.kind == "refused" for inner in owner.inside for f in inner.fates)
        places = [other.place for other in owner.fates if other.kind == "call"]
        if fate.kind == "taken":
            return bool(places)
        return fate.kind in ("call", "argument") and fate.place in places

    def _tell(self, row: Row, folded: list[Row], above: tuple[Row, ...]) -> Iterator[str]:
        """Yield what stands to the right of a key."""
        for fate in row.fates:
            if fate.kind == "call":
                yield _name_place(fate.place, row, above) + fate.target
                if self.fates.calls[fate.place].path == row.path:
                    yield from self._tell_arguments(fate, folded)
            elif fate.kind != "argument":
                yield MARKS.get(fate.kind, "") + fate.text
        yield from _tell_places(row)
        for kind, words in (("taken", "with it"), ("open", "not read")):
            names = [inner.name for inner in folded if inner.fates[0].kind == kind]
            if names:
                yield f"  {words}: {', '.join(names)}"

    def _tell_arguments(self, fate: Fate, folded: list[Row]) -> Iterator[str]:
        """Yield the arguments that entries of the dict give, and those that are added to them."""
        given = []
        for row in folded:
            (one,) = row.fates
            if one.kind == "argument" and one.place == fate.place:
                renamed = f" as {one.text}" if one.text != row.name else ""
                given.append(f"{row.name}{to_short(row.value, 32, mark='=')}{renamed}")
        if given:
            yield "  " + ", ".join(given)
        _, arguments = look_through(self.fates.calls[fate.place])
        added = [
            f"{name}{to_short(value, 32, mark='=')}"
            for name, value in arguments.items()
            if (fate.place, name) not in self.given and next(find_calls(value), None) is None
        ]
        if added:
            yield f"  added: {', '.join(added)}"


def _name_place(place: str, row: Row, above: tuple[Row, ...]) -> str:
    """Return where in the Spec a call stands, seen from those around it; empty if that is plain."""
    outer = [fate.place for other in above for fate in other.fates if fate.kind == "call"]
    for prefix in sorted(outer, key=len, reverse=True):
        if place.startswith(f"{prefix}."):
            place = place[len(prefix) + 1 :]
            break
    return "" if f".{row.path}".endswith(f".{place}") else f"{place}: "


def _tell_places(row: Row) -> Iterator[str]:
    """Yield of which calls an entry is an argument, where that is not plain to see."""
    calls = {fate.place for fate in row.fates if fate.kind == "call"}
    places: dict[str, list[str]] = {}
    for fate in row.fates:
        is_plain = (row.inside and fate.text == row.name) or f"{fate.place}.{fate.text}" in calls
        if fate.kind == "argument" and not is_plain:
            places.setdefault(fate.text, []).append(fate.place)
    for name, owners in places.items():
        yield f"{name} of {', '.join(owners)}"


def _list_paths(rows: Iterable[Row]) -> set[str]:
    return {row.path for top in rows for row in top.walk()}


def _write_absent(rows: Iterable[Row], fates: Fates) -> Iterator[str]:
    """Yield the problems with what the config does not have."""
    there = _list_paths(rows)
    absent = [error for error in fates.problems if error.path not in there]
    if absent:
        yield "problems with what is not there"
    for error in absent:
        yield from join(f"  {error.path}", [f"REFUSED: {error.problem}"])


def _write_callbacks(rows: Iterable[Row], fates: Fates) -> Iterator[str]:
    spec, there = fates.translation.spec, _list_paths(rows)
    if spec.callbacks:
        yield "callbacks, in the order in which they run"
    pairs = zip(spec.callbacks, fates.translation.priorities, strict=True)
    for index, (call, priority) in enumerate(pairs):
        sources = list(dict.fromkeys(_list_sources(call, there)))
        origin = f" from {', '.join(sources)}" if sources else ""
        yield from join(f"  [{index}]  {_name_priority(priority)}", [call.target + origin])


def _list_sources(callback: Call, there: set[str]) -> Iterator[str]:
    """Yield the entries of the config that a callback is made of; top-level keys will do."""
    if callback.path in there:
        yield callback.path
        return
    for call in find_calls(callback):
        for origin in (call.origin, *call.origins.values()):
            if origin is not None and origin.path in there:
                yield origin.path.split(".")[0].split("[")[0]


def _name_priority(value: int) -> str:
    names = {int(priority): priority.name for priority in Priority}
    if value in names:
        return f"{names[value]} ({value})"
    return "before all others" if value < 0 else "after all others"


def _write_trainer(fates: Fates) -> Iterator[str]:
    arguments = [
        f"{name}{to_short(to_data(value), 48, mark='=')}"
        for name, value in fates.translation.spec.trainer.items()
    ]
    if arguments:
        yield "arguments of the Trainer"
        yield from wrap("  " + ", ".join(arguments), WIDTH)

"""Turns a config into plain Lightning YAML that trains without it: the way out of mm's words."""

from collections.abc import Iterator, Mapping
from typing import Any

from mmlight.check.calls import DEFERRED
from mmlight.errors import UnsupportedValueError, raise_all
from mmlight.run import Overrides, Source, read_spec
from mmlight.spec import Call, Spec, find_calls

PLAIN = (str, int, float, bool, type(None))
"""Values that YAML can tell; containers of them, too."""


def eject(source: Source, overrides: Overrides = None) -> str:
    """Return the YAML of a config, with what was ignored of it in comments at its head.

    `mmlight fit --config run.yaml` trains it to the same weights. Classes that the config brings
    along (`custom_imports`) are named by their import paths and must stay importable.

    Args:
        source: A config file, a Config or a Spec.
        overrides: `["key=value", ...]` or a mapping, in the words of the config.

    Raises:
        MMLightError: If the config cannot be read or translated, or holds a live object, which no
            text can tell.

    Examples:
        >>> print(eject(Spec(model={"backbone": None})).splitlines()[0])
        # Plain Lightning YAML; mmlight fit --config FILE trains it.
    """
    spec = read_spec(source, overrides)
    live = list(_find_live_objects(spec))
    raise_all([_refuse(path, value, call) for path, value, call in live])
    return "".join(f"# {line}".rstrip() + "\n" for line in _head(spec)) + "\n" + spec.to_yaml()


def _head(spec: Spec) -> Iterator[str]:
    yield "Plain Lightning YAML; mmlight fit --config FILE trains it."
    if spec.config_file:
        yield f"It stands for {spec.config_file}, which is not needed any more."
    if packages := sorted(_find_packages(spec) - {"mmlight", "torch"}):
        found = "found beside this file, where you start, or installed"
        yield f"It needs {', '.join(packages)}, {found}."
    if spec.notes:
        yield ""
        yield "What the config says besides has no effect here, or is worth knowing:"
    for note in spec.notes:
        yield f"- {note}"


def _find_packages(spec: Spec) -> set[str]:
    """Return the top-level packages of everything that the run builds."""
    calls = list(find_calls([spec.model, spec.data, spec.trainer, spec.callbacks]))
    deferred = [call.kwargs[DEFERRED[call.target][0]] for call in calls if call.target in DEFERRED]
    return {target.partition(".")[0] for target in (*(call.target for call in calls), *deferred)}


def _find_live_objects(spec: Spec) -> Iterator[tuple[str, Any, Call | None]]:
    """Yield the path of each value that no text can tell, the value, and the call it goes to."""
    parts = {"model": spec.model, "data": spec.data, "trainer": spec.trainer}
    yield from _walk({**parts, "callbacks": spec.callbacks}, "", None)


def _walk(value: Any, path: str, call: Call | None) -> Iterator[tuple[str, Any, Call | None]]:
    if isinstance(value, Call):
        path, call, value = value.path or path, value, value.kwargs
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _walk(item, f"{path}.{key}".lstrip("."), call)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _walk(item, f"{path}[{index}]", call)
    elif not isinstance(value, PLAIN):
        yield path, value, call


def _refuse(path: str, value: Any, call: Call | None) -> UnsupportedValueError:
    return UnsupportedValueError(
        path,
        f"YAML cannot tell the live object {value!r}"[:200],
        origin=(call.origins.get(path.rpartition(".")[2]) or call.origin or "") if call else "",
        expected="text, numbers, True, False, None, lists and dicts of them",
        next_step="Write it as dict(type='import.path.of.the.class', ...).",
    )

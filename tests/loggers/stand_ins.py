"""Modules that stand for vendors' packages, which are not installed, and note their calls."""

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest


class Recorder:
    """Notes every call of it and of whatever is taken from it.

    Args:
        name: How the calls begin.
        calls: The list of all calls, (name, arguments, named arguments).
    """

    def __init__(self, name: str = "", calls: list[Any] | None = None) -> None:
        self._name = name
        self._calls: list[Any] = [] if calls is None else calls

    def __getattr__(self, name: str) -> "Recorder":
        if name.startswith("__"):
            raise AttributeError(name)
        return Recorder(f"{self._name}.{name}".lstrip("."), self._calls)

    def __getitem__(self, key: str) -> "Recorder":
        return Recorder(f"{self._name}[{key}]", self._calls)

    def __setitem__(self, key: str, value: Any) -> None:
        self._calls.append((f"{self._name}[{key}]", (value,), {}))

    def __call__(self, *args: Any, **kwargs: Any) -> "Recorder":
        self._calls.append((self._name, args, kwargs))
        return Recorder(self._name, self._calls)

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, *_: Any) -> None:
        pass


def stand_in(monkeypatch: pytest.MonkeyPatch, *names: str) -> Recorder:
    """Let modules of these names be imported; the first is the package, whose calls are noted."""
    recorder = Recorder()
    for name in names:
        module = ModuleType(name)
        module.__getattr__ = lambda key: getattr(recorder, key)  # type: ignore[method-assign]
        monkeypatch.setitem(sys.modules, name, module)
    return recorder


def make_view(folder: Any, generation: str = "1.x") -> Any:
    """Return what a logger asks of a runner."""
    log_dir = str(folder / "stamp") if generation == "1.x" else str(folder)
    announcer = SimpleNamespace(generation=generation)
    return SimpleNamespace(
        announcer=announcer, work_dir=str(folder), log_dir=log_dir, model="the model"
    )


def list_calls(recorder: Recorder) -> list[Any]:
    """Return the calls that were noted, and forget them."""
    calls = list(recorder._calls)
    recorder._calls.clear()
    return calls

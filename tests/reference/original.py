"""Runs functions of a test inside a process that has the original packages on its path.

A test writes a plain function with its imports inside; the function travels as source text, its
arguments and its result as pickles. One process serves a whole test session, because importing the
originals takes seconds:

    def theirs(lr):                      # runs beside mmcls 0.25 on mmcv 1.7
        import mmcv
        return mmcv.__version__, lr

    def test_version(mmcls):
        assert mmcls(theirs, 0.1) == ("1.7.2", 0.1)
"""

import inspect
import logging
import os
import pickle
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / ".reference"


class Original:
    """A process that has the packages of one generation, 'mmcls' or 'mmpretrain', on its path."""

    def __init__(self, generation: str) -> None:
        overlay = FOLDER / generation
        if not overlay.is_dir():
            raise FileNotFoundError(f"{overlay} is missing; run 'make reference'")
        self._folder = tempfile.TemporaryDirectory()  # what runners write leaves with the process
        env = {
            **os.environ,
            "PYTHONPATH": str(overlay),
            "PYTHONWARNINGS": "ignore",
            "TMPDIR": self._folder.name,
        }
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env
        )

    def __call__(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run `function` over there and return its result; an exception is raised here as text."""
        source = "from __future__ import annotations\n" + textwrap.dedent(
            inspect.getsource(function)
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        pickle.dump((source, function.__name__, args, kwargs), self._process.stdin)
        self._process.stdin.flush()
        ok, result = pickle.load(self._process.stdout)
        if not ok:
            raise RuntimeError(f"the original raised:\n{result}")
        return result

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()
        self._folder.cleanup()


def serve() -> None:
    """Answer each (source, name, args, kwargs) of stdin by (ok, result) on stdout."""
    import traceback

    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever the originals print must not mix with the answers
    while True:
        try:
            source, name, args, kwargs = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            scope: dict[str, Any] = {}
            exec(compile(source, f"<{name}>", "exec"), scope)
            answer = (True, scope[name](*args, **kwargs))
        except Exception:
            answer = (False, traceback.format_exc())
        forget_runs()
        pickle.dump(answer, answers)
        answers.flush()


def forget_runs() -> None:
    """Let no function find the default scope, loggers or messages of another one's run."""
    logging.disable(logging.NOTSET)
    manager = sys.modules.get("mmengine.utils.manager")
    kinds = [manager.ManagerMixin] if manager else []
    for kind in kinds:
        kinds.extend(kind.__subclasses__())
        kind._instance_dict.clear()


if __name__ == "__main__":
    serve()

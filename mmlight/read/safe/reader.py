"""The core of safe reading: names, errors and what every expression pays.

`mmlight.read.safe.expressions` says how each kind of expression is read.
"""

import ast
from collections.abc import Callable, Iterator
from typing import Any, Final

from mmlight.errors import ConfigError, MMLightError
from mmlight.read.node import Origin
from mmlight.read.safe.limits import MAX_DEPTH, Budget, NotSafe
from mmlight.read.templates import BASE_KEY

ALLOWED = (
    "literals, dicts, lists, tuples, sets, dict(...), arithmetic, comparisons, conditions, names "
    "assigned before, items, keys as attributes, formatted text, comprehensions, and pure "
    "functions and methods such as len() and .copy()"
)
TRUST = "Write it with these, or read the config without --safe if you trust it."
SHOWN = 80
"""Characters of source that an error quotes."""
_Function = Callable[["Reader", Any], Any]

READERS: Final[dict[type[ast.expr], _Function]] = {}
"""How each kind of expression is read; `reads` adds to it."""


def reads(*kinds: type[ast.expr]) -> Callable[[_Function], _Function]:
    """Register a function that evaluates expressions of some kinds."""

    def register(function: _Function) -> _Function:
        for kind in kinds:
            READERS[kind] = function
        return function

    return register


class FollowUp(Exception):  # noqa: N818 - it is no error of its own
    """A name is read whose own statement failed before; that failure is told already."""


class Reader:
    """Reads one config safely.

    Args:
        file: Path that origins and errors name.
        source: Text of the file, for error texts.
        names: What the names of the file stand for; statements add to it.
        budget: Pays for every step.
    """

    def __init__(self, file: str, source: str, names: dict[str, Any], budget: Budget) -> None:
        self.file = file
        self.budget = budget
        self.names = names
        self.imported: dict[str, str] = {}  # dotted path of each imported function or module
        self.inner: list[dict[str, Any]] = []  # the names of comprehensions, inner ones last
        self._depth = 0
        self._lines = source.split("\n")

    def value_of(self, node: ast.expr) -> Any:
        """Evaluate one expression.

        Raises:
            ConfigError: If it is none that can be read safely, is over a limit, or fails.
            FollowUp: If it reads a name whose assignment failed.
        """
        self._depth += 1
        try:
            self.budget.spend(1)
            if self._depth > MAX_DEPTH:
                raise NotSafe(f"it nests deeper than the limit of {MAX_DEPTH} levels")
            if type(node) not in READERS:
                raise NotSafe(f"an expression of the kind {type(node).__name__} is not read")
            return READERS[type(node)](self, node)
        except (MMLightError, FollowUp):
            raise
        except Exception as error:
            raise self.problem(node, error) from error
        finally:
            self._depth -= 1

    def problem(self, node: ast.AST, error: Exception) -> ConfigError:
        """Return what went wrong at a node as an error that tells its line and its text."""
        refused = isinstance(error, NotSafe)
        text = self._text_of(node)
        shown = text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."
        told = (
            f"safe reading refuses {shown!r}" if refused else f"{type(error).__name__} at {shown!r}"
        )
        return ConfigError(
            self.file,
            f"{told}: {error}",
            origin=self.origin(node),
            expected=ALLOWED if refused else "",
            next_step=TRUST if refused else "Correct the line.",
        )

    def _text_of(self, node: ast.AST) -> str:
        """Return the text of a node, in one line; of a long one the beginning."""
        if not isinstance(node, (ast.stmt, ast.expr)) or node.end_lineno is None:
            return ""
        lines = [line.encode() for line in self._lines[node.lineno - 1 : node.end_lineno][:SHOWN]]
        if len(lines) == node.end_lineno - node.lineno + 1:
            lines[-1] = lines[-1][: node.end_col_offset]
        lines[0] = lines[0][node.col_offset :]
        return " ".join(b"\n".join(lines).decode(errors="replace").split())

    def origin(self, node: ast.AST) -> Origin:
        """Return the line of a node."""
        return Origin(self.file, getattr(node, "lineno", 0))

    def walk(self, items: Any) -> Iterator[Any]:
        """Iterate over a container, paying for each item."""
        for item in items:
            self.budget.spend(1)
            yield item

    def key_of(self, node: ast.expr) -> Any:
        """Evaluate what will be hashed or walked over, and pay for that."""
        key = self.value_of(node)
        self.budget.spend_on(key)
        return key

    def bind(self, name: str, value: Any, names: dict[str, Any]) -> None:
        """Give a name to a value."""
        if name.startswith("__") or name == BASE_KEY:
            raise NotSafe(f"the name {name!r} is taken")
        if names is self.names:
            self.imported.pop(name, None)
        names[name] = value

    def find_names(self, name: str) -> dict[str, Any] | None:
        """Return the innermost names among which this one is."""
        return next((names for names in (*self.inner[::-1], self.names) if name in names), None)

"""Every exception that mmlight raises on purpose.

    MMLightError
    ├── ConfigError                a config cannot be read, merged or overridden
    │   ├── UnknownKeyError        a key that nothing reads
    │   ├── UnsupportedTypeError   a `type` that no table and no registry knows
    │   ├── UnsupportedValueError  a known key with a value that cannot be honoured
    │   │   └── UnknownRunnerAttributeError  a hook asks its runner for what is not there
    │   └── RegistryError          a name that is taken, or that no registry knows; also a KeyError
    ├── ImportNameError            what mmlight does not offer of mmcv and its kin; an ImportError
    ├── ConfigErrors               several of the above, reported at once
    ├── DataError                  files on disk that are missing, empty or do not fit the config
    └── WeightsError               a checkpoint that cannot be found, read or matched

The facts are attributes (`path`, `problem`, `origin`, `expected`, `nearest`, `next_step`);
`__str__` makes the text. The command line prints that text and exits with code 2.
"""

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

MAX_NAMES_SHOWN = 40


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """Return the known name closest to `name`, or None when none is close.

    Examples:
        >>> nearest_name("RandomResizeCrop", ["RandomResizedCrop", "CenterCrop"])
        'RandomResizedCrop'
        >>> nearest_name("abc", ["xyz"]) is None
        True
    """
    known = list(known)
    by_lower = {key.lower(): key for key in known}
    if name.lower() in by_lower:
        return by_lower[name.lower()]
    matches = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return matches[0] if matches else None


class MMLightError(Exception):
    """A problem that the user can solve, told in full.

    Args:
        path: What the problem is about: a config key path such as `model.backbone.depth`, or a
            file.
        problem: What is wrong, with the value.
        origin: Where it was set, `file:line`; empty when it was not set in a file.
        expected: The type, range or names that are allowed.
        nearest: The closest allowed name.
        next_step: One imperative sentence: what the user does now.

    Examples:
        >>> print(UnsupportedTypeError("model.neck.type", "unknown type 'GAP'", origin="a.py:3"))
        model.neck.type: unknown type 'GAP'.
          set in:   a.py:3
    """

    def __init__(
        self,
        path: str,
        problem: str,
        *,
        origin: object = "",
        expected: str = "",
        nearest: str | None = None,
        next_step: str = "",
    ) -> None:
        super().__init__(path, problem)
        self.path = path
        self.problem = problem
        self.origin = str(origin) if origin else ""
        self.expected = expected
        self.nearest = nearest
        self.next_step = next_step

    def __str__(self) -> str:
        rows = [
            ("set in:", self.origin),
            ("expected:", self.expected),
            ("nearest:", self.nearest),
            ("next:", self.next_step),
        ]
        lines = [f"{self.path}: {self.problem}."]
        lines += [f"  {label:<9} {text}" for label, text in rows if text]
        return "\n".join(lines)


class ConfigError(MMLightError):
    """A config that cannot be read, merged or overridden."""


class UnknownKeyError(ConfigError):
    """A key that no part of mmlight reads."""


class UnsupportedTypeError(ConfigError):
    """A `type` that no table and no registry knows."""


class UnsupportedValueError(ConfigError):
    """A known key whose value cannot be honoured."""


class UnknownRunnerAttributeError(UnsupportedValueError, AttributeError):
    """A hook asks the runner for something that is not there; `hasattr` takes it for an answer."""


class RegistryError(ConfigError, KeyError):
    """A name that is taken, or that no registry knows."""


class ImportNameError(MMLightError, ModuleNotFoundError):  # type: ignore[misc]
    """A name or module of mmcv, mmcls, ... that has no counterpart here."""


class DataError(MMLightError):
    """Files on disk that are missing, empty or do not fit the config."""


class WeightsError(MMLightError):
    """A checkpoint that cannot be found, read or matched."""


class ConfigErrors(MMLightError):  # noqa: N818 - it is a collection of errors
    """Several problems of one config, reported at once.

    Args:
        errors: At least one problem, in the order of the config.
    """

    def __init__(self, errors: Sequence[MMLightError]) -> None:
        super().__init__(f"{len(errors)} problems", "the config cannot be used")
        self.errors = tuple(errors)

    def __str__(self) -> str:
        texts = [str(error) for error in self.errors]
        return "\n\n".join(texts)


def raise_all(errors: Sequence[MMLightError]) -> None:
    """Raise nothing, the one error, or all of them as `ConfigErrors`.

    What one line of a config brings about several times is told once, and so is a file that several
    lines name.
    """
    told = fold_errors(errors)
    if len(told) == 1:
        raise told[0]
    if told:
        raise ConfigErrors(told)


def fold_errors(errors: Sequence[MMLightError]) -> list[MMLightError]:
    """Leave out repetitions, joining the origins of those that differ in nothing else."""
    first: dict[tuple[str, str], MMLightError] = {}
    for error in errors:
        key = (error.problem, error.origin or error.path)
        first.setdefault(key, error)
    joined: dict[tuple[str, str], MMLightError] = {}
    for error in first.values():
        same = joined.setdefault((error.problem, error.path), error)
        if same is not error:
            same.origin = f"{same.origin}, {error.origin}"
    return list(joined.values())


def list_names(names: Iterable[Any]) -> str:
    """Join names for an error text, the first `MAX_NAMES_SHOWN` in alphabetical order.

    Examples:
        >>> list_names(["b", "a"])
        'one of a, b'
    """
    ordered = sorted(str(name) for name in names)
    shown = ", ".join(ordered[:MAX_NAMES_SHOWN])
    more = len(ordered) - MAX_NAMES_SHOWN
    return f"one of {shown}" + (f" and {more} more" if more > 0 else "")

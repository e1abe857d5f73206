"""Tells of files and folders that are not there, with what is there instead."""

import os
from itertools import islice
from pathlib import Path
from typing import Final

from mmlight.check.findings import Findings
from mmlight.errors import DataError, nearest_name
from mmlight.spec import Call

MAX_LOOKED_AT: Final = 2000
"""So many entries of a folder are compared with a name that is not there."""
MAX_SHOWN: Final = 8


def missing_path(call: Call, key: str, path: str) -> DataError:
    """Return the error for a file or folder that an argument names and that is not there.

    Args:
        call: Whose argument it is.
        key: Name of the argument.
        path: The whole path.
    """
    known, nearest = look_around(path)
    return DataError(
        f"{call.path}.{key}",
        f"{path!r} is missing",
        origin=call.origins.get(key) or call.origin or "",
        expected=known,
        nearest=nearest,
        next_step=f"Put the data there, or correct {key}; it starts at {os.getcwd()}.",
    )


def look_around(path: str) -> tuple[str, str | None]:
    """Say what lies where a path ends to exist, and the nearest path that exists.

    Examples:
        >>> look_around(__file__ + "x")[1] == __file__
        True
    """
    missing = Path(path)
    while not missing.parent.is_dir() and missing.parent != missing:
        missing = missing.parent
    try:
        entries = [entry.name for entry in islice(missing.parent.iterdir(), MAX_LOOKED_AT)]
    except OSError:
        return f"{missing.parent} to be readable", None
    names = sorted(name for name in entries if not name.startswith("."))
    more = " ..." if len(names) > MAX_SHOWN else ""
    known = f"{missing.name!r} in {missing.parent}, which has " + (
        ", ".join(names[:MAX_SHOWN]) or "nothing"
    )
    nearest = nearest_name(missing.name, names)
    return known + more, str(missing.parent / nearest) if nearest else None


def add_missing(found: Findings, error: DataError) -> None:
    """Add a missing path; one that is missed already gets a further origin only."""
    same = next((e for e in found.errors if e.problem == error.problem), None)
    if same is None:
        found.add(error)
    elif error.origin and error.origin not in same.origin.split(", "):
        same.origin = ", ".join(filter(None, (same.origin, error.origin)))

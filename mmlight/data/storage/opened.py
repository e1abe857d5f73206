"""Keeps connections and files open, once per process.

A connection that a forked process inherits is shared with its parent: answers get mixed up, and
fsspec's event loop has no thread there. So whatever is open is opened anew by each process.
"""

import os
import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

T = TypeVar("T")

_opened: dict[Hashable, Any] = {}  # (process, what is open)
_inherited: list[Any] = []  # kept, since what they do when they are dropped may touch the parent's
_locks = [threading.RLock()]


def open_once(
    key: Hashable, open_it: Callable[[], T], leave: Callable[[T], Any] = _inherited.append
) -> T:
    """Return what `open_it` returned for this key in this process, calling it the first time.

    Args:
        key: What is opened, with all that matters for how.
        open_it: Opens it.
        leave: Takes leave of what a fork has inherited, before it is opened anew.

    Examples:
        >>> open_once("a", list) is open_once("a", list)
        True
    """
    found = _opened.get(key)
    if found is not None and found[0] == os.getpid():
        return cast(T, found[1])
    with _locks[0]:
        found = _opened.get(key)
        if found is None or found[0] != os.getpid():
            if found is not None:
                leave(found[1])
            _opened[key] = found = (os.getpid(), open_it())
    return cast(T, found[1])


def _renew_lock() -> None:
    """Replace a lock that another thread of the parent may have held."""
    _locks[0] = threading.RLock()


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(after_in_child=_renew_lock)

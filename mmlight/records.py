"""Keeps what the logger `mmlight` says before a run has a file for it."""

import logging
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

RUN_LOGGER: Final = logging.getLogger("mmlight")
MOST: Final = 1000
"""So many messages are kept."""


class _Keeper(logging.Handler):
    """Keeps the last messages."""

    def __init__(self) -> None:
        super().__init__()
        self.records: deque[logging.LogRecord] = deque(maxlen=MOST)

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


_keepers: list[_Keeper] = []


@contextmanager
def keep_records() -> Iterator[None]:
    """Keep what is said from here on for the log file of the run that follows.

    Examples:
        >>> with keep_records():
        ...     RUN_LOGGER.warning("early")
        ...     [record.getMessage() for record in take_records()]
        ['early']
    """
    keeper = _Keeper()
    _keepers.append(keeper)
    RUN_LOGGER.addHandler(keeper)
    try:
        with telling_all():
            yield
    finally:
        RUN_LOGGER.removeHandler(keeper)
        _keepers.remove(keeper)


def take_records() -> list[logging.LogRecord]:
    """Return what was kept, and keep nothing more."""
    found = [record for keeper in _keepers for record in keeper.records]
    for keeper in _keepers:
        keeper.records.clear()
        RUN_LOGGER.removeHandler(keeper)
    return found


@contextmanager
def telling_all() -> Iterator[None]:
    """Let the logger pass on what is of level INFO, unless somebody has chosen its level."""
    level = RUN_LOGGER.level
    if level == logging.NOTSET:
        RUN_LOGGER.setLevel(logging.INFO)
    try:
        yield
    finally:
        RUN_LOGGER.setLevel(level)

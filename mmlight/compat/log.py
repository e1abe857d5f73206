"""Loggers as users' code asks for them; what they are told goes where the run writes its log."""

import json
import logging
from collections import defaultdict
from pathlib import Path
from typing import Any

from mmlight.compat.dist import get_rank
from mmlight.compat.named_instance import ManagerMixin

_RUN = logging.getLogger("mmlight")
_FORMAT = "%(asctime)s - %(name)s - %(levelname)s - %(message)s"
_files: set[tuple[str, str]] = set()


def get_logger(
    name: str,
    log_file: str | Path | None = None,
    log_level: int | str = logging.INFO,
    file_mode: str = "w",
) -> logging.Logger:
    """Return a logger below that of the run, so that its messages come out with the run's own.

    Args:
        name: Its name; without the `mmlight.` that stands before it in Python's tree of loggers.
        log_file: A file to write to besides, in the process of rank 0.
        log_level: Least important level to tell.
        file_mode: 'w' to begin the file anew, 'a' to go on.

    From: mmcv 1.7 `get_logger`, which gives every logger a screen of its own.
    """
    logger = logging.getLogger(f"{_RUN.name}.{name}")
    logger.setLevel(log_level if get_rank() == 0 else logging.ERROR)
    if log_file is not None and get_rank() == 0 and (name, str(log_file)) not in _files:
        _files.add((name, str(log_file)))
        handler = logging.FileHandler(log_file, file_mode)
        handler.setFormatter(logging.Formatter(_FORMAT))
        logger.addHandler(handler)
    return logger


def get_root_logger(
    log_file: str | Path | None = None, log_level: int | str = logging.INFO
) -> logging.Logger:
    """Return the logger 'mmcls'; see `get_logger`.

    From: mmcls 0.25 `get_root_logger`.
    """
    return get_logger("mmcls", log_file, log_level)


class MMLogger(logging.Logger, ManagerMixin):
    """A logger that is found by a name; what it is told goes to the log of the run.

    Args:
        name: Name of the instance.
        logger_name: Name that stands in the log.
        log_file: A file to write to besides, in the process of rank 0.
        log_level: Least important level to tell.
        file_mode: 'w' to begin the file anew, 'a' to go on.
        distributed: Accepted; only the process of rank 0 writes.
        file_handler_cfg: Only None.

    From: mmengine 0.10 `MMLogger`, without colors and without a file for each process.
    """

    def __init__(
        self,
        name: str,
        logger_name: str = "mmengine",
        log_file: str | Path | None = None,
        log_level: int | str = "NOTSET",
        file_mode: str = "w",
        distributed: bool = False,
        file_handler_cfg: dict[str, Any] | None = None,
    ) -> None:
        if file_handler_cfg is not None:
            raise ValueError(f"file_handler_cfg must be None, got {file_handler_cfg!r}")
        logging.Logger.__init__(self, logger_name, log_level)
        ManagerMixin.__init__(self, name)
        self.parent = _RUN
        self.log_file = log_file
        if log_file is not None and get_rank() == 0:
            handler = logging.FileHandler(log_file, file_mode)
            handler.setFormatter(logging.Formatter(_FORMAT))
            self.addHandler(handler)

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802  (the name of logging)
        """Tell whether a message of this level is told.

        Python remembers the answer, and forgets it when the level of a logger in its own tree
        changes; this one is not in it.
        """
        least = max(self.getEffectiveLevel(), self.manager.disable + 1)
        return level >= least and not self.disabled

    @classmethod
    def get_current_instance(cls) -> "MMLogger":
        """Return the instance that was made last; one named 'mmengine' when there is none."""
        if not cls._instances:
            return cls.get_instance("mmengine")
        return super().get_current_instance()


def print_log(msg: object, logger: Any = None, level: int = logging.INFO) -> None:
    """Tell something.

    Args:
        msg: What.
        logger: None prints it, 'silent' drops it, 'current' gives it to `MMLogger`'s current
            instance; a logger or the name of one.
        level: Its level.

    From: mmcv 1.7 and mmengine 0.10 `print_log`. A name that no `MMLogger` has goes to
        `get_logger`, as in mmcv; mmengine raises ValueError.
    """
    if logger is None:
        print(msg)  # noqa: T201 - what None asks for
    elif isinstance(logger, logging.Logger):
        logger.log(level, msg)
    elif logger == "current":
        MMLogger.get_current_instance().log(level, msg)
    elif not isinstance(logger, str):
        raise TypeError(f"logger must be a logger, a name or None, got {logger!r}")
    elif logger != "silent":
        known = MMLogger.check_instance_created(logger)
        (MMLogger.get_instance(logger) if known else get_logger(logger)).log(level, msg)


def load_json_log(json_log: str | Path) -> dict[int, dict[str, list[Any]]]:
    """Read a log of one JSON object per line.

    Args:
        json_log: The file.

    Returns:
        Epoch to (name to list of values); lines without an epoch are left out.

    From: mmcls 0.25 `load_json_log`.
    """
    by_epoch: dict[int, dict[str, list[Any]]] = {}
    for line in Path(json_log).read_text(encoding="utf-8").splitlines():
        values = json.loads(line)
        if "epoch" in values:
            row = by_epoch.setdefault(values.pop("epoch"), defaultdict(list))
            for name, value in values.items():
                row[name].append(value)
    return by_epoch

"""Keeps Lightning from telling what does not matter in a translated run."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# warnings about choices that the config made, and of Lightning 2.6 about the newest torch
HINTS: Final = (
    ".*does not have many workers.*",
    ".*in eval mode at the start of training.*",
    ".*exists and is not empty.*",
    ".*LeafSpec.*",
    ".*smaller than the logging interval.*",  # hooks of mm have intervals of their own
    ".*recommended to use `self.log.*sync_dist=True.*",  # torchmetrics has gathered the values
)


@contextmanager
def quiet_lightning() -> Iterator[None]:
    """Let Lightning report only what is amiss: no tips, no lists of devices that are not used.

    A level that the user has chosen for `lightning.pytorch`, other than its own INFO, stays.

    Examples:
        >>> with quiet_lightning():
        ...     logging.getLogger("lightning.pytorch").isEnabledFor(logging.INFO)
        False
    """
    loggers = [logging.getLogger(f"lightning.{part}") for part in ("pytorch", "fabric")]
    talkative = [logger for logger in loggers if logger.level in (logging.NOTSET, logging.INFO)]
    levels = [logger.level for logger in talkative]
    for logger in talkative:
        logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            for text in HINTS:
                warnings.filterwarnings("ignore", message=text)
            yield
    finally:
        for logger, level in zip(talkative, levels, strict=True):
            logger.setLevel(level)

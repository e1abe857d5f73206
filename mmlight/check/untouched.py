"""Leaves a process as it was: random states, defaults of torch, folders, log levels."""

import logging
import os
import random
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def untouched_process() -> Iterator[None]:
    """Undo on leaving whatever code of a config or of a class may have changed globally.

    Warnings are not shown meanwhile. Imported modules stay imported.

    Examples:
        >>> torch.get_default_dtype()
        torch.float32
        >>> with untouched_process():
        ...     torch.set_default_dtype(torch.float64)
        >>> torch.get_default_dtype()
        torch.float32
    """
    draws = (random.getstate(), np.random.get_state(), torch.get_rng_state())
    dtype, folder, path = torch.get_default_dtype(), os.getcwd(), list(sys.path)
    environment = dict(os.environ)
    logger = logging.getLogger()
    level, handlers = logger.level, list(logger.handlers)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        random.setstate(draws[0])
        np.random.set_state(draws[1])
        torch.set_rng_state(draws[2])
        torch.set_default_dtype(dtype)
        os.chdir(folder)
        sys.path[:] = path
        os.environ.clear()
        os.environ.update(environment)
        logger.setLevel(level)
        logger.handlers[:] = handlers

"""Lightning's tips are silent inside, and everything is as before outside."""

import logging
import warnings

import pytest

from mmlight.quiet import HINTS, quiet_lightning

LOGGER = logging.getLogger("lightning.pytorch")


def test_restores_the_level_when_the_run_fails() -> None:
    before = LOGGER.level

    def run() -> None:
        with quiet_lightning():
            assert LOGGER.getEffectiveLevel() == logging.WARNING
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        run()
    assert LOGGER.level == before


def test_keeps_the_level_when_the_user_chose_one() -> None:
    before = LOGGER.level
    LOGGER.setLevel(logging.DEBUG)
    try:
        with quiet_lightning():
            assert LOGGER.level == logging.DEBUG
    finally:
        LOGGER.setLevel(before)


def test_ignores_hints_but_no_other_warning() -> None:
    with quiet_lightning():
        warnings.warn(HINTS[0].strip(".*"), stacklevel=1)
        with pytest.raises(UserWarning, match="disk is full"):
            warnings.warn("disk is full", stacklevel=1)

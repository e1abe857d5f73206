from pathlib import Path
from typing import Any

import pytest

from mmlight.callbacks.yolox_mode_switch import YOLOXModeSwitch
from tests.callbacks.piped import assert_resumed, fit_piped

PERSISTENT = {"num_workers": 2, "persistent_workers": True}


@pytest.mark.parametrize("workers", [{}, PERSISTENT], ids=str)
@pytest.mark.parametrize(("last", "kept"), [(1, 2), (2, 1), (0, 3), (9, 0)])
def test_transforms_are_left_out_in_the_last_epochs(
    tmp_path: Path, last: int, kept: int, workers: dict[str, Any]
) -> None:
    net = fit_piped(tmp_path, YOLOXModeSwitch(last, ["Mark"]), **workers)
    assert net.numbers() == [10] * 4 * kept + [0] * 4 * (4 - kept)


@pytest.mark.parametrize("done", [6, 8, 12])
def test_run_goes_on_to_the_bit_when_resumed(tmp_path: Path, done: int) -> None:
    whole = fit_piped(tmp_path / "whole", YOLOXModeSwitch(1, ["Mark"]), **PERSISTENT)
    path = tmp_path / "whole" / f"iter_{done}.ckpt"
    rest = fit_piped(tmp_path / "rest", YOLOXModeSwitch(1, ["Mark"]), path=path, **PERSISTENT)
    assert_resumed(rest, whole, done)


def test_missing_transforms_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    fit_piped(tmp_path, YOLOXModeSwitch())
    assert caplog.text.count("is one of Mosaic, RandomAffine, MixUp") == 1

from pathlib import Path
from typing import Any

import pytest

from mmlight.callbacks.disable_object_sample import DisableObjectSample
from tests.callbacks.piped import Mark, Shift, assert_resumed, fit_piped

PERSISTENT = {"num_workers": 2, "persistent_workers": True}


@pytest.mark.parametrize("workers", [{}, PERSISTENT], ids=str)
def test_transform_is_off_after_its_epochs(tmp_path: Path, workers: dict[str, Any]) -> None:
    net = fit_piped(tmp_path, DisableObjectSample(3, ["Mark"]), **workers)
    assert net.numbers() == [10] * 12 + [0] * 4


@pytest.mark.parametrize("done", [6, 8, 12])
def test_run_goes_on_to_the_bit_when_resumed(tmp_path: Path, done: int) -> None:
    whole = fit_piped(tmp_path / "whole", DisableObjectSample(2, ["Mark"]), **PERSISTENT)
    path = tmp_path / "whole" / f"iter_{done}.ckpt"
    rest = fit_piped(tmp_path / "rest", DisableObjectSample(2, ["Mark"]), path=path, **PERSISTENT)
    assert_resumed(rest, whole, done)


def test_switch_is_used_when_a_transform_has_one() -> None:
    class Switched(Mark):
        disabled = False

    switched, shift, mark = Switched(1), Shift(1), Mark(2)
    hook = DisableObjectSample(1, ["Switched", "Mark"])
    assert hook._disable([switched, shift, mark]) == [switched, shift]
    assert switched.disabled
    assert hook._disable([shift]) == [shift]

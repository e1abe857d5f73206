"""What it writes is compared with the original in tests/reference/test_logs.py."""

import numpy as np
import pytest
import torch

from mmlight.compat.logger_hook import LoggerHook, to_json


@pytest.mark.parametrize("name", ["interval", "interval_exp_name"])
def test_raises_when_an_interval_is_zero(name):
    with pytest.raises(ValueError, match=f"{name} must be 1 or more, got 0"):
        LoggerHook(**{name: 0})


def test_values_become_json():
    value = {"a": [torch.ones(2), (np.eye(1), 1)], 3: None, "c": object(), "d": np.float32(0.5)}
    assert to_json(value) == {"a": [[1.0, 1.0], [[[1.0]], 1]], "3": None, "c": None, "d": 0.5}


def test_log_is_copied_when_the_run_ends(tmp_path):
    from tests.callbacks.test_log_writer import fit

    hook = LoggerHook(interval=2, out_dir=tmp_path / "out", keep_local=False)
    fit(tmp_path / "work", hook, max_epochs=1)
    (log,) = (tmp_path / "out" / "work").glob("*.log")
    assert "Epoch(train) [1][4/4]" in log.read_text()
    assert (tmp_path / "out" / "work" / "vis_data" / "scalars.json").exists()
    assert not list((tmp_path / "work").rglob("*.json"))

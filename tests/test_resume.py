"""A run that is killed and resumed ends as one that never was."""

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest
import torch

from tests.runs import LENET_OLD, command, environment, run, write_config

FLAGS = ("--deterministic", "--trainer.limit_train_batches", "20", "--trainer.accelerator", "cpu")


def _kill_in_epoch(process: subprocess.Popen[bytes], work_dir: Path, epoch: int) -> None:
    """Kill -9 when the log says that the run is in the middle of an epoch."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for log in work_dir.glob("*.log.json"):
            rows = [json.loads(line) for line in log.read_text().splitlines() if line.endswith("}")]
            if any(r["mode"] == "train" and r["epoch"] == epoch and r["iter"] >= 5 for r in rows):
                process.send_signal(signal.SIGKILL)
                process.wait()
                return
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.005)
    raise TimeoutError("the run never came to the epoch")


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_ends_in_the_same_weights_when_killed_in_an_epoch(tmp_path: Path, workers: int) -> None:
    config = write_config(tmp_path, LENET_OLD)
    options = ("--config", config, *FLAGS, "--cfg-options", f"data.workers_per_gpu={workers}")
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert run("fit", *options, "--work-dir", whole).returncode == 0

    words = command("fit", *options, "--work-dir", killed)
    process = subprocess.Popen(words, env=environment(), stderr=subprocess.DEVNULL)
    _kill_in_epoch(process, killed, epoch=2)
    assert not (killed / "epoch_3.ckpt").exists()
    resumed = run("fit", *options, "--work-dir", killed, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert "resuming from" in resumed.stderr

    ours = torch.load(killed / "epoch_3.ckpt", weights_only=True)
    theirs = torch.load(whole / "epoch_3.ckpt", weights_only=True)
    for name, value in theirs["state_dict"].items():
        assert torch.equal(ours["state_dict"][name], value), name


def test_starts_afresh_when_there_is_nothing_to_resume(tmp_path: Path) -> None:
    from mmlight.checkpoints import find_resume_point
    from mmlight.spec import Spec

    assert find_resume_point(Spec(model={}, work_dir=str(tmp_path), resume=True)) is None


def test_skips_a_half_written_checkpoint(tmp_path: Path) -> None:
    from mmlight.callbacks.checkpoint import find_newest

    torch.save({"a": 1}, tmp_path / "epoch_1.ckpt")
    whole = (tmp_path / "epoch_1.ckpt").read_bytes()
    time.sleep(0.01)
    (tmp_path / "epoch_2.ckpt").write_bytes(whole[: len(whole) // 2])
    assert find_newest(str(tmp_path)) == str(tmp_path / "epoch_1.ckpt")

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from mmlight.callbacks.announcer import Announcer
from mmlight.callbacks.sync_buffers import SyncBuffers, average_over_processes
from mmlight.callbacks.validation import Validation
from mmlight.callbacks.workflow import ValidationLoss
from tests.callbacks.nets import Net, build_data, build_trainer
from tests.runs import ROOT, environment


def synced(monkeypatch: pytest.MonkeyPatch, module: str, *callbacks: Any, **flags: Any) -> Any:
    """Train and return the (epoch, iteration) of each synchronization."""
    done: list[Any] = []

    def note(trainer: Any, values: Any) -> None:
        assert len(list(values)) >= 3
        done.append((trainer.current_epoch, trainer.fit_loop.total_batch_idx + 1))

    monkeypatch.setattr(f"mmlight.callbacks.{module}.average_over_processes", note)
    data = build_data()
    data.val_loss = data.val
    build_trainer(*callbacks, **flags).fit(Net(), data)
    return done


def test_buffers_are_synchronized_once_in_an_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    flags = {"max_epochs": 2}
    assert synced(monkeypatch, "sync_buffers", SyncBuffers(), **flags) == [(0, 4), (1, 8)]


def test_buffers_are_synchronized_before_validations_between_iterations(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rule = Validation(2, by_epoch=False, last=5, at_end=False)
    done = synced(monkeypatch, "sync_buffers", SyncBuffers(), rule, max_iters=5)
    assert [iteration for _, iteration in done] == [2, 4, 5]


def test_buffers_are_synchronized_after_passes_of_a_workflow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hooks = (SyncBuffers("0.x"), ValidationLoss(), Announcer("0.x"))
    done = synced(monkeypatch, "sync_buffers", *hooks, max_epochs=1)
    assert done == [(0, 4), (0, 4)]


def test_values_stay_when_there_is_one_process() -> None:
    value = torch.tensor([1.0, 2.0])
    average_over_processes(build_trainer(), [value])
    assert value.tolist() == [1, 2]


@pytest.mark.slow
def test_values_are_shared_when_there_are_two_processes(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    result = subprocess.run(
        [*command, "-m", "tests.callbacks.two_processes", str(tmp_path)],
        cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-3000:]
    assert result.stdout.count("checked") == 2

"""Checks, in each of two processes, what the synchronizing callbacks average; run by a test."""

import os
import sys
from typing import Any

import lightning as L

from mmlight.callbacks.announcer import Announcer
from mmlight.callbacks.sync_buffers import SyncBuffers
from mmlight.callbacks.sync_norm import SyncNorm
from tests.callbacks.nets import Net, Probe, build_data


def run_two() -> None:
    """Train twice and check."""
    rank = int(os.environ["LOCAL_RANK"])
    checked: list[str] = []

    def spread(trainer: Any, net: Any) -> None:
        net.net[2].running_mean.fill_(trainer.global_rank)
        net.net[2].running_var.fill_(2.0 + trainer.global_rank)
        net.net[2].num_batches_tracked.fill_(7)

    def check(trainer: Any, net: Any) -> None:
        norm = net.net[2]
        assert norm.running_mean.tolist() == [0.5] * 8
        assert norm.running_var.tolist() == [2.5] * 8
        assert int(norm.num_batches_tracked) == 7
        assert norm.running_mean.shape == (8,)
        checked.append(str(rank))

    for hook in (SyncBuffers(), SyncNorm(interval=1)):
        callbacks = [
            Probe(spread, "after_train_epoch"), hook, Probe(check, "after_train_epoch"), Announcer()
        ]  # fmt: skip
        trainer = L.Trainer(
            accelerator="cpu", devices=2, strategy="ddp", logger=False, max_epochs=1,
            callbacks=callbacks, enable_checkpointing=False, enable_progress_bar=False,
            use_distributed_sampler=False, enable_model_summary=False, num_sanity_val_steps=0,
        )  # fmt: skip
        trainer.fit(Net(), build_data())
    assert len(checked) == 2
    sys.stdout.write(f"checked {rank}\n")


if __name__ == "__main__":
    run_two()

"""Checks, in each of two processes, what the synchronizing callbacks average; run by a test."""

import os
import sys
from typing import Any

import torch

from mmlight.callbacks.announcer import Announcer
from mmlight.callbacks.checkpoint import Checkpoint
from mmlight.callbacks.sync_buffers import SyncBuffers, share_statistics
from mmlight.callbacks.sync_norm import SyncNorm
from mmlight.callbacks.validation import Validation
from mmlight.layer_sync import keep_own_buffers
from tests.callbacks.nets import Net, Probe, build_data, build_trainer


def run_two() -> None:
    """Train and check."""
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
        fit(Probe(spread, "after_train_epoch"), hook, Probe(check, "after_train_epoch"))
    assert len(checked) == 2
    check_buffers()
    sys.stdout.write(f"checked {rank}\n")


def fit(*callbacks: Any, generation: Any = "1.x") -> None:
    """Train for an epoch."""
    announcer = Announcer(generation)
    trainer = build_trainer(*callbacks, announcer, devices=2, strategy="ddp", max_epochs=1)
    trainer.fit(Own(), build_data())


class Own(Net):
    """Shares buffers as the classifier does."""

    def setup(self, stage: str) -> None:
        """Keep them."""
        keep_own_buffers(self.trainer.strategy)

    def on_validation_epoch_start(self) -> None:
        """Share those of the first process, in 0.x."""
        share_statistics(self.trainer, self)


def check_buffers() -> None:
    """Check that statistics are those of a process's own data until a validation of 0.x."""
    expected = torch.zeros(8)
    compared: list[bool] = []

    def watch(trainer: Any, net: Any) -> None:
        def follow(norm: Any, inputs: Any) -> None:
            if norm.training:
                expected.mul_(0.9).add_(inputs[0].detach().mean(0), alpha=0.1)

        expected.zero_()
        net.net[2].register_forward_pre_hook(follow)

    def check_own(trainer: Any, net: Any) -> None:
        torch.testing.assert_close(net.net[2].running_mean, expected)

    def compare(trainer: Any, net: Any) -> None:
        first = trainer.strategy.broadcast(expected)
        assert trainer.is_global_zero or not torch.equal(first, expected)
        compared.append(torch.allclose(net.net[2].running_mean, first))

    told: list[int] = []
    for generation in ("0.x", "1.x"):
        fit(
            Probe(lambda *_: told.append(1), "on_save_checkpoint"),
            Checkpoint(sys.argv[1]),
            Probe(watch, "before_train"),
            Probe(check_own, "after_train_epoch"),
            Validation(),
            Probe(compare, "after_val_epoch"),
            generation=generation,
        )
    assert len(told) == 2  # a validation that shares statistics is no reason to save once more
    assert compared == [True, int(os.environ["LOCAL_RANK"]) == 0]


if __name__ == "__main__":
    run_two()

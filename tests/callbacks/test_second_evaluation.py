from typing import Any

import pytest
import torch

from mmlight.callbacks.second_evaluation import evaluate_again
from mmlight.compat.message_hub import MessageHub
from mmlight.hooks.hook import Hook
from mmlight.hooks.hook_callback import HookCallback
from tests.callbacks.nets import Net, Probe, build_data, build_trainer


class Sums(torch.nn.Module):
    total = 0

    def compute(self) -> dict[str, Any]:
        total, self.total = self.total, 0
        return {"total": total, "table": [1, 2]}


class Summing(Net):
    """Its metric counts the samples."""

    def __init__(self) -> None:
        super().__init__()
        self.val_metrics = self.test_metrics = Sums()

    def validation_step(self, batch: dict[str, Any], batch_idx: int) -> None:
        assert not self.training
        self.val_metrics.total += len(batch["inputs"])

    test_step = validation_step

    def on_validation_epoch_end(self) -> None:
        self.val_metrics.compute()

    on_test_epoch_end = on_validation_epoch_end


@pytest.mark.parametrize("mode", ["val", "test"])
def test_users_hooks_meet_the_batches_again(mode: str) -> None:
    met: list[Any] = []

    class Own(Hook):
        def before_val_iter(self, runner, batch_idx=0, data_batch=None):
            met.append(("before", batch_idx, len(data_batch["inputs"])))

        def after_val_iter(self, runner, batch_idx=0, data_batch=None, outputs=None):
            met.append(("after", batch_idx, runner.mode))

        before_test_iter, after_test_iter = before_val_iter, after_val_iter

    found: list[Any] = []

    def again(trainer: Any, net: Any) -> None:
        found.append(evaluate_again(trainer, net, mode, "_again"))
        found.append(float(trainer.callback_metrics["total_again"]))

    trainer = build_trainer(HookCallback(Own()), Probe(again, f"after_{mode}_epoch"))
    evaluate = trainer.validate if mode == "val" else trainer.test
    evaluate(Summing(), build_data(), verbose=False)
    once = [
        ("before", 0, 2), ("after", 0, mode), ("before", 1, 2), ("after", 1, mode)
    ]  # fmt: skip
    assert met == [*once, *once]
    assert found == [{"total_again": 4}, 4.0]
    scalar = MessageHub.get_current_instance().get_scalar(f"{mode}/total_again")
    assert float(scalar.current()) == 4


def test_loaders_are_cut_as_the_trainer_cuts_them() -> None:
    found: list[Any] = []
    probe = Probe(lambda t, n: found.append(evaluate_again(t, n, "val", "_x")), "after_val_epoch")
    trainer = build_trainer(probe, limit_val_batches=1)
    trainer.validate(Summing(), build_data(), verbose=False)
    assert found == [{"total_x": 2}]

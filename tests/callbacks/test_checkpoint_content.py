"""A snapshot is brought up to date without asking anybody, and tells whether it must be."""

from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.callbacks import Callback

from mmlight.callbacks.checkpoint_content import Snapshot, refresh_snapshot, take_snapshot
from tests.callbacks.nets import Net, build_data, build_trainer


class Facts(Callback):
    """Has a state of every kind, and counts how often it is asked to add to a checkpoint."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {"list": [1, (2.0, None)], "tensor": torch.ones(2).bfloat16()}
        self.asked = 0

    def state_dict(self) -> dict[str, Any]:
        return dict(self.state)

    def on_save_checkpoint(self, trainer: Any, module: Any, checkpoint: dict[str, Any]) -> None:
        self.asked += 1
        checkpoint["mine"] = self.asked


def train(weights_only: bool = False) -> tuple[Any, Facts, Snapshot]:
    facts = Facts()
    trainer = build_trainer(facts, max_epochs=1)
    trainer.fit(Net(), build_data())
    return trainer, facts, take_snapshot(trainer, "a.ckpt", weights_only=weights_only)


def test_is_the_same_when_nothing_has_changed() -> None:
    trainer, facts, snapshot = train()
    again = refresh_snapshot(trainer, snapshot)
    assert again.is_same(snapshot)
    assert not snapshot.is_same(None)
    assert (facts.asked, again.content["mine"], again.batches) == (1, 1, 4)


def test_differs_when_a_state_or_a_rate_has_changed() -> None:
    trainer, facts, snapshot = train()
    for change in (
        lambda: facts.state["list"].append(3),
        lambda: facts.state.update(tensor=torch.zeros(2).bfloat16()),
        lambda: trainer.optimizers[0].param_groups[0].update(lr=0.5),
    ):
        change()
        again = refresh_snapshot(trainer, snapshot)
        assert not again.is_same(snapshot)
        snapshot = again
    assert snapshot.content["optimizer_states"][0]["param_groups"][0]["lr"] == 0.5
    assert snapshot.content["callbacks"]["Facts"]["list"] == [1, (2.0, None), 3]
    assert facts.asked == 1


def test_values_of_the_log_do_not_count() -> None:
    trainer, facts, snapshot = train()
    facts.state["scalars"] = [1.0]
    again = refresh_snapshot(trainer, snapshot)
    assert again.is_same(snapshot)
    assert again.content["callbacks"]["Facts"]["scalars"] == [1.0]


def test_is_taken_again_when_other_weights_are_in_the_model() -> None:
    trainer, facts, snapshot = train()
    with torch.no_grad():
        trainer.lightning_module.net[1].weight.add_(1.0)
    refresh_snapshot(trainer, snapshot)
    assert facts.asked == 2


def test_weights_alone_never_differ(tmp_path: Path) -> None:
    trainer, facts, snapshot = train(weights_only=True)
    facts.state["list"] = []
    assert refresh_snapshot(trainer, snapshot).is_same(snapshot)

from types import SimpleNamespace
from typing import Any

import torch

from mmlight.callbacks.ema import EMA
from mmlight.hooks.hook import Hook
from mmlight.hooks.hook_callback import HookCallback
from mmlight.hooks.save_points import complete_checkpoint
from tests.callbacks.nets import Net, build_data, build_trainer


class Tell(Hook):
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def before_save_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        self.told.append(checkpoint)


def test_average_and_hooks_come_in_when_weights_are_saved_alone() -> None:
    hook, ema = Tell(), EMA(options={"momentum": 0.5})
    trainer = build_trainer(ema, HookCallback(hook), max_epochs=1)
    net = Net()
    trainer.fit(net, build_data())
    alone: dict[str, Any] = {"state_dict": dict(net.state_dict())}
    complete_checkpoint(trainer, alone)
    assert hook.told == [alone]
    assert torch.equal(alone["state_dict"]["net.1.weight"], ema.average["net.1.weight"])
    assert torch.equal(alone["raw_state"]["net.1.weight"], net.net[1].weight)
    whole: dict[str, Any] = {"state_dict": dict(net.state_dict()), "callbacks": {}}
    complete_checkpoint(trainer, whole)  # Lightning has told them
    assert len(hook.told) == 1
    assert not torch.equal(whole["state_dict"]["net.1.weight"], ema.average["net.1.weight"])
    assert whole["meta"]["iter"] == alone["meta"]["iter"] == 4


def test_nothing_is_needed_of_a_trainer_without_hooks() -> None:
    trainer: Any = build_trainer(max_epochs=1)
    trainer.fit(Net(), build_data())
    checkpoint: dict[str, Any] = {"meta": SimpleNamespace()}
    complete_checkpoint(trainer, checkpoint)
    assert checkpoint.keys() == {"meta"}

"""What hooks may ask of the runner, and what they are told when it is not there."""

from typing import Any

import pytest
import torch

from mmlight.callbacks.announcer import Announcer
from mmlight.errors import UnsupportedValueError
from mmlight.hooks.hook import Hook
from mmlight.hooks.hook_callback import HookCallback
from mmlight.hooks.runner_view import RunnerView, find_view
from tests.callbacks.nets import BATCHES, Net, build_data, build_trainer


class Ask(Hook):
    """Runs a function once at a point."""

    def __init__(self, function: Any) -> None:
        self.function = function
        self.answer: Any = None

    def after_train_iter(self, runner, batch_idx=0, data_batch=None, outputs=None):
        if self.answer is None:
            self.answer = self.function(runner)


def ask(function: Any, generation: str = "1.x", **options: Any) -> Any:
    hook = Ask(function)
    options = {"max_epochs": 3, "limit_val_batches": 0, **options}
    trainer = build_trainer(HookCallback(hook, generation), Announcer(generation), **options)
    trainer.fit(Net(), build_data())
    return hook.answer


def test_counts_are_there_in_both_words():
    names = ("epoch", "iter", "inner_iter", "max_epochs", "max_iters")
    values = ask(lambda r: [(getattr(r, n), getattr(r, f"_{n}")) for n in names])
    assert values == [(0, 0), (0, 0), (0, 0), (3, 3), (3 * BATCHES, 3 * BATCHES)]


@pytest.mark.parametrize(("generation", "epochs"), [("0.x", None), ("1.x", 1)])
def test_run_of_iterations_has_one_epoch_in_1x_and_none_in_0x(generation, epochs):
    length = {"max_epochs": -1, "max_steps": 7, "check_val_every_n_epoch": None}
    answer = ask(lambda r: (r.max_epochs, r.max_iters, r.by_epoch), generation, **length)
    assert answer == (epochs, 7, False)


def test_model_and_optimizer_are_those_that_train():
    def look(runner):
        assert runner.model is runner.trainer.lightning_module
        assert runner.optim_wrapper.optimizer is runner.optimizer
        return runner.current_lr(), runner.current_momentum(), runner.model_name

    assert ask(look) == ([0.1], [0.9], "Net")


def test_momentum_is_the_first_beta_or_zero():
    class Adam(Net):
        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters())

    class Plain(Net):
        def configure_optimizers(self):
            return torch.optim.Adagrad(self.parameters())

    for net, expected in ((Adam(), [0.9]), (Plain(), [0.0])):
        hook = Ask(lambda runner: runner.current_momentum())
        trainer = build_trainer(HookCallback(hook), max_epochs=1, limit_val_batches=0)
        trainer.fit(net, build_data())
        assert hook.answer == expected


def test_run_is_described_when_it_has_a_config(tmp_path):
    announcer = Announcer()
    announcer.run = {"work_dir": str(tmp_path), "config_text": "model = dict(depth=18)"}
    hook = Ask(lambda r: (r.work_dir, r.log_dir, r.cfg.model.depth, r.experiment_name))
    trainer = build_trainer(HookCallback(hook), announcer, max_epochs=1, limit_val_batches=0)
    trainer.fit(Net(), build_data())
    folder, log_dir, depth, name = hook.answer
    assert (folder, depth) == (str(tmp_path), 18)
    assert log_dir.startswith(f"{folder}/")
    assert name.startswith(f"{tmp_path.name}_")


def test_processes_are_described():
    answer = ask(lambda r: (r.rank, r.world_size, r.distributed, r.launcher, r.seed))
    assert answer == (0, 1, False, "none", 3)


def test_loaders_and_hooks_are_there():
    def look(runner):
        assert runner.train_dataloader is runner.data_loader
        assert len(runner.val_dataloader) == len(runner.test_dataloader) == 2
        return [type(hook).__name__ for hook in runner.hooks]

    assert ask(look) == ["Ask", "Announcer"]


def test_points_of_all_hooks_are_called_when_asked():
    class Mine(Hook):
        def mine(self, runner, value):
            self.value = value

    mine = Mine()
    hook = Ask(lambda runner: runner.call_hook("mine", value=5) or True)
    Ask.mine = lambda *_, **__: None
    try:
        trainer = build_trainer(HookCallback(mine), HookCallback(hook), max_epochs=1)
        trainer.fit(Net(), build_data())
    finally:
        del Ask.mine
    assert mine.value == 5


def test_attributes_of_hooks_are_kept():
    def keep(runner):
        runner.mine = 3
        runner.meta["hook_msgs"]["best"] = 1
        return runner.mine, runner.meta["hook_msgs"]

    assert ask(keep) == (3, {"best": 1})


def test_unknown_attribute_is_told_with_those_that_are_there():
    def look(runner):
        assert not hasattr(runner, "optimiser")
        with pytest.raises(UnsupportedValueError) as error:
            runner.optimiser  # noqa: B018
        return str(error.value)

    text = ask(look)
    assert text.startswith("runner.optimiser: the runner that hooks get has no 'optimiser'")
    assert "nearest:  optimizer" in text
    assert "current_lr" in text


def test_raises_when_nothing_announces():
    import lightning as L

    trainer = L.Trainer(logger=False, enable_checkpointing=False, accelerator="cpu")
    with pytest.raises(ValueError, match="callbacks must hold an Announcer"):
        find_view(trainer)


def test_view_is_made_once_for_a_trainer():
    trainer = build_trainer()
    view = find_view(trainer)
    assert isinstance(view, RunnerView)
    assert find_view(trainer) is view

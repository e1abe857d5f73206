"""The loops that hooks find at their runner."""

from typing import Any

import pytest

from mmlight.callbacks.validation import Validation
from mmlight.hooks.hook import Hook
from mmlight.hooks.hook_callback import HookCallback
from tests.callbacks.nets import BATCHES, Net, build_data, build_trainer


class Stops(Hook):
    def __init__(self, at: int) -> None:
        self.at = at
        self.seen: list[Any] = []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        loop = runner.train_loop
        self.seen.append((loop.epoch, loop.iter, loop._iter, loop.stop_training))
        if runner.iter == self.at:
            loop.stop_training = True


@pytest.mark.parametrize(("at", "batches"), [(1, BATCHES), (BATCHES, 2 * BATCHES)])
def test_training_ends_with_the_epoch_when_a_hook_says_so(at, batches):
    hook = Stops(at)
    build_trainer(HookCallback(hook), max_epochs=4).fit(Net(), build_data())
    assert [row[1] for row in hook.seen] == list(range(batches))
    assert all(row[1] == row[2] for row in hook.seen)
    assert [row[3] for row in hook.seen].index(True) == at + 1


def test_facts_of_the_loops_are_those_of_the_run():
    answers = []

    class Looks(Hook):
        def before_train(self, runner):
            train, val = runner.train_loop, runner.val_loop
            answers.append((train.max_epochs, train.max_iters, val.val_interval, val.val_begin))
            assert train.dataloader is runner.train_dataloader
            assert val.evaluator is None

    validation = Validation(2, begin=2)
    build_trainer(HookCallback(Looks()), validation, max_epochs=3).fit(Net(), build_data())
    assert answers == [(3, 3 * BATCHES, 2, 2)]

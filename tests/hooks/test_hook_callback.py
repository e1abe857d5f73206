"""A user's hook is called at the points that it overrides, with what its generation passes."""

from typing import Any

import pytest
from lightning.pytorch.callbacks import Callback

from mmlight.callbacks.announcer import Announcer
from mmlight.callbacks.idle_hooks import BATCH_HOOKS, drop_idle_hooks
from mmlight.hooks.hook import Hook
from mmlight.hooks.hook_callback import HookCallback, as_callback
from mmlight.hooks.runner_view import RunnerView
from tests.callbacks.nets import BATCHES, Net, build_data, build_trainer


class OldHook(Hook):
    """Written as hooks of 0.x are: every method gets the runner alone."""

    def __init__(self):
        self.seen = []

    def before_epoch(self, runner):
        self.seen.append(("before_epoch", runner.epoch))

    def after_train_iter(self, runner):
        row = (runner.iter, runner.inner_iter, runner.outputs["log_vars"]["loss"])
        self.seen.append(("after_train_iter", *row))
        assert runner.data_batch["img"].shape == (3, 4, 1, 1)

    def after_val_epoch(self, runner):
        self.seen.append("after_val_epoch")


class NewHook(Hook):
    def __init__(self):
        self.seen = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.seen.append(("before_train_iter", batch_idx, len(data_batch["data_samples"])))

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.seen.append(("after_train_iter", batch_idx, sorted(outputs)))

    def after_val_epoch(self, runner, metrics=None):
        self.seen.append(("after_val_epoch", metrics["acc/top1"]))


def fit(hook: Any, generation: str, **options: Any) -> HookCallback:
    callback = HookCallback(hook, generation)
    trainer = build_trainer(callback, Announcer(generation), **options)
    drop_idle_hooks(trainer.callbacks)
    trainer.fit(Net([0.25, 0.5]), build_data())
    return callback


def test_old_hook_gets_the_runner_alone():
    hook = OldHook()
    fit(hook, "0.x", max_epochs=1)
    assert hook.seen[0] == ("before_epoch", 0)
    assert [row[:3] for row in hook.seen[1:]] == [
        ("after_train_iter", i, i) for i in range(BATCHES)
    ]
    assert all(isinstance(row[3], float) for row in hook.seen[1:])


def test_old_hook_does_not_hear_of_evaluation():
    hook = OldHook()
    fit(hook, "0.x", max_epochs=1)
    assert "after_val_epoch" not in hook.seen


def test_new_hook_gets_batches_losses_and_metrics():
    hook = NewHook()
    fit(hook, "1.x", max_epochs=1, limit_train_batches=1)
    assert hook.seen == [
        ("before_train_iter", 0, 3),
        ("after_train_iter", 0, ["accuracy", "loss"]),
        ("after_val_epoch", 0.25),
    ]


def test_batch_index_is_that_of_the_run_when_iterations_count():
    hook = NewHook()
    fit(hook, "1.x", max_iters=BATCHES + 2, limit_val_batches=0)
    places = [row[1] for row in hook.seen if row[0] == "before_train_iter"]
    assert places == list(range(BATCHES + 2))


@pytest.mark.parametrize("generation", ["0.x", "1.x"])
def test_nothing_listens_when_a_hook_overrides_nothing(generation):
    callback = HookCallback(Hook(), generation)
    assert callback.points == ()
    drop_idle_hooks([callback])
    assert all(getattr(callback, name) is None for name in BATCH_HOOKS)
    assert not hasattr(callback, "before_train_epoch")


def test_only_its_events_are_listened_to_when_a_hook_has_one_point():
    callback = HookCallback(NewHook(), "1.x")
    drop_idle_hooks([callback])
    listens = {name for name in BATCH_HOOKS if getattr(callback, name) is not None}
    assert listens == {"on_train_batch_start", "on_train_batch_end"}


def test_checkpoint_is_the_hooks_to_change(tmp_path):
    class Changes(Hook):
        def before_save_checkpoint(self, runner, checkpoint):
            checkpoint["mine"] = runner.iter

        def after_load_checkpoint(self, runner, checkpoint):
            self.loaded = checkpoint["mine"]

    trainer = build_trainer(HookCallback(Changes()), max_epochs=1)
    trainer.fit(Net(), build_data())
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    hook = Changes()
    again = build_trainer(HookCallback(hook), max_epochs=2)
    again.fit(Net(), build_data(), ckpt_path=tmp_path / "a.ckpt", weights_only=True)
    assert hook.loaded == BATCHES


def test_callback_of_lightning_is_what_it_is():
    callback = Callback()
    assert as_callback(callback) is callback
    assert isinstance(as_callback(Hook(), "0.x"), HookCallback)


def test_raises_when_it_is_no_hook():
    with pytest.raises(ValueError, match="hook must derive from Hook, got 3"):
        HookCallback(3)


def test_all_hooks_of_a_run_get_the_same_runner():
    class Keeps(Hook):
        def before_train(self, runner):
            self.runner = runner

    first, second = Keeps(), Keeps()
    trainer = build_trainer(HookCallback(first), HookCallback(second), max_epochs=1)
    trainer.fit(Net(), build_data())
    assert first.runner is second.runner
    assert isinstance(first.runner, RunnerView)

from types import SimpleNamespace

import pytest

from mmlight.hooks.hook import POINTS, SHARED_POINTS, Hook

MODES = ("train", "val", "test")


class Recorder(Hook):
    """Notes every shared method that is called, with what it gets."""

    def __init__(self):
        self.calls = []

    def before_epoch(self, runner):
        self.calls.append(("before_epoch", runner))

    def after_epoch(self, runner):
        self.calls.append(("after_epoch", runner))

    def before_iter(self, runner):
        self.calls.append(("before_iter", runner))

    def after_iter(self, runner):
        self.calls.append(("after_iter", runner))

    def _before_epoch(self, runner, mode="train"):
        self.calls.append(("_before_epoch", runner, mode))

    def _after_epoch(self, runner, mode="train"):
        self.calls.append(("_after_epoch", runner, mode))

    def _before_iter(self, runner, batch_idx, data_batch=None, mode="train"):
        self.calls.append(("_before_iter", runner, batch_idx, data_batch, mode))

    def _after_iter(self, runner, batch_idx, data_batch=None, outputs=None, mode="train"):
        self.calls.append(("_after_iter", runner, batch_idx, data_batch, outputs, mode))


def test_every_point_is_there_when_counted():
    assert len(POINTS) == len(set(POINTS)) == 22
    assert Hook.stages == POINTS
    assert Hook.priority == "NORMAL"


@pytest.mark.parametrize("point", POINTS)
def test_nothing_happens_when_a_point_is_not_overridden(point):
    extra = ({},) if point.endswith("checkpoint") else ()
    assert getattr(Hook(), point)("runner", *extra) is None


@pytest.mark.parametrize("mode", MODES)
def test_epochs_call_what_modes_share_when_not_overridden(mode):
    hook = Recorder()
    getattr(hook, f"before_{mode}_epoch")("R")
    getattr(hook, f"after_{mode}_epoch")("R", *(() if mode == "train" else ({"top1": 1},)))
    assert hook.calls == [
        ("before_epoch", "R"),
        ("_before_epoch", "R", mode),
        ("after_epoch", "R"),
        ("_after_epoch", "R", mode),
    ]


@pytest.mark.parametrize("mode", MODES)
def test_iterations_call_what_modes_share_when_not_overridden(mode):
    hook = Recorder()
    getattr(hook, f"before_{mode}_iter")("R", batch_idx=3, data_batch="B")
    getattr(hook, f"after_{mode}_iter")("R", 3, "B", "O")
    assert hook.calls == [
        ("before_iter", "R"),
        ("_before_iter", "R", 3, "B", mode),
        ("after_iter", "R"),
        ("_after_iter", "R", 3, "B", "O", mode),
    ]


def test_iterations_take_the_runner_alone_when_in_old_style():
    hook = Recorder()
    hook.before_train_iter("R")
    hook.after_val_iter("R")
    assert hook.calls[0] == ("before_iter", "R")
    assert hook.calls[2] == ("after_iter", "R")


RUNNER = SimpleNamespace(
    epoch=5, iter=11, inner_iter=2, max_epochs=6, max_iters=12, data_loader=[0, 0, 0]
)


@pytest.mark.parametrize(("n", "expected"), [(1, True), (2, True), (4, False), (0, False)])
def test_place_is_told_when_asked_for_every_nth(n, expected):
    hook = Hook()
    assert hook.every_n_epochs(RUNNER, n) is expected
    assert hook.every_n_iters(RUNNER, n) is hook.every_n_train_iters(RUNNER, n)
    assert hook.every_n_iters(RUNNER, 4) is True
    assert hook.every_n_inner_iters(RUNNER, 3) is hook.every_n_inner_iters(2, 3) is True
    assert hook.every_n_inner_iters(3, 3) is False


def test_count_begins_later_when_start_is_given():
    hook = Hook()
    assert hook.every_n_epochs(RUNNER, 2, start=2) is True
    assert hook.every_n_epochs(RUNNER, 2, start=3) is False
    assert hook.every_n_epochs(RUNNER, 2, start=9) is False
    assert hook.every_n_train_iters(RUNNER, 4, start=4) is True


def test_last_place_is_told_when_asked():
    hook = Hook()
    assert hook.end_of_epoch(RUNNER) is True
    assert hook.end_of_epoch([0, 0, 0], 2) is True
    assert hook.end_of_epoch([0, 0, 0], 1) is False
    assert hook.is_last_train_epoch(RUNNER) is hook.is_last_epoch(RUNNER) is True
    assert hook.is_last_train_iter(RUNNER) is hook.is_last_iter(RUNNER) is True
    early = SimpleNamespace(epoch=4, iter=10, max_epochs=6, max_iters=12)
    assert hook.is_last_train_epoch(early) is hook.is_last_train_iter(early) is False


def test_stages_are_told_in_order_when_methods_are_overridden():
    class MyHook(Hook):
        def after_run(self, runner): ...

        def before_run(self, runner): ...

        def _after_iter(self, runner, batch_idx, data_batch=None, outputs=None, mode="train"): ...

    assert MyHook().get_triggered_stages() == [
        "before_run",
        "after_train_iter",
        "after_val_iter",
        "after_test_iter",
        "after_run",
    ]
    assert Hook().get_triggered_stages() == []
    assert set(Recorder().get_triggered_stages()) == {
        point for points in SHARED_POINTS.values() for point in points
    }

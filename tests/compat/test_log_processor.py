"""Lines are compared with the original's in tests/reference/test_logs.py."""

from types import SimpleNamespace

import numpy as np
import pytest

from mmlight.compat.log_processor import LogProcessor, count_batches
from mmlight.compat.message_hub import MessageHub


def make_runner(**more):
    hub = MessageHub("a")
    for loss in (4.0, 2.0, 3.0):
        hub.record("train/loss", loss)
    hub.record("train/lr", 0.1)
    hub.record("val/acc", 0.5)
    facts = dict(iter=2, epoch=0, inner_iter=2, max_epochs=10, max_iters=100, message_hub=hub)
    counts = dict(num_training_batches=10, num_val_batches=[3], num_test_batches=[1, 2])
    state = SimpleNamespace(state=SimpleNamespace(fn="fit"), **counts)
    return SimpleNamespace(trainer=state, **{**facts, **more})


def test_line_shows_what_the_hub_has():
    tag, line = LogProcessor(window_size=2).get_log_after_iter(make_runner(), 2, "train")
    assert tag == {"loss": 2.5, "lr": 0.1, "epoch": 1, "iter": 3}
    assert line == "Epoch(train)  [1][ 3/10]  lr: 1.0000e-01  loss: 2.5000"


def test_arrays_stand_below_when_a_test_has_some():
    runner = make_runner()
    runner.message_hub.update_info("test/matrix", np.eye(2))
    tag, line = LogProcessor().get_log_after_epoch(runner, 3, "test", with_non_scalar=True)
    assert line == "Epoch(test) [3/3]    matrix: \n[[1. 0.]\n [0. 1.]]\n"
    assert tag["matrix"].shape == (2, 2)


def test_epoch_is_zero_when_nothing_is_trained():
    runner = make_runner()
    runner.trainer.state.fn = "validate"
    _, line = LogProcessor().get_log_after_epoch(runner, 3, "val")
    assert line == "Epoch(val) [0][3/3]    acc: 0.5000"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"custom_cfg": [{"log_name": "a"}]}, "must name a data_src, got {'log_name': 'a'}"),
        ({"custom_cfg": [{"data_src": "a"}] * 2}, "one entry that shows 'a', got two"),
        (
            {"by_epoch": False, "custom_cfg": [{"data_src": "a", "window_size": "epoch"}]},
            "window_size must not be 'epoch'",
        ),
    ],
)
def test_raises_when_statistics_contradict(options, problem):
    with pytest.raises(ValueError, match=problem):
        LogProcessor(**options)


def test_raises_when_a_window_is_unknown():
    processor = LogProcessor(custom_cfg=[{"data_src": "loss", "window_size": "all"}])
    with pytest.raises(ValueError, match="window_size must be an int, 'epoch' or 'global', got 'a"):
        processor.get_log_after_iter(make_runner(), 0, "train")


def test_batches_are_those_of_the_loader_when_it_has_no_end():
    runner = make_runner(train_dataloader=[0] * 7)
    runner.trainer.num_training_batches = float("inf")
    assert count_batches(runner, "train") == 7


@pytest.mark.parametrize(
    ("windows", "longest"), [([], 10), ([30], 30), (["epoch"], 10), (["global", 30], None)]
)
def test_longest_window_is_known(windows, longest):
    custom = [dict(data_src=str(n), window_size=w) for n, w in enumerate(windows)]
    assert LogProcessor(custom_cfg=custom).longest_window(make_runner()) == longest

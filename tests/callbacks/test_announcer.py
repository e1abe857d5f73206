"""Points of mm come in the order of the callbacks, at mm's moments and with mm's counts."""

from typing import Any

import pytest
from lightning.pytorch.callbacks import Callback

from mmlight.callbacks.announcer import POINTS, Announcer, find_announcer
from mmlight.callbacks.validation import Validation
from tests.callbacks.nets import BATCHES, CrashError, Net, build_data, build_trainer


class Listener(Callback):
    """Notes what is announced, and where the run is."""

    def __init__(self, name: str, log: list[Any]) -> None:
        self.name, self.rows = name, log
        for point in POINTS:
            setattr(self, point, self.make(point))

    def make(self, point: str) -> Any:
        def listen(trainer: Any, pl_module: Any) -> None:
            place = find_announcer(trainer).place
            self.rows.append((point, self.name, place.epoch, place.iter, place.mode))

        return listen

    def on_train_batch_end(self, trainer: Any, *_: Any) -> None:
        self.rows.append(("after_train_iter", self.name, *counts(trainer)))


def counts(trainer: Any) -> Any:
    place = find_announcer(trainer).place
    return place.epoch, place.iter, place.mode


def points(log: list[Any], name: str = "a") -> list[Any]:
    return [row[0] for row in log if row[1] == name and row[0] != "after_train_iter"]


def run(announcer: Announcer, *between: Callback, **options: Any) -> list[Any]:
    log: list[Any] = []
    callbacks = (Listener("a", log), *between, Listener("b", log), announcer)
    build_trainer(*callbacks, **options).fit(Net(), build_data())
    return log


EPOCH = ["before_train_epoch", "after_train_epoch"]
VAL = ["before_val", "before_val_epoch", "after_val_epoch", "after_val"]


def test_points_come_in_the_order_of_mm_when_epochs_are_counted():
    log = run(Announcer(), max_epochs=2)
    expected = ["before_run", "before_train"]
    for _ in range(2):  # the end of an epoch comes before its validation
        expected += [*EPOCH, *VAL, "between_epochs"]
    assert points(log) == [*expected, "after_train", "after_run"]
    assert points(log, "b") == points(log)


def test_all_callbacks_meet_a_point_before_any_meets_the_next():
    log = run(Announcer(), max_epochs=1, limit_train_batches=1)
    names = [name for _, name, *_ in log]
    assert names == ["a", "b"] * (len(log) // 2)
    last = [row[:2] for row in log if row[0] in ("after_train_iter", "after_train_epoch")]
    assert last == [
        ("after_train_iter", "a"),
        ("after_train_iter", "b"),
        ("after_train_epoch", "a"),
        ("after_train_epoch", "b"),
    ]


def test_counts_are_those_of_mm_when_asked_at_each_point():
    log = [row for row in run(Announcer(), max_epochs=2) if row[1] == "a"]
    at = {point: [row[2:] for row in log if row[0] == point] for point in POINTS}
    assert at["before_train_epoch"] == [(0, 0, "train"), (1, BATCHES, "train")]
    # in mmengine an epoch counts as done when its validation begins, not when it ends
    assert at["after_train_epoch"] == [(0, BATCHES, "train"), (1, 2 * BATCHES, "train")]
    assert at["before_val_epoch"] == [(1, BATCHES, "val"), (2, 2 * BATCHES, "val")]
    assert at["after_train"] == [(2, 2 * BATCHES, "train")]
    during = [row[3] for row in log if row[0] == "after_train_iter"]
    assert during == list(range(2 * BATCHES))


def test_iterations_are_one_epoch_when_they_are_counted():
    validation = Validation(5, by_epoch=False, last=7)
    log = run(Announcer(), validation, max_iters=7)
    assert points(log) == [
        *("before_run", "before_train", "before_train_epoch", *VAL, *VAL),
        *("after_train_epoch", "after_train", "after_run"),
    ]
    assert {row[2] for row in log} == {0}  # and so no epoch is ever done


def test_old_callbacks_behind_validation_hear_of_an_epoch_after_it():
    log = run(Announcer("0.x"), Validation(), max_epochs=1)
    order = [row[:2] for row in log if row[0] in ("after_train_epoch", "before_val")]
    assert order == [
        ("after_train_epoch", "a"),
        ("before_val", "a"),
        ("before_val", "b"),
        ("after_train_epoch", "b"),
    ]
    epochs = {row[2] for row in log if row[0] in ("after_train_epoch", "before_val")}
    assert epochs == {0}  # in mmcv an epoch is done when all hooks have heard of its end


def test_training_ends_with_the_epoch_when_a_hook_stops_it():
    class Stop(Callback):
        def on_train_batch_end(self, trainer: Any, *_: Any) -> None:
            find_announcer(trainer).stops = trainer.fit_loop.total_batch_idx == BATCHES

    log = run(Announcer(), Stop(), max_epochs=9)
    assert points(log).count("after_train_epoch") == points(log).count("after_val") == 9

    class StopForGood(Stop):
        def on_train_batch_end(self, trainer: Any, *_: Any) -> None:
            if trainer.fit_loop.total_batch_idx == BATCHES:
                find_announcer(trainer).stops = True

    log = run(Announcer(), StopForGood(), max_epochs=9)
    assert points(log).count("after_train_epoch") == points(log).count("after_val") == 2


@pytest.mark.parametrize(("at", "validations"), [(3, 1), (4, 1), (5, 2)])
def test_training_ends_with_the_iteration_when_a_hook_stops_it(at, validations):
    class Stop(Callback):
        def on_train_batch_end(self, trainer: Any, *_: Any) -> None:
            if trainer.fit_loop.total_batch_idx + 1 == at:
                find_announcer(trainer).stops = True

    validation = Validation(3 if at < 5 else 2, by_epoch=False, last=9, at_end=False)
    log = run(Announcer(), Stop(), validation, max_iters=9)
    assert sum(row[:2] == ("after_train_iter", "a") for row in log) == at
    assert points(log).count("after_val") == validations


def test_end_of_an_epoch_is_announced_when_it_is_broken_off():
    log = run(Announcer(), max_epochs=3, max_steps=2)
    assert points(log).count("after_train_epoch") == 1


def test_nothing_is_announced_when_lightning_tries_the_validation():
    log = run(Announcer(), max_epochs=1, num_sanity_val_steps=1)
    assert points(log).count("before_val") == 1


def test_test_and_validation_are_runs_of_their_own():
    log: list[Any] = []
    trainer = build_trainer(Listener("a", log), Announcer())
    for run_stage, mode in ((trainer.validate, "val"), (trainer.test, "test")):
        log.clear()
        run_stage(Net(), build_data(), verbose=False)
        evaluation = [point.replace("val", mode) for point in VAL]
        assert points(log) == ["before_run", *evaluation, "after_run"]


def test_a_run_begins_anew_when_the_last_one_failed():
    log: list[Any] = []

    class Crash(Callback):
        def on_train_start(self, trainer: Any, *_: Any) -> None:
            if len(points(log)) < 2:
                raise CrashError

    trainer = build_trainer(Listener("a", log), Crash(), Announcer(), max_epochs=1)
    with pytest.raises(CrashError):
        trainer.fit(Net(), build_data())
    trainer.fit(Net(), build_data())
    assert points(log)[:2] == ["before_run", "before_run"]


def test_epoch_begins_when_a_run_is_resumed_within(tmp_path):
    path = tmp_path / "a.ckpt"

    class Save(Callback):
        def on_train_batch_end(self, trainer: Any, *_: Any) -> None:
            if trainer.fit_loop.total_batch_idx + 1 == BATCHES + 2:
                trainer.save_checkpoint(path)

    run(Announcer(), Save(), max_epochs=2)
    log: list[Any] = []
    trainer = build_trainer(Listener("a", log), Announcer(), max_epochs=2)
    trainer.fit(Net(), build_data(), ckpt_path=path, weights_only=True)
    begin = next(row for row in log if row[0] == "before_train_epoch")
    assert begin[2:4] == (1, BATCHES + 2)
    assert points(log).count("before_train_epoch") == points(log).count("after_train_epoch") == 1


def test_order_of_hooks_is_written_when_training_starts(caplog):
    order = [["IterTimerHook", 50]]
    with caplog.at_level("INFO", logger="mmlight"):
        run(Announcer(order=order), max_epochs=1)
    assert "before_train_iter:\n(NORMAL      ) IterTimerHook" in caplog.text

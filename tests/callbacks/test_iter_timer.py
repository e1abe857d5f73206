"""The timer splits a step into waiting and working and leaves validation out."""

import time
from typing import Any

import pytest

from mmlight.callbacks import iter_timer
from mmlight.callbacks.iter_timer import IterTimer, find_timer
from tests.callbacks.nets import Net, Probe, build_data, build_trainer


class FakeClock:
    """A clock that moves only when told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(iter_timer.time, "perf_counter", lambda: self.now)

    def pass_seconds(self, seconds: float) -> None:
        self.now += seconds


def test_counts_waiting_and_working_when_stepped(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, timer = FakeClock(monkeypatch), IterTimer()
    none: Any = None
    timer.on_train_start(none, none)
    timer.on_train_epoch_start(none, none)
    for waiting, working in ((1.0, 2.0), (3.0, 4.0)):
        clock.pass_seconds(waiting)
        timer.on_train_batch_start(none, none, none, 0)
        clock.pass_seconds(working)
        timer.on_train_batch_end()
    assert (timer.data_time, timer.iter_time) == (3.0, 7.0)
    assert (timer.total_data_time, timer.total_time, timer.total_batches) == (4.0, 10.0, 2)
    assert timer.mean_time == 5.0
    clock.pass_seconds(100.0)
    timer.on_validation_end(none, none)
    timer.on_train_batch_start(none, none, none, 0)
    assert timer.data_time == 0.0
    timer.on_train_start(none, none)
    assert timer.mean_time == 0.0


def test_leaves_validation_out_when_run() -> None:
    timer, net = IterTimer(), Net()
    net.validation_step = lambda *_: time.sleep(0.05)  # type: ignore[method-assign]
    times: list[float] = []
    probe = Probe(lambda *_: times.append(timer.iter_time))
    trainer = build_trainer(timer, probe, max_epochs=2)
    trainer.fit(net, build_data())
    assert timer.total_batches == len(times) == 8
    assert timer.total_time == pytest.approx(sum(times))
    assert times[4] < 0.05
    assert find_timer(trainer) is timer
    assert find_timer(build_trainer()) is None


def test_starts_its_clock_when_resumed_inside_an_epoch(tmp_path: Any) -> None:
    path = tmp_path / "a.ckpt"

    def save(trainer: Any, _: Any) -> None:
        if trainer.fit_loop.total_batch_idx == 1:
            trainer.save_checkpoint(path)

    build_trainer(Probe(save), max_epochs=1).fit(Net(), build_data())
    timer = IterTimer()
    trainer = build_trainer(timer, max_epochs=1)
    trainer.fit(Net(), build_data(), ckpt_path=path, weights_only=True)
    assert timer.total_batches == 2
    assert 0 < timer.total_time < 30

"""The timer splits a step into waiting and working and leaves validation out."""

from types import SimpleNamespace
from typing import Any

import pytest

from mmlight.callbacks import iter_timer
from mmlight.callbacks.announcer import Announcer
from mmlight.callbacks.iter_timer import IterTimer, find_timer
from mmlight.callbacks.runtime_info import RuntimeInfo
from mmlight.compat.message_hub import MessageHub
from mmlight.hooks.runner_view import find_view
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
    timer.before_train_epoch(none, none)
    for waiting, working in ((1.0, 2.0), (3.0, 4.0)):
        clock.pass_seconds(waiting)
        timer.on_train_batch_start(none, none, none, 0)
        clock.pass_seconds(working)
        timer.on_train_batch_end()
    assert (timer.data_time, timer.iter_time) == (3.0, 7.0)
    assert (timer.total_data_time, timer.total_time, timer.total_batches) == (4.0, 10.0, 2)
    assert timer.mean_time == 5.0
    clock.pass_seconds(100.0)
    timer.after_val(none, none)
    timer.on_train_batch_start(none, none, none, 0)
    assert timer.data_time == 0.0
    timer.on_train_start(none, none)
    assert timer.mean_time == 0.0


def test_estimates_what_is_left_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, timer = FakeClock(monkeypatch), IterTimer()
    timer._view = SimpleNamespace(  # type: ignore[assignment]
        announcer=SimpleNamespace(generation="1.x"), message_hub=MessageHub("timer")
    )
    none: Any = None
    timer.on_train_start(none, none)
    timer.on_train_batch_start(none, none, none, 0)
    clock.pass_seconds(2.0)
    timer.on_train_batch_end()
    timer.before_val_epoch(none, none)
    for _ in range(2):
        clock.pass_seconds(1.0)
        timer.on_validation_batch_start()
        clock.pass_seconds(3.0)
        timer.on_validation_batch_end()
    assert timer.estimate("train", 5) == 10.0
    assert timer.estimate("val", 5) == 20.0
    scalars = timer._view.message_hub.log_scalars  # type: ignore[union-attr]
    found = {name: buffer.data[0].tolist() for name, buffer in scalars.items()}
    assert found == {
        "train/data_time": [0.0], "train/time": [2.0],
        "val/data_time": [1.0, 1.0], "val/time": [4.0, 4.0],
    }  # fmt: skip


def test_times_batches_as_the_generation_does(tmp_path: Any) -> None:
    for generation in ("0.x", "1.x"):
        announcer = Announcer(generation)  # type: ignore[arg-type]
        announcer.run = {"work_dir": str(tmp_path)}
        trainer = build_trainer(RuntimeInfo(), IterTimer(), announcer, max_epochs=2)
        trainer.fit(Net(), build_data())
        view = find_view(trainer)
        if generation == "0.x":
            assert {len(values) for values in view.log_buffer.val_history.values()} == {8}
        else:
            scalars = view.message_hub.log_scalars
            assert len(scalars["train/time"]) == 8
            assert len(scalars["val/time"]) == len(scalars["val/data_time"]) == 4


def test_leaves_validation_out_when_run(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, timer, net = FakeClock(monkeypatch), IterTimer(), Net()
    net.validation_step = lambda *_: clock.pass_seconds(100.0)  # type: ignore[method-assign]
    step = net.training_step

    def training_step(batch: Any, batch_idx: int) -> Any:
        clock.pass_seconds(2.0)
        return step(batch, batch_idx)

    net.training_step = training_step  # type: ignore[method-assign]
    times: list[float] = []
    probe = Probe(lambda *_: times.append(timer.iter_time))
    trainer = build_trainer(timer, probe, max_epochs=2)
    trainer.fit(net, build_data())
    assert times == [2.0] * 8
    assert (timer.total_batches, timer.total_time) == (8, 16.0)
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

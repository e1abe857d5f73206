"""The bar shows the right values when somebody watches, and costs nothing when nobody does."""

from typing import Any

import pytest

from mmlight.callbacks import progress_bar
from mmlight.callbacks.iter_timer import IterTimer
from mmlight.callbacks.progress_bar import ProgressBar, count_batches_left, format_duration
from mmlight.callbacks.validation import Validation
from tests.callbacks.nets import Net, Probe, build_data, build_trainer


@pytest.fixture
def terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> pytest.CaptureFixture[str]:
    """Pretend that somebody watches; return what is printed."""
    monkeypatch.setattr(progress_bar, "is_interactive", lambda: True)
    return capsys


def watch(bar: ProgressBar, *callbacks: Any, endless: bool = False, **flags: Any) -> list[Any]:
    """Train; return what the bar says after each batch."""
    shown: list[Any] = []

    def note(trainer: Any, net: Any) -> None:
        line = bar.train_progress_bar
        shown.append((line.desc, line.n, line.total, bar.get_metrics(trainer, net)))

    flags = {"enable_progress_bar": True, **flags}
    trainer = build_trainer(IterTimer(), bar, Probe(note), *callbacks, **flags)
    trainer.fit(Net([0.5] * 9), build_data(endless))
    return shown


@pytest.mark.parametrize("accumulate", [1, 2])
def test_shows_loss_rate_times_and_eta_when_watched(terminal: Any, accumulate: int) -> None:
    flags = {"max_epochs": 2, "accumulate_grad_batches": accumulate}
    shown = watch(ProgressBar(refresh_rate=2), **flags)
    descriptions, counts, totals, metrics = zip(*shown, strict=True)
    assert [text.rstrip(": ") for text in descriptions] == ["Epoch(train) [1/2]"] * 4 + [
        "Epoch(train) [2/2]"
    ] * 4
    assert counts == (0, 2, 2, 4) * 2
    assert set(totals) == {4}
    assert {"loss", "lr", "time", "data_time", "eta"} <= metrics[0].keys()
    assert metrics[0]["lr"] == "0.1"
    assert float(metrics[0]["loss"]) == pytest.approx(1.2, abs=0.5)  # not divided: log(3) or so
    assert "Epoch(train) [2/2]" in terminal.readouterr().out


@pytest.mark.parametrize("endless", [True, False])
def test_counts_iterations_when_training_does(terminal: Any, endless: bool) -> None:
    rule = Validation(100, by_epoch=False, last=6, at_end=False)
    shown = watch(ProgressBar(1), rule, endless=endless, max_iters=6)
    assert all(text.startswith("Iter(train)") for text, *_ in shown)
    assert [total for _, _, total, _ in shown] == [6 if endless else 4] * 6
    left = [metrics["eta"] for *_, metrics in shown]
    assert left[-1] == "0:00:00"


@pytest.mark.parametrize(("speed", "eta"), [(10.0, "0:01:10"), (1000.0, "1:56:40")])
def test_eta_is_mean_time_times_batches_left(
    terminal: Any, monkeypatch: pytest.MonkeyPatch, speed: float, eta: str
) -> None:
    monkeypatch.setattr(IterTimer, "mean_time", speed)
    shown = watch(ProgressBar(), max_epochs=2)
    assert shown[0][3]["eta"] == eta


def test_reads_no_value_when_the_bar_is_not_drawn(
    terminal: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bar, read = ProgressBar(refresh_rate=3), []
    get_metrics = bar.get_metrics
    monkeypatch.setattr(bar, "get_metrics", lambda *args: read.append(1) or get_metrics(*args))
    trainer = build_trainer(bar, enable_progress_bar=True, max_epochs=1, limit_val_batches=0)
    trainer.fit(Net(), build_data())
    assert len(read) == 3  # after batches 3 and 4, and at the end of the epoch


def test_is_silent_when_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    bar = ProgressBar()
    assert bar.is_disabled
    build_trainer(bar, enable_progress_bar=True, max_epochs=1).fit(Net(), build_data())
    assert bar._outputs is None  # so nothing was read
    assert "Epoch" not in capsys.readouterr().out


def test_shows_a_bar_when_validation_and_test_run_alone(terminal: Any) -> None:
    trainer = build_trainer(ProgressBar(), enable_progress_bar=True)
    trainer.validate(Net([0.5]), build_data(), verbose=False)
    trainer.test(Net(), build_data(), verbose=False)
    text = terminal.readouterr().out
    assert "Validation" in text
    assert "Testing" in text


def test_names_the_epoch_when_resumed_inside_it(terminal: Any, tmp_path: Any) -> None:
    path = tmp_path / "a.ckpt"

    def save(trainer: Any, _: Any) -> None:
        if trainer.fit_loop.total_batch_idx == 5:
            trainer.save_checkpoint(path)

    build_trainer(Probe(save), max_epochs=2).fit(Net(), build_data())
    bar, shown = ProgressBar(1), []
    probe = Probe(lambda *_: shown.append((bar.train_progress_bar.desc, bar.train_progress_bar.n)))
    trainer = build_trainer(bar, probe, enable_progress_bar=True, max_epochs=2)
    trainer.fit(Net(), build_data(), ckpt_path=path, weights_only=True)
    assert shown == [("Epoch(train) [2/2]: ", 3), ("Epoch(train) [2/2]: ", 4)]


def test_counts_no_batches_left_when_training_has_no_end() -> None:
    trainer: Any = build_trainer(max_epochs=-1)
    assert count_batches_left(trainer) is None
    assert format_duration(86399.9) == "23:59:59"
    assert not progress_bar.is_interactive()

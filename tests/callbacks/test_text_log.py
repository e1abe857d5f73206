"""The log's lines hold the right values, at the right places, at little cost."""

import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from mmlight.callbacks import text_log
from mmlight.callbacks.iter_timer import IterTimer
from mmlight.callbacks.text_log import TextLog, mean_by_name
from mmlight.callbacks.validation import Validation
from tests.callbacks.nets import BATCHES, Net, Probe, build_data, build_trainer


def read(folder: Path) -> list[dict[str, Any]]:
    (path,) = folder.glob("*.log.json")
    assert re.fullmatch(r"\d{8}_\d{6}\.log\.json", path.name)
    return [json.loads(line, parse_constant=pytest.fail) for line in path.read_text().splitlines()]


def fit(log: TextLog, timer: bool = True, scores: Any = None, **flags: Any) -> list[float]:
    losses: list[float] = []
    net = Net(scores)
    step = net.training_step

    def training_step(batch: Any, batch_idx: int) -> dict[str, Tensor]:
        values = step(batch, batch_idx)
        losses.append(values["loss"].item())
        return values

    net.training_step = training_step  # type: ignore[method-assign]
    iterations = flags.get("max_iters")
    rule = Validation(5 if iterations else 1, by_epoch=not iterations, last=iterations)
    callbacks = [IterTimer(), log] if timer else [log]
    build_trainer(*callbacks, rule, **flags).fit(net, build_data())
    return losses


@pytest.mark.parametrize("accumulate", [1, 2])
def test_writes_means_when_an_interval_is_full(tmp_path: Path, accumulate: int) -> None:
    log = TextLog(str(tmp_path), interval=2)
    losses = fit(log, scores=[0.25, 0.5], max_epochs=2, accumulate_grad_batches=accumulate)
    rows = read(tmp_path)
    places = [(row["mode"], row["epoch"], row.get("iter")) for row in rows]
    assert places == [
        ("train", 1, 2), ("train", 1, 4), ("val", 1, None),
        ("train", 2, 2), ("train", 2, 4), ("val", 2, None),
    ]  # fmt: skip
    train = [row for row in rows if row["mode"] == "train"]
    expected = [sum(losses[n : n + 2]) / 2 for n in range(0, 8, 2)]
    assert [row["loss"] for row in train] == pytest.approx(expected, rel=1e-6)
    assert [row["accuracy"] for row in train] == [0.5, 2.5, 0.5, 2.5]
    assert all(0 < row["data_time"] < row["time"] < 5 and row["lr"] == 0.1 for row in train)
    assert [row["acc/top1"] for row in rows if row["mode"] == "val"] == [0.25, 0.5]


@pytest.mark.parametrize(
    ("options", "iters"),
    [
        ({"interval": 3}, [3, 3]),
        ({"interval": 3, "ignore_last": False}, [3, 4, 3, 4]),
        ({"interval": 4}, [4, 4]),
        ({"interval": 9}, [4, 4]),  # shorter than one interval
    ],
)
def test_counts_in_the_epoch_when_training_counts_epochs(
    tmp_path: Path, options: dict[str, Any], iters: list[int]
) -> None:
    losses = fit(TextLog(str(tmp_path), **options), max_epochs=2)
    rows = [row for row in read(tmp_path) if row["mode"] == "train"]
    assert [row["iter"] for row in rows] == iters
    first = [row for row in rows if row["epoch"] == 2][0]  # noqa: RUF015
    start = first["iter"]  # losses of the unfilled interval before are gone
    assert first["loss"] == pytest.approx(sum(losses[BATCHES:][:start]) / start, rel=1e-6)


def test_counts_from_the_start_when_training_counts_iterations(tmp_path: Path) -> None:
    losses = fit(TextLog(str(tmp_path), interval=3), max_iters=10)
    rows = read(tmp_path)
    assert [row["iter"] for row in rows if row["mode"] == "train"] == [3, 6, 9]
    assert [row["iter"] for row in rows if row["mode"] == "val"] == [5, 10]
    assert rows[2]["loss"] == pytest.approx(sum(losses[3:6]) / 3, rel=1e-6)
    (path,) = tmp_path.glob("*.log")
    assert "Iter(train) [6/10] lr: 0.1" in path.read_text()


def test_text_has_order_epochs_and_eta_when_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("mmlight"), "propagate", True)
    monkeypatch.setattr(text_log, "count_batches_left", lambda _: 1000)
    monkeypatch.setattr(IterTimer, "mean_time", 3.7)
    with caplog.at_level(logging.INFO, "mmlight"):
        fit(TextLog(str(tmp_path), interval=4), scores=[0.125], max_epochs=1)
    (path,) = tmp_path.glob("*.log")
    text = path.read_text()
    assert "callbacks in order: IterTimer, TextLog, Validation" in text
    assert re.search(r"Epoch\(train\) \[1\]\[4/4\] lr: 0\.1  time: .* loss: .*  eta: 1:01:40", text)
    assert "Epoch(val) [1] acc/top1: 0.1250  val_loss: -0.1250" in text
    assert "eta: 1:01:40" in caplog.text  # printed where there is no terminal


def test_works_when_there_is_no_timer(tmp_path: Path) -> None:
    fit(TextLog(str(tmp_path), interval=4), timer=False, max_epochs=1)
    row = read(tmp_path)[0]
    assert "time" not in row
    assert "loss" in row
    (path,) = tmp_path.glob("*.log")
    assert "eta" not in path.read_text()


def test_says_so_when_a_loss_is_not_finite(tmp_path: Path) -> None:
    net = Net(lr=1e30)
    log = TextLog(str(tmp_path), interval=1)
    build_trainer(log, max_epochs=1, limit_val_batches=0).fit(net, build_data())
    assert read(tmp_path)[-1]["loss"] is None
    (path,) = tmp_path.glob("*.log")
    assert "warning: loss is nan" in path.read_text()


def test_writes_nothing_when_validation_or_test_runs_alone(tmp_path: Path) -> None:
    trainer = build_trainer(IterTimer(), TextLog(str(tmp_path)))
    trainer.validate(Net([0.5]), build_data(), verbose=False)
    trainer.test(Net(), build_data(), verbose=False)
    assert not list(tmp_path.iterdir())


def test_keeps_nothing_when_it_is_not_the_first_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, sizes = TextLog(str(tmp_path), interval=2), []
    probe = Probe(lambda *_: sizes.append(len(log._losses)))
    trainer = build_trainer(log, probe, max_epochs=2, limit_val_batches=0)
    monkeypatch.setattr(type(trainer), "is_global_zero", False)
    trainer.fit(Net(), build_data())
    assert set(sizes) == {0}
    assert not list(tmp_path.iterdir())


def test_keeps_one_interval_at_most_when_run(tmp_path: Path) -> None:
    log, sizes = TextLog(str(tmp_path), interval=3), []
    probe = Probe(lambda *_: sizes.append(len(log._losses)))
    build_trainer(log, probe, max_epochs=3, limit_val_batches=0).fit(Net(), build_data())
    assert sizes == [1, 2, 0, 0] * 3


class Operations(TorchDispatchMode):
    """Notes every operation that makes the CPU wait for a value."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.append(str(func))
        return func(*args, **(kwargs or {}))


def test_runs_no_operation_when_an_interval_is_not_full(tmp_path: Path) -> None:
    log = TextLog(str(tmp_path), interval=100)
    trainer = build_trainer(log, max_epochs=1, limit_val_batches=0)
    counted: list[list[str]] = []
    inner = log.on_train_batch_end

    def outer(*args: Any) -> None:
        with Operations() as operations:
            inner(*args)
        counted.append(operations.names)

    log.on_train_batch_end = outer  # type: ignore[method-assign]
    trainer.fit(Net(), build_data())
    assert counted[:3] == [[], [], []]
    assert any("stack" in name for name in counted[3])
    assert not any("scalar" in name for name in counted[3])  # all values in one transfer


def test_averages_what_is_there_when_names_differ() -> None:
    rows = [{"a": torch.tensor(1)}, {"a": torch.tensor([4.0]), "b": torch.tensor(True)}]
    assert mean_by_name(rows) == {"a": 2.5, "b": 1.0}
    assert mean_by_name([]) == {}


def test_raises_when_interval_is_zero(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="interval must be 1 or more, got 0"):
        TextLog(str(tmp_path), interval=0)


def test_closes_the_files_when_training_fails(tmp_path: Path) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("broken at the end of the epoch")

    log = TextLog(str(tmp_path), interval=2)
    trainer = build_trainer(IterTimer(), log, Probe(fail, "on_train_epoch_end"), max_epochs=1)
    with pytest.raises(RuntimeError, match="broken at the end"):
        trainer.fit(Net(), build_data())
    assert log._files is None
    assert [row["iter"] for row in read(tmp_path) if row["mode"] == "train"] == [2, 4]

"""What lines of the log are made of is recorded, at little cost, and resumed."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from mmlight.callbacks.announcer import Announcer
from mmlight.callbacks.iter_timer import IterTimer
from mmlight.callbacks.log_writer import LogWriter
from mmlight.callbacks.run_log import RunLog
from mmlight.callbacks.runtime_info import RuntimeInfo
from mmlight.callbacks.validation import Validation
from mmlight.compat.log_processor import LogProcessor
from mmlight.compat.logger_hook import LoggerHook
from mmlight.compat.text_logger_hook import TextLoggerHook
from mmlight.hooks.runner_view import find_view
from tests.callbacks.nets import BATCHES, Net, Probe, build_data, build_trainer


def announcer(folder: Path, generation: Any = "1.x") -> Announcer:
    made = Announcer(generation)
    made.run = {"work_dir": str(folder)}
    return made


class Operations(TorchDispatchMode):
    """Notes every operation on tensors, and so each that makes the CPU wait for a value."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.append(str(func))
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("generation", ["0.x", "1.x"])
def test_runs_no_operation_when_no_line_is_due(tmp_path: Path, generation: Any) -> None:
    hook: Any = TextLoggerHook(interval=3) if generation == "0.x" else LoggerHook(interval=3)
    parts: list[Any] = [RuntimeInfo(), IterTimer(), LogWriter(hook)]
    counted: list[list[str]] = [[] for _ in range(BATCHES)]

    def watch(inner: Any) -> Any:
        def outer(*args: Any) -> None:
            with Operations() as operations:
                inner(*args)
            counted[args[-1]] += operations.names

        return outer

    for part in parts:
        part.on_train_batch_start = watch(part.on_train_batch_start)
        part.on_train_batch_end = watch(part.on_train_batch_end)
    callbacks = [RunLog(), *parts, announcer(tmp_path, generation)]
    build_trainer(*callbacks, max_epochs=1, limit_val_batches=0).fit(Net(), build_data())
    assert [bool(names) for names in counted] == [False, False, True, False]


@pytest.mark.parametrize("accumulate", [1, 2])
def test_hub_has_rate_losses_and_results_when_new(tmp_path: Path, accumulate: int) -> None:
    seen: list[Any] = []

    def look(trainer: Any, _: Any) -> None:
        hub = find_view(trainer).message_hub
        seen.append((hub.get_scalar("train/accuracy").current(), hub.get_info("iter")))

    losses: list[float] = []
    net = Net([0.25, 0.5])
    step = net.training_step

    def training_step(batch: Any, batch_idx: int) -> Any:
        values = step(batch, batch_idx)
        losses.append(values["loss"].item())
        return values

    net.training_step = training_step  # type: ignore[method-assign]
    callbacks = [RuntimeInfo(), Probe(look), Validation(), announcer(tmp_path)]
    trainer = build_trainer(*callbacks, max_epochs=2, accumulate_grad_batches=accumulate)
    trainer.fit(net, build_data())
    hub = find_view(trainer).message_hub
    assert hub.get_scalar("train/loss").data[0].tolist() == pytest.approx(losses, rel=1e-6)
    assert hub.get_scalar("train/lr").data[0].tolist() == [0.1] * 2 * BATCHES
    assert hub.get_scalar("val/acc/top1").data[0].tolist() == [0.25, 0.5]
    assert seen == [(index % BATCHES, index) for index in range(2 * BATCHES)]


def test_buffer_weighs_by_samples_when_old(tmp_path: Path) -> None:
    info = RuntimeInfo()
    trainer = build_trainer(info, announcer(tmp_path, "0.x"), max_epochs=1, limit_val_batches=0)
    net = Net()
    trainer.fit(net, build_data())
    buffer = find_view(trainer).log_buffer
    assert list(buffer.val_history) == ["accuracy", "loss"]  # the sum of the losses comes last
    assert buffer.n_history["loss"] == [3] * BATCHES


def test_forgets_the_run_before_when_another_begins(tmp_path: Path) -> None:
    for _ in range(2):
        trainer = build_trainer(RuntimeInfo(), announcer(tmp_path), max_epochs=1)
        trainer.fit(Net([0.5]), build_data())
    assert len(find_view(trainer).message_hub.get_scalar("train/loss")) == BATCHES


def train(folder: Path, *extra: Any, resume: Path | None = None) -> list[dict[str, Any]]:
    custom = {"data_src": "loss", "log_name": "all", "method_name": "max", "window_size": "global"}
    log = RunLog(LogProcessor(window_size=5, custom_cfg=[custom]))
    callbacks = [log, RuntimeInfo(), IterTimer(), *extra, LogWriter(LoggerHook(interval=2))]
    trainer = build_trainer(*callbacks, announcer(folder), max_epochs=3, limit_val_batches=0)
    trainer.fit(Net(), build_data(), ckpt_path=resume, weights_only=True)
    rows = [json.loads(line) for line in min(folder.rglob("scalars.json")).read_text().splitlines()]
    return [{k: v for k, v in row.items() if not k.endswith("time")} for row in rows]


def test_lines_go_on_when_a_run_is_resumed(tmp_path: Path) -> None:
    path = tmp_path / "a.ckpt"

    def save(trainer: Any, _: Any) -> None:
        if trainer.fit_loop.total_batch_idx == 6:
            hub = find_view(trainer).message_hub
            hub.update_info("mine", [1, torch.ones(2)])
            hub.update_info("lost", object())
            trainer.save_checkpoint(path)

    whole = train(tmp_path / "whole", Probe(save))
    found: list[Any] = []
    probe = Probe(lambda trainer, _: found.append(find_view(trainer).message_hub.get_info("mine")))
    resumed = train(tmp_path / "resumed", probe, resume=path)
    assert resumed == whole[3:]
    assert found[0][0] == 1


@pytest.mark.parametrize("generation", ["0.x", "1.x"])
def test_a_loss_is_recorded_when_the_head_has_it_only_later(
    tmp_path: Path, generation: Any
) -> None:
    net = Net()
    step = net.training_step

    def training_step(batch: Any, batch_idx: int) -> Any:
        values = step(batch, batch_idx)
        return values | ({"loss_late": values["loss"].detach()} if batch_idx == 2 else {})

    net.training_step = training_step  # type: ignore[method-assign]
    callbacks = [RuntimeInfo(), announcer(tmp_path, generation)]
    trainer = build_trainer(*callbacks, max_epochs=1, limit_val_batches=0)
    trainer.fit(net, build_data())
    view = find_view(trainer)
    if generation == "0.x":
        assert len(view.log_buffer.val_history["loss_late"]) == 1
    else:
        assert len(view.message_hub.get_scalar("train/loss_late")) == 1

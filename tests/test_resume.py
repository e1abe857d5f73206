"""A run that is broken off anywhere and resumed ends as one that never was, bit by bit."""

import contextlib
import json
import multiprocessing
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from mmlight.callbacks.checkpoint import Checkpoint
from mmlight.checkpoints import find_resume_point
from mmlight.run import fit, read_spec
from mmlight.spec import Call, Spec
from mmlight.weights.newest import find_newest
from mmlight.weights.read import read_checkpoint
from tests.callbacks.nets import Net, Probe, build_data, build_trainer
from tests.runs import (
    LENET_NEW,
    LENET_OLD,
    assert_same_weights,
    command,
    environment,
    run,
    weights_of,
    write_config,
)

BATCHES = 5
PIPELINE = """
pipeline = [
    dict(type='Resize', scale=32), dict(type='RandomCrop', crop_size=32, padding=4),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackInputs')]
train_dataloader['dataset'].update(pipeline=pipeline)
"""
EACH = "dict(type='CheckpointHook', interval=1, by_epoch=False, save_best='auto')"
ITERATIONS = "train_cfg = dict(by_epoch=False, max_iters=15, val_interval=4)\n"
CONFIGS = {
    "schedules of validations, early stopping, EMA, accumulation": (
        LENET_NEW
        + PIPELINE
        + f"""
default_hooks['checkpoint'] = {EACH}
optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.05, momentum=0.9), accumulative_counts=4,
    clip_grad=dict(max_norm=1.0), paramwise_cfg=dict(bias_lr_mult=2.0))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, end=7),
    dict(type='CosineAnnealingMomentum', T_max=3, by_epoch=True, eta_min=0.5),
    dict(type='ReduceOnPlateauLR', monitor='accuracy/top1', rule='greater', factor=0.5,
         patience=0, threshold=0.2)]
custom_hooks = [
    dict(type='EMAHook', momentum=0.1, interval=2),
    dict(type='EarlyStoppingHook', monitor='accuracy/top1', patience=9)]
"""
    ),
    "0.x, EMA, momentum, accumulation": (
        LENET_OLD
        + """
checkpoint_config = dict(interval=1, by_epoch=False)
evaluation.update(save_best='auto')
optimizer = dict(type='AdamW', lr=0.003, weight_decay=0.1, paramwise_cfg=dict(bias_decay_mult=0.))
optimizer_config = dict(type='GradientCumulativeOptimizerHook', cumulative_iters=4)
lr_config = dict(policy='cyclic', step_ratio_up=0.4, target_ratio=(5, 0.1))
momentum_config = dict(policy='cyclic', step_ratio_up=0.4, target_ratio=(0.9, 1))
custom_hooks = [dict(type='EMAHook', momentum=0.1, interval=2, warm_up=5)]
"""
    ),
    "iterations of passes": (
        LENET_NEW
        + PIPELINE
        + ITERATIONS
        + f"default_hooks['checkpoint'] = {EACH}\n"
        + "param_scheduler = dict(type='PolyLR', by_epoch=False, end=15)\n"
        + "custom_hooks = [dict(type='EMAHook', momentum=0.1, begin_iter=3)]\n"
    ),
    "endless iterations": (
        LENET_NEW
        + PIPELINE
        + ITERATIONS
        + f"default_hooks['checkpoint'] = {EACH}\n"
        + "train_dataloader.update(sampler=dict(type='InfiniteSampler', shuffle=True))\n"
        + "optim_wrapper = dict(optimizer=dict(type='RMSprop', lr=0.001, momentum=0.9))\n"
        + "param_scheduler = dict(type='CosineRestartLR', by_epoch=False, periods=[6, 9],"
        " restart_weights=[1, 0.5], eta_min=0)\n"
    ),
}
FIRST, EPOCHS = next(iter(CONFIGS)), "saved after epochs"
CONFIGS[EPOCHS] = CONFIGS[FIRST].replace("by_epoch=False, save_best", "save_best")
BREAKS = [(1, 4), (5, 8), (9, 10), (3, 14)]
"""After which batches a run is broken off twice: the first, the last of an epoch, any other."""


def train(config: Path, folder: Path, start: Path | None, workers: int) -> tuple[Any, Any]:
    """Train or go on; return the losses by number of the batch, and the last checkpoint."""
    words = {"work_dir": str(folder)}
    spec = read_spec(config, words)
    trainer = {**spec.trainer, "accelerator": "cpu", "limit_val_batches": 2}
    if "InfiniteSampler" not in config.read_text():
        trainer["limit_train_batches"] = BATCHES
    recorder = Call("tests.runs.LossByBatch")
    spec = replace(
        spec,
        trainer=trainer,
        callbacks=(recorder, *spec.callbacks),
        resume=False if start is None else str(start),
    )
    data = replace(spec.data["train"], kwargs={**spec.data["train"].kwargs, "num_workers": workers})
    parts = fit(replace(spec, data={**spec.data, "train": data}))
    newest = find_newest(str(folder))
    assert newest is not None
    return parts.callbacks[0].losses, read_checkpoint(newest)


def list_values(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield what is inside of dicts and lists by its place, but for times, paths and logs."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key == "scalars":
                continue
            yield from list_values(item, f"{path}.{key}")
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from list_values(item, f"{path}[{index}]")
    elif not path.endswith((".time", ".spec", ".cfg", ".config")) and ".ckpt" not in str(value):
        yield path, value


def assert_same_content(ours: Any, theirs: Any) -> None:
    """Compare two checkpoints bit by bit."""
    mine, others = dict(list_values(ours)), dict(list_values(theirs))
    assert mine.keys() == others.keys()
    for path, value in others.items():
        is_equal = torch.equal if isinstance(value, Tensor) else lambda a, b: a == b
        assert is_equal(mine[path], value), path


@pytest.fixture(scope="module")
def wholes(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return what an unbroken run gave, made once for each config."""
    made: dict[Any, Any] = {}

    def make(name: str, workers: int) -> Any:
        if (name, workers) not in made:
            folder = tmp_path_factory.mktemp("whole")
            config = write_config(folder, CONFIGS[name])
            made[name, workers] = (config, folder, *train(config, folder, None, workers))
        return made[name, workers]

    return make


CASES = [(name, pair, 0) for name in CONFIGS if name != EPOCHS for pair in BREAKS]
CASES += [(name, (3, 8), 2) for name in (FIRST, "endless iterations")]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "breaks", "workers"), CASES)
def test_ends_as_an_unbroken_run_when_resumed_twice(
    wholes: Any, name: str, breaks: tuple[int, int], workers: int, tmp_path: Path
) -> None:
    config, folder, losses, last = wholes(name, workers)
    for start in breaks:
        mine, content = train(config, tmp_path, folder / f"iter_{start}.ckpt", workers)
        assert mine == {number: loss for number, loss in losses.items() if number > start}
        assert_same_content(content, last)
        folder = tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["epoch_{}", "best_accuracy_top1_epoch_{}"], ids=["last", "best"])
def test_ends_as_an_unbroken_run_when_resumed_between_epochs(
    wholes: Any, kind: str, tmp_path: Path
) -> None:
    config, folder, losses, last = wholes(EPOCHS, 0)
    for epoch in (1, 2):
        path = folder / f"{kind.format(epoch)}.ckpt"
        if path.exists():  # the best one is one of them
            mine, content = train(config, tmp_path / str(epoch), path, 0)
            assert mine == {n: loss for n, loss in losses.items() if n > epoch * BATCHES}
            assert_same_content(content, last)
    assert any((folder / f"{kind.format(epoch)}.ckpt").exists() for epoch in (1, 2, 3))


# -------------------------------------------------------------------- killed


FLAGS = ("--deterministic", "--trainer.limit_train_batches", "20", "--trainer.accelerator", "cpu")


def _kill_in_epoch(process: subprocess.Popen[bytes], work_dir: Path, epoch: int) -> None:
    """Kill -9 when the log says that the run is in the middle of an epoch."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for log in work_dir.rglob("*.log.json"):
            rows = [json.loads(line) for line in log.read_text().splitlines() if line.endswith("}")]
            if any(r.get("epoch") == epoch and r.get("iter", 0) >= 5 for r in rows):
                process.send_signal(signal.SIGKILL)
                process.wait()
                return
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.005)
    raise TimeoutError("the run never came to the epoch")


@pytest.mark.slow
def test_ends_in_the_same_weights_when_killed_in_an_epoch(tmp_path: Path) -> None:
    config = write_config(tmp_path, LENET_OLD)
    options = ("--config", config, *FLAGS, "--cfg-options", "data.workers_per_gpu=2")
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert run("fit", *options, "--work-dir", whole).returncode == 0

    words = command("fit", *options, "--work-dir", killed)
    process = subprocess.Popen(words, env=environment(), stderr=subprocess.DEVNULL)
    _kill_in_epoch(process, killed, epoch=2)
    assert not (killed / "epoch_3.ckpt").exists()
    resumed = run("fit", *options, "--work-dir", killed, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert "resuming from" in resumed.stderr
    assert_same_weights(weights_of(killed / "epoch_3.ckpt"), weights_of(whole / "epoch_3.ckpt"))


HEAVY = 12_000_000
"""Numbers that are added to each checkpoint, so that writing it takes a while."""


def _train_heavy(folder: Path, path: str | None = None) -> dict[str, Tensor]:
    """Train a tiny net that saves large files; return its weights."""

    def add(trainer: Any, module: Any, checkpoint: dict[str, Any]) -> None:
        checkpoint["heavy"] = torch.rand(HEAVY)

    saver = Checkpoint(str(folder), by_epoch=False, max_keep_ckpts=3)
    net, trainer = Net(), build_trainer(Probe(add, "on_save_checkpoint"), saver, max_epochs=2)
    trainer.fit(net, build_data(), ckpt_path=path, weights_only=True)
    return net.state_dict()


def _wait_for_part(folder: Path, share: float) -> None:
    """Wait until so much of the third file is written."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for part in folder.glob("iter_*.part"):
            with contextlib.suppress(FileNotFoundError):
                if (folder / "iter_2.ckpt").exists() and part.stat().st_size > 4 * HEAVY * share:
                    return
    raise TimeoutError("no file was ever being written")


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.0, 0.4, 0.8])
def test_goes_on_from_the_newest_whole_file_when_killed_while_writing(
    share: float, tmp_path: Path
) -> None:
    whole = _train_heavy(tmp_path / "whole")
    folder = tmp_path / "killed"
    process = multiprocessing.get_context("spawn").Process(target=_train_heavy, args=(folder,))
    process.start()
    _wait_for_part(folder, share)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    for path in folder.glob("*.ckpt"):
        read_checkpoint(path)  # every one is whole, its sums are right
    newest = find_newest(str(folder))
    assert newest is not None
    assert int(Path(newest).stem.removeprefix("iter_")) >= 2
    ours = _train_heavy(folder, newest)
    assert_same_weights(ours, whole)
    assert not list(folder.glob("*.part"))


# -------------------------------------------------------------------- finding


def test_starts_afresh_when_there_is_nothing_to_resume(tmp_path: Path) -> None:
    assert find_resume_point(Spec(model={}, work_dir=str(tmp_path), resume=True)) is None

"""Checkpoints appear under mm's names, at mm's times, and know of each other after resuming."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.fabric.plugins.io import TorchCheckpointIO
from lightning.pytorch.callbacks import Callback

from mmlight.callbacks.announcer import Announcer
from mmlight.callbacks.checkpoint import Checkpoint
from mmlight.callbacks.checkpoint_files import WholeFiles
from mmlight.callbacks.ema import EMA
from mmlight.callbacks.validation import Validation
from mmlight.hooks.hook import Hook
from mmlight.hooks.hook_callback import HookCallback
from mmlight.hooks.save_points import complete_checkpoint
from mmlight.weights.newest import find_newest
from tests.callbacks.nets import CrashError, Net, Probe, build_data, build_trainer


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.ckpt") if path.name != "last.ckpt")


def crash_at(batch: int) -> Any:
    def action(trainer: Any, _: Any) -> None:
        if trainer.fit_loop.total_batch_idx + 1 == batch:
            raise CrashError

    return action


def fit(folder: Path, scores: Any = None, path: Any = None, **options: Any) -> Any:
    keys = ("max_iters", "max_epochs", "accumulate_grad_batches", "fast_dev_run", "action")
    flags = {key: options.pop(key) for key in keys if key in options}
    probe, net = Probe(flags.pop("action", None)), Net(scores)
    by_epoch, last = "max_iters" not in flags, flags.get("max_iters")
    validation = Validation(options.pop("validate", 1), by_epoch=by_epoch, last=last)
    saver = Checkpoint(str(folder), **{"by_epoch": by_epoch, **options})
    trainer = build_trainer(validation, saver, probe, **flags)
    trainer.fit(net, build_data(), ckpt_path=path, weights_only=True)
    return trainer


# -------------------------------------------------------------------- the newest


@pytest.mark.parametrize(
    ("options", "epochs"),
    [
        ({"interval": 1}, [1, 2, 3, 4, 5]),
        ({"interval": 2}, [2, 4, 5]),
        ({"interval": 2, "save_last": False}, [2, 4]),
        ({"interval": -1}, [5]),
        ({"interval": 2, "save_begin": 1, "save_last": False}, [1, 3, 5]),
        ({"interval": 2, "save_begin": 4}, [4, 5]),
        ({"interval": 1, "max_keep_ckpts": 2}, [4, 5]),
        ({"interval": 2, "max_keep_ckpts": 2}, [4, 5]),
    ],
)
def test_saves_epochs_when_due(tmp_path: Path, options: dict[str, Any], epochs: list[int]) -> None:
    fit(tmp_path, max_epochs=5, **options)
    assert names(tmp_path) == [f"epoch_{epoch}.ckpt" for epoch in epochs]
    assert os.readlink(tmp_path / "last.ckpt") == "epoch_5.ckpt" or 5 not in epochs
    state = torch.load(tmp_path / f"epoch_{epochs[0]}.ckpt", weights_only=True)
    assert state["global_step"] == 4 * epochs[0]


@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.parametrize(
    ("options", "iterations"),
    [
        ({"interval": 3}, [10, 3, 6, 9]),
        ({"interval": 5, "save_last": False}, [10, 5]),
        ({"interval": 3, "max_keep_ckpts": 1}, [10]),
    ],
)
def test_counts_batches_when_saving_iterations(
    tmp_path: Path, options: dict[str, Any], iterations: list[int], accumulate: int
) -> None:
    fit(tmp_path, max_iters=10, accumulate_grad_batches=accumulate, **options)
    assert names(tmp_path) == [f"iter_{iteration}.ckpt" for iteration in iterations]
    assert os.readlink(tmp_path / "last.ckpt") == "iter_10.ckpt"


def test_saves_iterations_when_training_counts_epochs(tmp_path: Path) -> None:
    fit(tmp_path, max_epochs=2, interval=3, by_epoch=False)
    assert names(tmp_path) == ["iter_3.ckpt", "iter_6.ckpt", "iter_8.ckpt"]


def test_saves_nothing_twice_when_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    save = WholeFiles.save_checkpoint

    def note(self: Any, checkpoint: Any, path: str, *options: Any, **more: Any) -> None:
        written.append(os.path.basename(path))
        save(self, checkpoint, path)

    monkeypatch.setattr(WholeFiles, "save_checkpoint", note)
    fit(tmp_path, [0.1, 0.3, 0.2], max_epochs=3, save_best="acc/top1")
    assert written == [
        "epoch_1.ckpt", "best_acc_top1_epoch_1.ckpt", "epoch_2.ckpt", "best_acc_top1_epoch_2.ckpt",
        "epoch_3.ckpt",
    ]  # fmt: skip
    best, newest = tmp_path / "best_acc_top1_epoch_2.ckpt", tmp_path / "epoch_2.ckpt"
    assert os.path.samefile(best, newest)  # another name for the same file


def test_saves_nothing_when_the_run_is_a_trial(tmp_path: Path) -> None:
    fit(tmp_path, [0.1], fast_dev_run=True, save_best="acc/top1")
    assert not list(tmp_path.iterdir())


def test_saves_nothing_when_validation_runs_alone(tmp_path: Path) -> None:
    trainer = build_trainer(Checkpoint(str(tmp_path), save_best="acc/top1"))
    trainer.validate(Net([0.5]), build_data(), verbose=False)
    assert not list(tmp_path.iterdir())


# -------------------------------------------------------------------- the best


@pytest.mark.parametrize(
    ("best", "kept"),
    [
        ({"save_best": "acc/top1"}, "best_acc_top1_epoch_3.ckpt"),
        ({"save_best": "auto"}, "best_acc_top1_epoch_3.ckpt"),
        ({"save_best": "auto", "rule": "less"}, "best_acc_top1_epoch_2.ckpt"),
        ({"save_best": "val_loss"}, "best_val_loss_epoch_3.ckpt"),
        ({"save_best": "val_loss", "rule": "greater"}, "best_val_loss_epoch_2.ckpt"),
    ],
)
def test_keeps_the_best_when_scores_change(tmp_path: Path, best: dict[str, Any], kept: str) -> None:
    scores = [0.2, 0.1, 0.7, 0.7, float("nan")]
    trainer = fit(tmp_path, scores, max_epochs=5, max_keep_ckpts=1, **best)
    assert names(tmp_path) == [kept, "epoch_5.ckpt"]
    assert trainer.checkpoint_callback.best_model_path == str(tmp_path / kept)


def test_keeps_the_best_of_each_when_there_are_several(tmp_path: Path) -> None:
    best = {"save_best": ["acc/top1", "val_loss"], "rule": ["greater", "greater"]}
    fit(tmp_path, [0.5, 0.1, 0.2], max_epochs=3, interval=-1, save_last=False, **best)
    assert names(tmp_path) == ["best_acc_top1_epoch_1.ckpt", "best_val_loss_epoch_2.ckpt"]


def test_never_keeps_nan_when_it_comes_first(tmp_path: Path) -> None:
    scores = [float("nan"), 0.1]
    fit(tmp_path, scores, max_epochs=2, save_best="acc/top1", interval=-1, save_last=False)
    assert names(tmp_path) == ["best_acc_top1_epoch_2.ckpt"]


def test_newest_knows_the_best_of_its_iteration_when_both_are_saved(tmp_path: Path) -> None:
    options = {"interval": 5, "validate": 5, "save_best": "acc/top1"}
    fit(tmp_path, [0.1, 0.2], max_iters=10, **options)
    assert names(tmp_path) == ["best_acc_top1_iter_10.ckpt", "iter_10.ckpt", "iter_5.ckpt"]
    (state,) = torch.load(tmp_path / "iter_5.ckpt", weights_only=True)["callbacks"].values()
    assert state["best"]["acc/top1"][0] == pytest.approx(0.1)


class Folders(TorchCheckpointIO):
    """Writes a folder for a checkpoint, as strategies do that cut a model up."""

    def save_checkpoint(self, checkpoint: Any, path: Any, storage_options: Any = None) -> None:
        super().save_checkpoint(checkpoint, Path(path) / "part_0.ckpt")


def test_best_and_newest_are_written_each_when_they_are_folders(tmp_path: Path) -> None:
    saver = Checkpoint(str(tmp_path), save_best="acc/top1", max_keep_ckpts=1)
    trainer = build_trainer(Validation(), saver, max_epochs=2, plugins=[Folders()])
    trainer.fit(Net([0.1, 0.2]), build_data())
    assert names(tmp_path) == ["best_acc_top1_epoch_2.ckpt", "epoch_2.ckpt"]
    assert all((tmp_path / name / "part_0.ckpt").is_file() for name in names(tmp_path))
    assert os.readlink(tmp_path / "last.ckpt") == "epoch_2.ckpt"


def test_raises_when_saving_shall_begin_before_the_start(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="save_begin must be 0 or more, got -1"):
        Checkpoint(str(tmp_path), save_begin=-1)


def test_raises_when_the_metric_is_unknown(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"save_best .*\(acc/top1, val_loss\), got top5"):
        fit(tmp_path, [0.1], max_epochs=1, save_best="top5")


# -------------------------------------------------------------------- resuming


@pytest.mark.parametrize("counted", ["max_epochs", "max_iters"])
def test_bookkeeping_goes_on_when_resumed(tmp_path: Path, counted: str) -> None:
    by_epoch = counted == "max_epochs"
    options = {"save_best": "acc/top1", "max_keep_ckpts": 2}
    if not by_epoch:
        options |= {"interval": 4, "validate": 4}
    length = 4 if by_epoch else 16
    with pytest.raises(CrashError):
        fit(tmp_path, [0.3, 0.5], **options, **{counted: length}, action=crash_at(10))
    unit, size = ("epoch", 1) if by_epoch else ("iter", 4)
    newest = find_newest(str(tmp_path))
    assert newest == str(tmp_path / f"{unit}_{2 * size}.ckpt")
    assert f"best_acc_top1_{unit}_{2 * size}.ckpt" in names(tmp_path)
    fit(tmp_path, [0.4, 0.9], path=newest, **options, **{counted: length})
    left = {f"best_acc_top1_{unit}_{4 * size}.ckpt", f"{unit}_{3 * size}.ckpt"}
    assert set(names(tmp_path)) == left | {f"{unit}_{4 * size}.ckpt"}


def test_leaves_other_folders_alone_when_resumed_elsewhere(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    options = {"save_best": "auto", "max_keep_ckpts": 1}
    fit(first, [0.3, 0.2], max_epochs=2, **options)
    fit(second, [0.5], path=first / "epoch_2.ckpt", max_epochs=3, **options)
    assert names(first) == ["best_acc_top1_epoch_1.ckpt", "epoch_2.ckpt"]
    assert names(second) == ["best_acc_top1_epoch_3.ckpt", "epoch_3.ckpt"]


def test_file_without_optimizer_holds_the_average_when_there_is_one(tmp_path: Path) -> None:
    ema = EMA(options={"momentum": 0.5})
    saver = Checkpoint(str(tmp_path), save_weights_only=True)
    net = Net()
    net.on_save_checkpoint = lambda checkpoint: complete_checkpoint(net.trainer, checkpoint)  # type: ignore[method-assign]
    build_trainer(ema, saver, max_epochs=1).fit(net, build_data())
    state = torch.load(tmp_path / "epoch_1.ckpt", weights_only=True)
    assert "optimizer_states" not in state
    assert torch.equal(state["state_dict"]["net.1.weight"], ema.average["net.1.weight"])
    assert not torch.equal(net.net[1].weight, ema.average["net.1.weight"])


# -------------------------------------------------------------------- what a validation changes


class Waiting(Callback):
    """Counts validations, after everything else: as early stopping does."""

    def __init__(self) -> None:
        self.count = 0

    def after_val_epoch(self, *_: Any) -> None:
        self.count += 1

    def state_dict(self) -> dict[str, Any]:
        return {"count": self.count}


@pytest.mark.parametrize("best", [None, "acc/top1"], ids=["plain", "best"])
def test_files_know_what_callbacks_behind_have_learnt_from_a_validation(
    tmp_path: Path, best: str | None
) -> None:
    saver, last = Checkpoint(str(tmp_path), save_best=best), Waiting()
    build_trainer(Validation(), saver, last, max_epochs=2).fit(Net([0.1, 0.2]), build_data())
    for name in ("epoch_2.ckpt", *(["best_acc_top1_epoch_2.ckpt"] if best else [])):
        content = torch.load(tmp_path / name, weights_only=True)
        assert content["callbacks"]["Waiting"] == {"count": 2}


def test_hooks_are_told_of_each_file_of_mm_and_no_other(tmp_path: Path) -> None:
    told: list[tuple[str, int]] = []

    class Tell(Hook):
        def before_save_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
            told.append((checkpoint["meta"]["epoch"], len(list(tmp_path.glob("*.ckpt")))))
            checkpoint["mine"] = len(told)

    saver, hook = Checkpoint(str(tmp_path), save_best="acc/top1"), HookCallback(Tell())
    trainer = build_trainer(Validation(), hook, saver, Waiting(), max_epochs=2)
    trainer.fit(Net([0.2, 0.1]), build_data())
    # the first epoch, its best one, the first again, for it is the best; the second
    assert told == [(1, 0), (1, 2), (1, 3), (2, 3)]
    # another name for the best one
    assert torch.load(tmp_path / "epoch_1.ckpt", weights_only=True)["mine"] == 2
    assert torch.load(tmp_path / "epoch_2.ckpt", weights_only=True)["mine"] == 4


def test_hooks_are_told_when_the_optimizer_is_left_out(tmp_path: Path) -> None:
    told = []

    class Tell(Hook):
        def before_save_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
            told.append(sorted(checkpoint))

    net, saver = Net(), Checkpoint(str(tmp_path), save_weights_only=True)
    net.on_save_checkpoint = lambda checkpoint: complete_checkpoint(net.trainer, checkpoint)  # type: ignore[method-assign]
    build_trainer(HookCallback(Tell()), saver, max_epochs=1).fit(net, build_data())
    assert len(told) == 1
    assert "meta" in told[0]
    assert "optimizer_states" not in told[0]


def test_no_weights_change_places_when_an_average_comes_after_the_file(tmp_path: Path) -> None:
    """The average of 0.x enters the model after an epoch, here behind what saves it."""
    ema = EMA("mmlight.compat.averaged_model.WarmUpEMA", {"momentum": 0.5}, generation="0.x")
    saver = Checkpoint(str(tmp_path), generation="0.x", save_best="acc/top1")
    parts = (saver, ema, Validation(), Waiting(), Announcer("0.x"))
    net = Net([0.1, 0.2])
    build_trainer(*parts, max_epochs=1).fit(net, build_data())
    content = torch.load(tmp_path / "epoch_1.ckpt", weights_only=True)
    raw, average = content["raw_state"], content["state_dict"]
    assert content["callbacks"]["Waiting"] == {"count": 1}
    assert torch.equal(raw["net.1.weight"], net.net[1].weight) != ema._is_in
    assert torch.equal(average["net.1.weight"], net.net[1].weight) == ema._is_in
    assert not torch.equal(raw["net.1.weight"], average["net.1.weight"])


# -------------------------------------------------------------------- told to end


@pytest.mark.parametrize("batch", [3, 4, 6])
def test_goes_on_where_it_was_told_to_end(tmp_path: Path, batch: int) -> None:
    def end(trainer: Any, _: Any) -> None:
        if trainer.fit_loop.total_batch_idx + 1 == batch:
            os.kill(os.getpid(), signal.SIGTERM)

    whole = fit(tmp_path / "whole", max_epochs=3, interval=3).lightning_module
    with pytest.raises(SystemExit):
        fit(tmp_path, max_epochs=3, interval=3, action=end)
    assert names(tmp_path) == ["broken_off.ckpt"]
    newest = find_newest(str(tmp_path))
    trainer = fit(tmp_path, path=newest, max_epochs=3, interval=3)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, trainer.lightning_module.state_dict()[name])
    assert trainer.fit_loop.total_batch_idx + 1 == 12
    assert names(tmp_path) == ["epoch_3.ckpt"]  # it is of no more use

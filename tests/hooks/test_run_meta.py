"""A checkpoint says of its run what mm's say, and gives hooks back what they left there."""

from pathlib import Path
from typing import Any

import pytest
import torch

from mmlight.callbacks.announcer import Announcer
from mmlight.callbacks.checkpoint import Checkpoint
from mmlight.callbacks.validation import Validation
from mmlight.compat.message_hub import MessageHub
from mmlight.hooks.hook import Hook
from mmlight.hooks.hook_callback import HookCallback
from mmlight.hooks.run_meta import keep_plain
from mmlight.hooks.runner_view import find_view
from mmlight.weights.describe import find_classes
from tests.callbacks.nets import CrashError, Net, build_data, build_trainer


def fit(folder: Path, generation: str, *hooks: Hook, path: Any = None, **flags: Any) -> Any:
    announcer = Announcer(generation)  # type: ignore[arg-type]
    announcer.run = {"work_dir": str(folder), "config_text": "a = 1\n"}
    by_epoch = "max_iters" not in flags
    parts = [
        *(HookCallback(hook, generation) for hook in hooks),  # type: ignore[arg-type]
        Checkpoint(str(folder), 1 if by_epoch else 3, by_epoch, generation=generation),  # type: ignore[arg-type]
        Validation(by_epoch=by_epoch, last=flags.get("max_iters")),
    ]
    net = Net([0.5] * 99)
    net.classes = ("a", "b", "c")
    trainer = build_trainer(*parts, announcer, **flags)
    trainer.fit(net, build_data(), ckpt_path=path, weights_only=True)
    return trainer


def read(path: Path) -> dict[str, Any]:
    return torch.load(path, weights_only=True)["meta"]


@pytest.mark.parametrize("generation", ["0.x", "1.x"])
def test_tells_what_is_done(tmp_path: Path, generation: str) -> None:
    fit(tmp_path, generation, max_epochs=2)
    meta = read(tmp_path / "epoch_2.ckpt")
    assert (meta["epoch"], meta["iter"], meta["seed"]) == (2, 8, 3)
    assert meta["config" if generation == "0.x" else "cfg"] == "a = 1\n"
    assert find_classes({"meta": meta}) == ("a", "b", "c")
    assert len(meta["time"]) == len("20240101_000000")


@pytest.mark.parametrize(("generation", "passes"), [("0.x", [0, 1, 2]), ("1.x", [0, 0, 0])])
def test_counts_passes_when_iterations_are_counted(
    tmp_path: Path, generation: str, passes: list[int]
) -> None:
    fit(tmp_path, generation, max_iters=9)
    found = [read(tmp_path / f"iter_{done}.ckpt") for done in (3, 6, 9)]
    assert [meta["iter"] for meta in found] == [3, 6, 9]
    assert [meta["epoch"] for meta in found] == passes


def test_hooks_of_0x_get_back_what_they_left(tmp_path: Path) -> None:
    class Count(Hook):
        def after_train_iter(self, runner: Any) -> None:
            runner.meta["seen"] = runner.meta.get("seen", 0) + 1
            runner.meta["file"] = object()  # nobody could read that back
            if runner.iter == 5 and stops:
                raise CrashError

    stops = True
    with pytest.raises(CrashError):
        fit(tmp_path, "0.x", Count(), max_epochs=2)
    assert read(tmp_path / "epoch_1.ckpt")["seen"] == 4
    assert "file" not in read(tmp_path / "epoch_1.ckpt")
    stops = False
    trainer = fit(tmp_path, "0.x", Count(), path=tmp_path / "epoch_1.ckpt", max_epochs=2)
    assert find_view(trainer).meta["seen"] == 8


def test_newest_file_is_told_where_mm_tells_it(tmp_path: Path) -> None:
    trainer = fit(tmp_path, "0.x", max_epochs=1)
    expected = str(tmp_path / "epoch_1.ckpt")
    assert find_view(trainer).meta["hook_msgs"]["last_ckpt"] == expected
    fit(tmp_path, "1.x", max_epochs=1)
    assert MessageHub.get_current_instance().get_info("last_ckpt") == expected


def test_plain_data_stay_when_others_go() -> None:
    value = {"a": (1, [None, "x", {"b": torch.ones(1)}]), "c": {"d": print}, "e": Path("x")}
    assert keep_plain(value) == {"a": (1, [None, "x", {"b": torch.ones(1)}]), "c": {}}

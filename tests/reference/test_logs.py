"""The files of the log equal those of the originals, line by line, but for times."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch.callbacks import Callback
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from mmlight.callbacks.run_log import RunLog
from mmlight.compat.log_processor import LogProcessor
from mmlight.compat.logger_hook import LoggerHook
from mmlight.compat.text_logger_hook import TextLoggerHook
from mmlight.compat.vendor_logger_hook import VendorLoggerHook
from mmlight.hooks.batch_view import view_losses
from mmlight.hooks.runner_view import find_view
from mmlight.loggers.tensorboard import TensorBoard
from mmlight.models.heads.cls_head import ClsHead
from mmlight.models.losses.total import total_loss
from mmlight.optim.policies import StepPolicy
from mmlight.optim.recursions import StepLR
from tests.reference.log_runs import run_mmcv, run_mmengine, run_ours
from tests.reference.original import Original

LINE = re.compile(r"(Epoch|Iter)[ (]|Exp name")
TIMES = re.compile(r"\b(eta|time|data_time): [\d:.]+")


def read_lines(path: Path) -> list[str]:
    """Return the lines about batches and results, without times."""
    lines = [line for line in path.read_text().splitlines() if LINE.search(line)]
    plain = [re.sub(r"^[\d/-]+ [\d:,]+ - ", "", line) for line in lines]
    return [re.sub(r"_\d{8}_\d{6}$", "", TIMES.sub(r"\1: T", line)) for line in plain]


def read_rows(path: Path) -> list[list[tuple[str, Any]]]:
    """Return the records with the order of their entries, without times."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return [[(k, "T" if k.endswith("time") else v) for k, v in row.items()] for row in rows]


def only(folder: Path, pattern: str) -> Path:
    (path,) = folder.rglob(pattern)
    return path


class OwnOld(Callback):
    """Adds a value to the log as a hook of 0.x does."""

    def on_train_batch_end(self, trainer: Any, *_: Any) -> None:
        find_view(trainer).log_buffer.output["own"] = 7


class OwnNew(Callback):
    """Adds values to the log as a hook of 1.x does."""

    def on_train_batch_end(self, trainer: Any, *_: Any) -> None:
        runner = find_view(trainer)
        runner.message_hub.update_scalar("train/own", runner.iter)
        if runner.iter == 2:
            runner.visualizer.add_scalar("by/hand", 3.5, step=9)


# -------------------------------------------------------------------------- 0.x

OLD_CASES = [
    (True, 2, {"interval": 2}, True),
    (True, 2, {"interval": 3}, False),
    (True, 2, {"interval": 3, "ignore_last": False}, False),
    (True, 1, {"interval": 1, "reset_flag": True}, True),
    (False, 9, {"interval": 2}, True),
    (False, 10, {"interval": 3}, False),
]


@pytest.mark.parametrize(("by_epoch", "length", "options", "own"), OLD_CASES)
def test_text_and_json_equal_mmcv_when_trained(
    mmcls: Original, tmp_path: Path, by_epoch: bool, length: int, options: Any, own: bool
) -> None:
    words = {"type": "TextLoggerHook", "by_epoch": by_epoch, **options}
    mmcls(
        run_mmcv,
        str(tmp_path / "theirs"),
        by_epoch,
        {"interval": 10, "hooks": [words]},
        length,
        own,
    )
    hook = TextLoggerHook(by_epoch=by_epoch, **options)
    schedule = StepPolicy(step=[1 if by_epoch else 3], gamma=0.5, by_epoch=by_epoch)
    run_ours(tmp_path / "ours", by_epoch, [hook], length, schedule=schedule, generation="0.x",
             own=OwnOld() if own else None)  # fmt: skip
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    assert len(read_lines(only(theirs, "*.log"))) > 1
    assert read_lines(only(ours, "*.log")) == read_lines(only(theirs, "*.log"))
    assert read_rows(only(ours, "*.log.json"))[1:] == read_rows(only(theirs, "*.log.json"))[1:]


def parse_theirs(kind: Any, scores: Any, target: Any) -> Any:
    """Return the `log_vars` that mmcls makes of a head with accuracies."""
    import torch
    from mmcls.models import build_head
    from mmcls.models.classifiers.base import BaseClassifier

    head = build_head({"type": kind, "topk": (1, 2), "cal_acc": True})
    losses = head.loss(torch.tensor(scores), torch.tensor(target))
    return list(BaseClassifier._parse_losses(None, losses)[1].items())


def test_names_and_order_of_a_batch_equal_mmcls_when_a_head_measures_it(mmcls: Original) -> None:
    scores, target = [[0.9, 0.1, 0.4], [0.2, 0.8, 0.3], [0.5, 0.1, 0.4]], [0, 2, 1]
    losses = ClsHead(topk=(1, 2), cal_acc=True).loss(torch.tensor(scores), torch.tensor(target))
    log_vars = view_losses(total_loss(losses), {"inputs": scores}, "0.x")["log_vars"]
    theirs = mmcls(parse_theirs, "ClsHead", scores, target)
    assert [name for name, _ in theirs] == ["top-1", "top-2", "loss"]
    assert list(log_vars) == [name for name, _ in theirs]
    assert log_vars == pytest.approx(dict(theirs), rel=1e-6)


# -------------------------------------------------------------------------- 1.x

WINDOWS = [
    {"data_src": "loss", "log_name": "loss_max", "method_name": "max", "window_size": "global"},
    {"data_src": "grad_norm", "method_name": "min", "window_size": 2},
    {"data_src": "accuracy_top-1", "method_name": "current"},
]
EPOCH_MEAN = {"data_src": "loss", "log_name": "mean", "method_name": "mean", "window_size": "epoch"}
NEW_CASES = [
    (True, 2, {"interval": 2}, {"window_size": 3, "custom_cfg": [*WINDOWS, EPOCH_MEAN]}),
    (True, 12, {"interval": 3}, {"num_digits": 6, "log_with_hierarchy": True}),
    (True, 2, {"interval": 3, "ignore_last": False}, {"mean_pattern": ".*(top).*"}),
    (True, 1, {"interval": 9, "interval_exp_name": 3}, {}),
    (False, 9, {"interval": 2}, {"by_epoch": False, "custom_cfg": WINDOWS[:2]}),
    (False, 10, {"interval": 3, "log_metric_by_epoch": False}, {"by_epoch": False}),
]


@pytest.mark.parametrize(
    ("by_epoch", "length", "options", "processor", "groups"),
    [*((*case, False) for case in NEW_CASES), (*NEW_CASES[0], True), (*NEW_CASES[4], True)],
)
def test_text_and_json_equal_mmengine_when_trained_and_tested(
    mmpretrain: Original,
    tmp_path: Path,
    by_epoch: bool,
    length: int,
    options: Any,
    processor: Any,
    groups: bool,
) -> None:
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    backends = ["LocalVisBackend"]
    words = (by_epoch, options, processor, length, backends, groups)
    stamp = mmpretrain(run_mmengine, str(theirs), *words)
    schedule = StepLR(step_size=1 if by_epoch else 3, gamma=0.5, by_epoch=by_epoch)
    log = RunLog(LogProcessor(**processor))
    run_ours(ours, by_epoch, [LoggerHook(**options)], length, schedule=schedule, own=OwnNew(),
             log=log, groups=groups)  # fmt: skip
    for pattern in ("scalars.json", "2*.json"):
        for path in sorted(theirs.rglob(pattern)):
            mine = ours / str(path.relative_to(theirs)).replace(stamp, ours_stamp(ours))
            assert read_rows(mine) == read_rows(path), path
    lines = read_lines(only(theirs, "*.log"))
    assert len(lines) > 3
    assert any(" base_lr: " in line for line in lines) == groups
    assert read_lines(only(ours, "*.log")) == lines


def ours_stamp(folder: Path) -> str:
    return min(path.name for path in folder.iterdir())


# -------------------------------------------------------------------------- TensorBoard


def read_events(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Return steps and values of each tag but times, which must be there as well."""
    events = EventAccumulator(str(folder))
    events.Reload()
    tags = events.Tags()["scalars"]
    found = {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in tags}
    return {
        tag: [(step, 0.0 if tag.endswith("time") else value) for step, value in rows]
        for tag, rows in found.items()
    }


@pytest.mark.parametrize("by_epoch", [True, False])
@pytest.mark.parametrize("names", [["Text", "Tensorboard"], ["Tensorboard", "Text"]])
def test_events_equal_mmcv_when_trained(
    mmcls: Original, tmp_path: Path, by_epoch: bool, names: list[str]
) -> None:
    length = 2 if by_epoch else 9
    words = [{"type": f"{name}LoggerHook", "by_epoch": by_epoch} for name in names]
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    mmcls(run_mmcv, str(theirs), by_epoch, {"interval": 2, "hooks": words}, length)
    hooks: dict[str, Any] = {
        "Text": TextLoggerHook(by_epoch=by_epoch, interval=2),
        "Tensorboard": VendorLoggerHook(
            TensorBoard(), by_epoch=by_epoch, interval=2, allow_text=True
        ),
    }
    schedule = StepPolicy(step=[1 if by_epoch else 3], gamma=0.5, by_epoch=by_epoch)
    run_ours(ours, by_epoch, [hooks[name] for name in names], length, schedule=schedule,
             generation="0.x")  # fmt: skip
    expected = read_events(theirs / "tf_logs")
    assert "train/loss" in expected
    assert read_events(ours / "tf_logs") == expected


@pytest.mark.parametrize("by_epoch", [True, False])
def test_events_equal_mmengine_when_trained(
    mmpretrain: Original, tmp_path: Path, by_epoch: bool
) -> None:
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    length, words = 2 if by_epoch else 9, {"by_epoch": by_epoch}
    mmpretrain(run_mmengine, str(theirs), by_epoch, {"interval": 2}, words, length,
               ["TensorboardVisBackend"])  # fmt: skip
    schedule = StepLR(step_size=1 if by_epoch else 3, gamma=0.5, by_epoch=by_epoch)
    run_ours(ours, by_epoch, [LoggerHook(interval=2)], length, schedule=schedule, own=OwnNew(),
             log=RunLog(LogProcessor(**words)), logger=TensorBoard(),
             log_every_n_steps=1)  # fmt: skip
    expected = read_events(only(theirs, "vis_data"))
    assert {"loss", "lr", "accuracy/top1", "by/hand", "own"} <= expected.keys()
    assert read_events(min(ours.rglob("vis_data"))) == expected


# -------------------------------------------------------------------------- their own scripts


def analyze(package: Any, log: Any, key: Any, picture: Any) -> Any:
    """Run `analyze_logs.py` of the original over a log; return what it prints."""
    import contextlib
    import importlib
    import io
    import os
    import runpy
    import sys

    import matplotlib

    matplotlib.use("Agg")
    root = os.path.dirname(importlib.import_module(package).__file__)
    script = os.path.join(root, ".mim", "tools", "analysis_tools", "analyze_logs.py")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        for words in (
            ["cal_train_time", log],
            ["plot_curve", log, "--keys", *key, "--out", picture],
        ):
            sys.argv = [script, *words]
            runpy.run_path(script, run_name="__main__")
    return printed.getvalue()


@pytest.mark.parametrize("generation", ["0.x", "1.x"])
def test_scripts_of_the_originals_read_our_logs(
    request: pytest.FixtureRequest, tmp_path: Path, generation: str
) -> None:
    package = "mmcls" if generation == "0.x" else "mmpretrain"
    hook: Any = TextLoggerHook(interval=2) if package == "mmcls" else LoggerHook(interval=2)
    schedule: Any = StepPolicy(step=[1]) if package == "mmcls" else StepLR(step_size=1)
    run_ours(tmp_path, True, [hook], 2, schedule=schedule, generation=generation)
    log = only(tmp_path, "*.log.json") if package == "mmcls" else min(tmp_path.rglob("vis_data/2*"))
    metric = "accuracy_top-1" if package == "mmcls" else "accuracy/top1"
    original: Original = request.getfixturevalue(package)
    for key in (["loss"], [metric]):
        picture = tmp_path / f"{key[0].replace('/', '_')}.png"
        text = original(analyze, package, str(log), key, str(picture))
        assert re.search(r"average iter time: \d\.\d+ s/iter", text)
        assert "slowest epoch" in text
        assert picture.stat().st_size > 5000

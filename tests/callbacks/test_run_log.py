"""The file of the log holds everything that is said, from first to last."""

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch.callbacks import Callback

import mmlight
from mmlight.callbacks import progress_bar, run_log
from mmlight.callbacks.announcer import Announcer
from mmlight.callbacks.iter_timer import IterTimer
from mmlight.callbacks.log_writer import LogWriter
from mmlight.callbacks.progress_bar import ProgressBar
from mmlight.callbacks.run_log import RunLog
from mmlight.callbacks.runtime_info import RuntimeInfo
from mmlight.callbacks.validation import Validation
from mmlight.compat.log import get_logger
from mmlight.compat.logger_hook import LoggerHook
from mmlight.compat.text_logger_hook import TextLoggerHook
from mmlight.hooks.runner_view import find_view
from mmlight.records import RUN_LOGGER, keep_records
from mmlight.run import read_spec
from tests.callbacks.nets import Net, Probe, build_data, build_trainer
from tests.runs import LENET_NEW, LENET_OLD, write_config

CONFIG = "model = dict(type='X')\n"


def fit(folder: Path, *callbacks: Callback, generation: Any = "1.x", **flags: Any) -> str:
    """Train with a log; return its text."""
    announcer = Announcer(generation, [["IterTimerHook", 50]])
    announcer.run = {"work_dir": str(folder), "config_file": "a.py", "config_text": CONFIG}
    hook = TextLoggerHook(interval=4) if generation == "0.x" else LoggerHook(interval=4)
    callbacks = (
        RunLog(),
        RuntimeInfo(),
        IterTimer(),
        *callbacks,
        Validation(),
        LogWriter(hook),
        announcer,
    )
    build_trainer(*callbacks, **{"max_epochs": 1, **flags}).fit(Net([0.5]), build_data())
    (path,) = folder.rglob("*.log")
    return path.read_text()


@pytest.mark.parametrize(
    ("generation", "name", "system"),
    [("0.x", "mmcls", "Environment info:"), ("1.x", "mmengine", "System environment:")],
)
def test_file_tells_environment_config_order_and_messages(
    tmp_path: Path, generation: str, name: str, system: str
) -> None:
    def speak(trainer: Any, _: Any) -> None:
        find_view(trainer).logger.info("from a hook")
        get_logger("mine").warning("from code")

    level, handlers = RUN_LOGGER.level, list(RUN_LOGGER.handlers)
    with keep_records():
        RUN_LOGGER.info("before the file")
        text = fit(tmp_path, Probe(speak), generation=generation)
    places = [
        f" - {name} - INFO - before the file", system, f"Config:\n{CONFIG}",
        "(NORMAL      ) IterTimerHook", f" - {name} - INFO - from a hook", "[4/4]",
        "acc/top1: 0.5000",
    ]  # fmt: skip
    assert [text.find(place) for place in places] == sorted(text.find(place) for place in places)
    assert min(text.find(place) for place in places) >= 0
    assert " - mine - WARNING - from code" in text
    assert (RUN_LOGGER.level, RUN_LOGGER.handlers) == (level, handlers)


def test_file_is_closed_when_training_fails(tmp_path: Path) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("broken")

    handlers = list(RUN_LOGGER.handlers)
    with pytest.raises(RuntimeError, match="broken"):
        fit(tmp_path, Probe(fail))
    assert RUN_LOGGER.handlers == handlers


def test_level_of_the_user_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RUN_LOGGER, "level", logging.ERROR)
    RUN_LOGGER.manager._clear_cache()  # type: ignore[attr-defined]
    text = fit(tmp_path)
    monkeypatch.undo()
    RUN_LOGGER.manager._clear_cache()  # type: ignore[attr-defined]
    assert "System environment" in text
    assert "[4/4]" not in text


@pytest.mark.parametrize("watched", [True, False])
def test_bar_stands_for_lines_of_batches_when_watched(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    watched: bool,
) -> None:
    for module in (progress_bar, run_log):
        monkeypatch.setattr(module, "is_interactive", lambda: watched)
    screen = logging.StreamHandler()
    RUN_LOGGER.addHandler(screen)
    try:
        text = fit(tmp_path, ProgressBar(), enable_progress_bar=True)
    finally:
        RUN_LOGGER.removeHandler(screen)
    printed = capsys.readouterr().err
    assert ("[4/4]  lr" in printed) is not watched
    assert printed.count("acc/top1: 0.5000") == 1
    assert "[4/4]  lr" in text
    assert not screen.filters


def test_visualizer_knows_the_classes_and_the_config(tmp_path: Path) -> None:
    found: list[Any] = []
    fit(tmp_path, Probe(lambda trainer, _: found.append(find_view(trainer).visualizer)))
    assert found[0].dataset_meta == {"classes": ()}
    (path,) = tmp_path.rglob("config.py")
    assert path.parent.name == "vis_data"
    assert path.read_text() == CONFIG


# -------------------------------------------------------------------------- from configs

OWN_OLD = """
from mmcv.runner import HOOKS, LoggerHook

@HOOKS.register_module()
class FileLoggerHook(LoggerHook):
    def __init__(self, path, **kwargs):
        super().__init__(**kwargs)
        self.path = path

    def log(self, runner):
        tags = self.get_loggable_tags(runner)
        with open(self.path, 'a') as file:
            file.write(f'{self.get_mode(runner)} {self.get_iter(runner)} {sorted(tags)}\\n')
"""
OWN_NEW = """
from mmengine.registry import LOG_PROCESSORS, VISBACKENDS, VISUALIZERS
from mmengine.runner import LogProcessor
from mmengine.visualization import BaseVisBackend
from mmpretrain.visualization import UniversalVisualizer

@LOG_PROCESSORS.register_module()
class Shouting(LogProcessor):
    def get_log_after_iter(self, runner, batch_idx, mode):
        tag, line = super().get_log_after_iter(runner, batch_idx, mode)
        return tag, line.upper()

@VISBACKENDS.register_module()
class FileBackend(BaseVisBackend):
    def add_scalars(self, scalar_dict, step=0, file_path=None, **kwargs):
        with open(self._save_dir, 'a') as file:
            file.write(f'{step} {sorted(scalar_dict)}\\n')

@VISUALIZERS.register_module()
class Loud(UniversalVisualizer):
    def add_image(self, name, image, step=0):
        super().add_image(f'loud_{name}', image, step)
"""


def run_config(folder: Path, text: str, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = f"own_log_{len(code)}"
    (folder / f"{module}.py").write_text(code)
    monkeypatch.chdir(folder)
    flags = {"accelerator": "cpu", "limit_train_batches": 4, "limit_val_batches": 1}
    text += f"custom_imports = dict(imports=['{module}'])\n"
    spec = read_spec(write_config(folder, text)).move_work_dir(str(folder / "work"))
    mmlight.fit(replace(spec, trainer={**spec.trainer, **flags, "max_epochs": 1}))


def test_logger_hooks_of_a_config_run_together_when_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = "dict(type='FileLoggerHook', path='own.txt', interval=4)"
    hooks = f"[dict(type='TextLoggerHook'), dict(type='TensorboardLoggerHook'), {own}]"
    text = LENET_OLD.replace("[dict(type='TextLoggerHook')]", hooks)
    run_config(
        tmp_path, text.replace("interval=1, hooks", "interval=2, hooks"), OWN_OLD, monkeypatch
    )
    rates = ["'learning_rate'", "'momentum'"]
    train, val = (
        f"[{', '.join([*rates, tag])}]" for tag in ("'train/loss'", "'val/accuracy_top-1'")
    )
    lines = (tmp_path / "own.txt").read_text().splitlines()
    # a hook behind another logs whenever that does, as in mmcv
    assert lines == [f"train 2 {train}", f"train 4 {train}", f"val 5 {val}"]
    (log,) = (tmp_path / "work").glob("*.log.json")
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    assert [row["iter"] for row in rows if row.get("mode") == "train"] == [2, 4]
    assert list((tmp_path / "work" / "tf_logs").glob("events*"))


LOG_VARS = """
import json

from mmcv.runner import HOOKS, Hook

@HOOKS.register_module()
class Note(Hook):
    def after_train_iter(self, runner):
        with open('own.txt', 'a') as file:
            file.write(json.dumps(runner.outputs['log_vars']) + '\\n')
"""


def test_accuracies_of_batches_have_the_names_of_mmcls_when_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = LENET_OLD.replace("type='ClsHead'", "type='ClsHead', topk=(1, 5), cal_acc=True")
    text = text.replace("runner = ", "custom_hooks = [dict(type='Note')]\nrunner = ")
    run_config(tmp_path, text, LOG_VARS, monkeypatch)
    (log,) = (tmp_path / "work").glob("*.log.json")
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    rows = [row for row in rows if row.get("mode") == "train"]
    noted = [json.loads(line) for line in (tmp_path / "own.txt").read_text().splitlines()]
    assert [list(row) for row in noted] == [["top-1", "top-5", "loss"]] * 4
    for row, values in zip(rows, noted, strict=True):
        assert list(row)[-4:] == ["top-1", "top-5", "loss", "time"]
        assert {name: row[name] for name in values} == pytest.approx(values, abs=1e-5)
    (lines,) = (tmp_path / "work").glob("*.log")
    assert ", top-1: " in lines.read_text()


def test_log_classes_of_a_user_are_used_when_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backends = "[dict(type='LocalVisBackend'), dict(type='FileBackend', save_dir='own.txt')]"
    text = (
        LENET_NEW.replace("interval=1),\n    param", "interval=2),\n    param")
        + f"""
log_processor = dict(type='Shouting', num_digits=2)
visualizer = dict(type='Loud', vis_backends={backends})
default_hooks['visualization'] = dict(type='VisualizationHook', enable=True, interval=40)
"""
    )
    run_config(tmp_path, text, OWN_NEW, monkeypatch)
    steps = [line.split()[0] for line in (tmp_path / "own.txt").read_text().splitlines()]
    assert steps == ["2", "4", "1"]
    (log,) = (tmp_path / "work").rglob("*.log")
    assert "EPOCH(TRAIN) [1][4/4]  LR: 2.00E-02" in log.read_text()
    pictures = sorted(path.name for path in (tmp_path / "work").rglob("vis_image/*.png"))
    assert pictures == ["loud_0_1.png", "loud_40_1.png"]

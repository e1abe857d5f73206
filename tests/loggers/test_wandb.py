"""The package is not installed: a module that notes calls stands for it."""

from pathlib import Path
from typing import Any

import pytest

from mmlight.errors import ConfigError
from mmlight.loggers.wandb import Wandb
from mmlight.read.config import Config
from tests.loggers.stand_ins import Recorder, list_calls, make_view, stand_in


@pytest.fixture
def wandb(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    names = ("wandb", "wandb.sdk", "wandb.sdk.lib", "wandb.wandb_run")
    recorder = stand_in(monkeypatch, *names)
    module = __import__("wandb")
    module.run = None
    for name in names[2:]:
        lib = __import__("sys").modules[name]
        lib.Run, lib.RunDisabled = Recorder, Recorder
    monkeypatch.setattr("lightning.pytorch.loggers.wandb._WANDB_AVAILABLE", True)
    monkeypatch.delenv("WANDB_PROJECT", raising=False)
    return recorder


def test_run_begins_with_the_arguments_of_the_config(wandb: Any, tmp_path: Path) -> None:
    logger = Wandb(init_kwargs={"project": "p", "entity": "me", "name": "n"},
                   define_metric_cfg={"acc": "max"})  # fmt: skip
    logger.experiment.log({"early": 1})
    assert list_calls(wandb) == []
    logger.enter_run(make_view(tmp_path))
    calls = list_calls(wandb)
    name, _, kwargs = calls[0]
    assert name == "init"
    folder = str(tmp_path / "stamp" / "vis_data")
    assert {"project": "p", "entity": "me", "name": "n", "dir": folder}.items() <= kwargs.items()
    assert ("init.define_metric", (), {"name": "acc", "summary": "max"}) in calls
    assert ("init.define_metric", ("*",), {"step_metric": "trainer/global_step",
                                           "step_sync": True}) in calls  # fmt: skip


def test_project_is_left_to_wandb_when_unset(wandb: Any, tmp_path: Path) -> None:
    Wandb(str(tmp_path / "own"), define_metric_cfg=[{"name": "a", "hidden": True}]).enter_run(
        make_view(tmp_path)
    )
    calls = list_calls(wandb)
    assert calls[0][2]["project"] is None
    assert calls[0][2]["dir"] == str(tmp_path / "own")
    assert calls[-1] == ("init.define_metric", (), {"name": "a", "hidden": True})


@pytest.mark.parametrize("with_step", [True, False])
def test_values_carry_the_number_of_the_batch(wandb: Any, tmp_path: Path, with_step: bool) -> None:
    logger = Wandb(commit=False, with_step=with_step)
    logger.enter_run(make_view(tmp_path))
    list_calls(wandb)
    logger.log_metrics({"loss": 0.5}, step=700)  # as after resuming: nothing counts from zero
    axis = "trainer/global_step" if with_step else "global_step"
    assert list_calls(wandb) == [("init.log", ({"loss": 0.5, axis: 700},), {"commit": False})]
    assert logger.counts_batches


def test_config_code_and_graph_are_kept(wandb: Any, tmp_path: Path) -> None:
    logger = Wandb(log_code_name="code", watch_kwargs={"log_freq": 3})
    logger.enter_run(make_view(tmp_path))
    list_calls(wandb)
    logger.log_config(Config({"x": {"y": 1}}))
    logger.watch("model")
    assert list_calls(wandb) == [
        ("init.config.update", ({"x": {"y": 1}},), {"allow_val_change": True}),
        ("init.log_code", (), {"name": "code"}),
        ("init.watch", ("model",), {"log": "gradients", "log_freq": 3, "log_graph": True}),
    ]


@pytest.mark.parametrize("log_artifact", [True, False])
def test_files_are_kept_when_the_run_ends(wandb: Any, tmp_path: Path, log_artifact: bool) -> None:
    (tmp_path / "a.log.json").touch()
    logger = Wandb(log_artifact=log_artifact)
    logger.enter_run(make_view(tmp_path, "0.x"))
    list_calls(wandb)
    logger.finalize("success")
    names = [name for name, *_ in list_calls(wandb)]
    kept = ["Artifact", "Artifact.add_file", "init.log_artifact"] if log_artifact else []
    assert names == [*kept, "init.finish"]


def test_says_so_when_it_is_not_installed() -> None:
    with pytest.raises(ConfigError, match="wandb: the package 'wandb' is not installed"):
        Wandb()

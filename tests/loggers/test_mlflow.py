"""The package is not installed: a module that notes calls stands for it."""

import sys
from pathlib import Path
from typing import Any

import pytest

from mmlight.errors import ConfigError
from mmlight.loggers.mlflow import MLflow
from mmlight.read.config import Config
from tests.loggers.stand_ins import Recorder, list_calls, make_view, stand_in


@pytest.fixture
def mlflow(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    parts = ("tracking", "tracking.context", "tracking.context.registry")
    parts = (*parts, "entities", "utils", "utils.mlflow_tags")
    recorder = stand_in(monkeypatch, "mlflow", *(f"mlflow.{part}" for part in parts))
    entities = sys.modules["mlflow.entities"]
    entities.Metric = lambda key, value, timestamp, step: (key, value, step)  # type: ignore[attr-defined]
    entities.Param = lambda key, value: (key, value)  # type: ignore[attr-defined]
    sys.modules["mlflow.utils.mlflow_tags"].MLFLOW_RUN_NAME = "name"  # type: ignore[attr-defined]
    sys.modules["mlflow"].tracking = sys.modules["mlflow.tracking"]  # type: ignore[attr-defined]
    sys.modules["mlflow.tracking"].context = sys.modules["mlflow.tracking.context"]  # type: ignore[attr-defined]
    monkeypatch.setattr("lightning.pytorch.loggers.mlflow._MLFLOW_AVAILABLE", True)
    return recorder


def find(calls: list[Any], end: str) -> list[Any]:
    return [(args, kwargs) for name, args, kwargs in calls if name.endswith(end)]


def test_client_is_made_in_the_folder_of_the_run(mlflow: Any, tmp_path: Path) -> None:
    logger = MLflow(exp_name="e", params={"lr": 0.1})
    assert (logger.save_dir, logger.name, logger.version) == (None, None, None)
    logger.experiment.log_metric("early", 1)
    assert list_calls(mlflow) == []
    logger.enter_run(make_view(tmp_path))
    calls = list_calls(mlflow)
    assert find(calls, "MlflowClient") == [((f"file://{tmp_path}/stamp/vis_data",), {})]
    assert find(calls, "get_experiment_by_name") == [(("e",), {})]
    assert find(calls, "log_batch")[0][1]["params"] == [("lr", "0.1")]


def test_values_config_and_images_are_written(mlflow: Any, tmp_path: Path) -> None:
    logger = MLflow(tracking_uri="http://s", tracked_config_keys=["a"])
    logger.enter_run(make_view(tmp_path))
    assert find(list_calls(mlflow), "MlflowClient") == [(("http://s",), {})]
    logger.log_metrics({"loss": 0.5}, step=3)
    logger.log_config(Config({"a": {"b": 1}, "c": 2}))
    logger.log_image("pic", ["image"], step=4)
    calls = list_calls(mlflow)
    batches = [kwargs for _, kwargs in find(calls, "log_batch")]
    assert batches[0]["metrics"] == [("loss", 0.5, 3)]
    assert batches[1]["params"] == [("a/b", "1")]
    assert find(calls, "log_text")[0][0][1:] == ("a = dict(b=1)\nc = 2\n", "config.py")
    assert find(calls, "log_image")[0][0][1:] == ("image", "pic_4.png")


def test_files_and_model_are_kept_when_the_run_ends(mlflow: Any, tmp_path: Path) -> None:
    (tmp_path / "vis").mkdir()
    (tmp_path / "vis" / "a.log").touch()
    logger = MLflow(artifact_suffix=".log", log_model=True)
    logger.finalize()  # before the run there is nothing to end
    logger.enter_run(make_view(tmp_path))
    logger.log_metrics({"loss": 0.5}, step=3)
    list_calls(mlflow)
    logger.finalize("success")
    calls = list_calls(mlflow)
    assert find(calls, "pytorch.log_model") == [(("the model", "models"), {})]
    assert find(calls, "log_artifact")[0][0][1:] == (str(tmp_path / "vis/a.log"), "vis")
    assert find(calls, "set_terminated")[0][0][1] == "FINISHED"


def test_says_so_when_it_is_not_installed() -> None:
    with pytest.raises(ConfigError, match="mlflow: the package 'mlflow' is not installed"):
        MLflow()

"""The package is not installed: a module that notes calls stands for it."""

from pathlib import Path

import pytest

from mmlight.errors import ConfigError
from mmlight.loggers.clearml import ClearML
from mmlight.read.config import Config
from tests.loggers.stand_ins import list_calls, make_view, stand_in


def test_values_images_config_and_files_are_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("a.py", "b.log"):
        (tmp_path / name).touch()
    clearml = stand_in(monkeypatch, "clearml")
    logger = ClearML(init_kwargs={"task_name": "t"}, artifact_suffix=".py")
    logger.finalize("success")  # nothing has begun
    logger.enter_run(make_view(tmp_path))
    logger.log_metrics({"loss": 0.5}, step=3)
    logger.log_image("pic", ["image"], step=4)
    logger.log_config(Config({"a": 1}))
    logger.finalize("success")
    calls = [call for call in list_calls(clearml) if not call[0].endswith("get_logger")]
    scalar = {"title": "loss", "series": "loss", "value": 0.5, "iteration": 3}
    image = {"title": "pic", "series": "pic", "iteration": 4, "image": "image"}
    assert calls == [
        ("Task.init", (), {"task_name": "t"}),
        ("Task.init.get_logger.report_scalar", (), scalar),
        ("Task.init.get_logger.report_image", (), image),
        ("Task.init.connect_configuration", ({"a": 1},), {}),
        ("Task.init.upload_artifact", ("a.py", str(tmp_path / "a.py")), {}),
        ("Task.init.close", (), {}),
    ]


def test_says_so_when_it_is_not_installed() -> None:
    with pytest.raises(ConfigError, match="clearml: the package 'clearml' is not installed"):
        ClearML()

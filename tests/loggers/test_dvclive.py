"""The package is not installed: a module that notes calls stands for it."""

from pathlib import Path

import pytest

from mmlight.errors import ConfigError
from mmlight.loggers.dvclive import DVCLive
from mmlight.read.config import Config
from tests.loggers.stand_ins import list_calls, make_view, stand_in


def test_values_images_config_and_files_are_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dvclive = stand_in(monkeypatch, "dvclive")
    folder = tmp_path / "stamp" / "vis_data"
    folder.mkdir(parents=True)
    (folder / "scalars.json").touch()
    logger = DVCLive(init_kwargs={"cache_images": False})
    logger.log_metrics({"early": 1}, step=0)
    logger.finalize("success")  # nothing has begun
    logger.enter_run(make_view(tmp_path))
    logger.log_metrics({"loss": 0.5}, step=3)
    logger.log_image("pic", ["image"], step=4)
    logger.log_config(Config({"a": 1}))
    assert logger.experiment.step == 3
    logger.finalize("success")
    arguments = {"dir": str(folder), "save_dvc_exp": True, "cache_images": False}
    assert list_calls(dvclive) == [
        ("Live", (), arguments),
        ("Live.log_metric", ("loss", 0.5), {}),
        ("Live.log_image", ("pic.png", "image"), {}),
        ("Live.log_params", ({"a": 1},), {}),
        ("Live.log_artifact", (str(folder / "scalars.json"), ""), {}),
        ("Live.end", (), {}),
    ]


def test_says_so_when_it_is_not_installed() -> None:
    with pytest.raises(ConfigError, match="dvclive: the package 'dvclive' is not installed"):
        DVCLive()

"""The package is not installed: a module that notes calls stands for it."""

from pathlib import Path

import numpy as np
import pytest

from mmlight.errors import ConfigError
from mmlight.loggers.neptune import Neptune
from mmlight.read.config import Config
from tests.loggers.stand_ins import list_calls, make_view, stand_in


def test_values_images_and_config_are_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    neptune = stand_in(monkeypatch, "neptune", "neptune.types")
    logger = Neptune(init_kwargs={"project": "a/b"})
    logger.enter_run(make_view(tmp_path))
    logger.log_metrics({"loss": 0.5}, step=3)
    logger.log_image("pic", [np.full((1, 1, 3), 255, np.uint8)], step=4)
    logger.log_config(Config({"a": 1}))
    logger.finalize("success")
    calls = list_calls(neptune)
    assert calls[:2] == [
        ("init_run", (), {"project": "a/b"}),
        ("init_run[loss].append", (0.5,), {"step": 3}),
    ]
    assert (calls[2][0], calls[2][1][0].max()) == ("File.as_image", 1)
    assert calls[3][0] == "init_run[images].append"
    assert calls[3][2] == {"name": "pic", "step": 4}
    assert calls[4] == ("File.from_content", ("a = 1\n",), {})
    assert [name for name, *_ in calls[5:]] == ["init_run[config].upload", "init_run.stop"]


def test_run_is_kept_on_disk_without_steps_when_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    neptune = stand_in(monkeypatch, "neptune")
    logger = Neptune(with_step=False)
    logger.finalize("success")  # nothing has begun
    logger.enter_run(make_view(tmp_path))
    logger.log_metrics({"loss": 0.5}, step=3)
    assert list_calls(neptune) == [
        ("init_run", (), {"mode": "offline"}),
        ("init_run[loss].append", (0.5,), {}),
    ]


def test_says_so_when_it_is_not_installed() -> None:
    with pytest.raises(ConfigError, match="neptune: the package 'neptune' is not installed"):
        Neptune()

"""The package is not installed: a module that notes calls stands for it."""

from pathlib import Path

import pytest

from mmlight.errors import ConfigError
from mmlight.loggers.aim import Aim
from mmlight.read.config import Config
from tests.loggers.stand_ins import list_calls, make_view, stand_in


@pytest.mark.parametrize("own", [{}, {"experiment": "mine"}])
def test_values_images_and_config_are_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, own: dict[str, str]
) -> None:
    aim = stand_in(monkeypatch, "aim")
    logger = Aim(init_kwargs=own)
    logger.finalize("success")  # nothing has begun
    logger.enter_run(make_view(tmp_path))
    logger.log_metrics({"loss": 0.5}, step=3)
    logger.log_image("pic", ["image"], step=4)
    logger.log_config(Config({"a": 1}))
    logger.finalize("success")
    calls = list_calls(aim)
    assert calls[:3] == [
        ("Run", (), {"experiment": "stamp_vis_data", **own}),
        ("Run.track", (), {"name": "loss", "value": 0.5, "step": 3}),
        ("Image", ("image",), {}),
    ]
    assert calls[3][2] | {"value": None} == {"name": "pic", "value": None, "step": 4}
    assert calls[4:] == [("Run[hparams]", ({"a": 1},), {}), ("Run.close", (), {})]


def test_says_so_when_it_is_not_installed() -> None:
    with pytest.raises(ConfigError, match="aim: the package 'aim' is not installed"):
        Aim()

import json
from types import SimpleNamespace

import numpy as np
import torch
from PIL import Image

from mmlight.compat.vis_backend import (
    BackendLogger,
    BaseVisBackend,
    LocalVisBackend,
    LoggerBackend,
    force_init_env,
)
from mmlight.read.config import Config


def test_local_files_are_those_of_mmengine(tmp_path):
    backend = LocalVisBackend(str(tmp_path / "v"), scalar_save_file="s.json")
    assert not (tmp_path / "v").exists()
    backend.add_scalar("a", torch.tensor(0.5), step=2)
    backend.add_scalars({"b": np.float32(1), "c": np.ones(2)}, step=3, file_path="own.json")
    backend.add_config(Config({"x": 1}))
    backend.add_image("pic", np.full((2, 3, 3), (255, 0, 9), np.uint8), step=4)
    rows = [json.loads(line) for line in (tmp_path / "v/s.json").read_text().splitlines()]
    assert rows == [{"a": 0.5, "step": 2}, {"b": 1.0, "c": [1, 1], "step": 3}]
    assert json.loads((tmp_path / "v/own.json").read_text()) == rows[1]
    assert (tmp_path / "v/config.py").read_text() == "x = 1\n"
    picture = Image.open(tmp_path / "v/vis_image/pic_4.png")
    assert (picture.size, picture.getpixel((0, 0))) == ((3, 2), (255, 0, 9))
    assert backend.experiment is backend


class Notes:
    save_dir = None

    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        if name.startswith("_") or name == "counts_batches":
            raise AttributeError(name)
        return lambda *args, **kwargs: self.calls.append((name, args, kwargs))


def test_logger_gets_numbers_images_and_the_config():
    logger = Notes()
    trainer = SimpleNamespace(fit_loop=SimpleNamespace(total_batch_idx=6))
    backend = LoggerBackend(logger, trainer)
    backend.add_scalars({"a": torch.tensor(1.5), "b": "text", "c": 2}, step=3)
    backend.add_image("pic", "image", step=1)
    backend.add_config("config")
    backend.add_graph("model", None)
    assert logger.calls == [
        ("log_metrics", ({"a": 1.5, "c": 2},), {"step": 3}),
        ("log_image", ("pic", ["image"]), {"step": 1}),
        ("log_config", ("config",), {}),
        ("watch", ("model",), {}),
    ]
    logger.counts_batches = True
    backend.add_scalar("a", 1, step=3)
    assert logger.calls[-1] == ("log_metrics", ({"a": 1},), {"step": 7})
    bare = SimpleNamespace(save_dir=None, log_metrics=lambda *_, **__: None)
    LoggerBackend(bare, trainer).add_image("pic", "image")  # it has no use for images


def test_user_backend_is_prepared_once_and_wrapped():
    class Own(BaseVisBackend):
        count = 0

        def _init_env(self):
            self.count += 1

        @force_init_env
        def add_scalars(self, scalar_dict, step=0, file_path=None, **kwargs):
            """Note them."""
            self.row = (scalar_dict, step)

    backend = Own()
    logger = BackendLogger(backend)
    logger.enter_run(SimpleNamespace(log_dir="w"))
    logger.log_metrics({"a": 1}, 3)
    logger.log_metrics({"a": 2})
    assert (backend.count, backend.row, backend._save_dir) == (1, ({"a": 2}, 0), "w/vis_data")
    assert (logger.name, logger.version, logger.experiment) == ("Own", "", backend)
    assert Own.add_scalars.__doc__ == "Note them."

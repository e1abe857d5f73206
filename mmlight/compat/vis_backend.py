"""Where the numbers, images and configs of a run of 1.x are written to."""

import json
import os
from collections.abc import Mapping
from typing import Any

import lightning as L
import numpy as np
from lightning.pytorch.loggers import Logger
from PIL import Image

from mmlight.compat.scalars import is_scalar, to_numbers


class BaseVisBackend:
    """Base of a user's own place for numbers and images; override what it has a use for.

    Args:
        save_dir: Folder of its files.

    Attributes:
        experiment: The object of the vendor's package.

    From: mmengine 0.10 `BaseVisBackend`. `_init_env` is called before anything is written.
    """

    def __init__(self, save_dir: str | None = None) -> None:
        self._save_dir = save_dir
        self._env_initialized = False

    @property
    def experiment(self) -> Any:
        """Return the object of the vendor's package; the backend itself where there is none."""
        return self

    def _init_env(self) -> None:
        """Prepare the place."""

    def add_config(self, config: Any, **kwargs: Any) -> None:
        """Write a config."""

    def add_graph(self, model: Any, data_batch: Any, **kwargs: Any) -> None:
        """Write the graph of a model."""

    def add_image(self, name: str, image: Any, step: int = 0, **kwargs: Any) -> None:
        """Write an image, uint8 `(H, W, 3)` RGB."""

    def add_scalar(self, name: str, value: Any, step: int = 0, **kwargs: Any) -> None:
        """Write a number."""

    def add_scalars(
        self,
        scalar_dict: Mapping[str, Any],
        step: int = 0,
        file_path: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Write several numbers."""

    def close(self) -> None:
        """End the writing."""


def force_init_env(old_func: Any) -> Any:
    """Let a method of a backend prepare its place first; a decorator.

    From: mmengine 0.10 `force_init_env`.
    """

    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not getattr(self, "_env_initialized", False):
            self._env_initialized = True
            self._init_env()
        return old_func(self, *args, **kwargs)

    wrapper.__name__, wrapper.__doc__ = old_func.__name__, old_func.__doc__
    return wrapper


class LocalVisBackend(BaseVisBackend):
    """Writes files into a folder.

    Args:
        save_dir: The folder; it is made when something is written.
        img_save_dir: Folder of the images in it.
        config_save_file: Name of the config.
        scalar_save_file: Name of the file of all numbers, one JSON object per line.

    From: mmengine 0.10 `LocalVisBackend`.
    """

    def __init__(
        self,
        save_dir: str,
        img_save_dir: str = "vis_image",
        config_save_file: str = "config.py",
        scalar_save_file: str = "scalars.json",
    ) -> None:
        super().__init__(save_dir)
        self._folder = save_dir
        self._images = img_save_dir
        self._config = config_save_file
        self._scalars = scalar_save_file

    def _init_env(self) -> None:
        os.makedirs(self._folder, exist_ok=True)

    @force_init_env
    def add_config(self, config: Any, **kwargs: Any) -> None:
        """Write a config as Python."""
        path = os.path.join(self._folder, self._config)
        with open(path, "w", encoding="utf-8") as file:
            file.write(config.pretty_text)

    @force_init_env
    def add_image(self, name: str, image: Any, step: int = 0, **kwargs: Any) -> None:
        """Write an image, uint8 `(H, W, 3)` RGB, as PNG."""
        path = os.path.join(self._folder, self._images, f"{name}_{step}.png")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        Image.fromarray(np.asarray(image)).save(path)

    def add_scalar(self, name: str, value: Any, step: int = 0, **kwargs: Any) -> None:
        """Write a number."""
        self._write(self._scalars, {name: value, "step": step})

    def add_scalars(
        self,
        scalar_dict: Mapping[str, Any],
        step: int = 0,
        file_path: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Write several numbers on one line, to a file of this name as well."""
        row = {**scalar_dict, "step": scalar_dict.get("step", step)}
        for path in (self._scalars, *([file_path] if file_path else ())):
            self._write(path, row)

    @force_init_env
    def _write(self, path: str, row: Mapping[str, Any]) -> None:
        row = {key: to_numbers([v])[0] if is_scalar(v) else v for key, v in row.items()}
        with open(os.path.join(self._folder, path), "a", encoding="utf-8") as file:
            file.write(json.dumps(row, default=lambda value: value.tolist()) + "\n")


class LoggerBackend(BaseVisBackend):
    """Writes to one of Lightning's loggers.

    Args:
        logger: The logger; one that has `log_image` or `log_config` gets images or the config.
            One with `counts_batches` gets the number of batches as the step, whatever mm counts.
        trainer: Counts the batches.

    From: mmengine 0.10 `TensorboardVisBackend`, `WandbVisBackend` and their kin.
    """

    def __init__(self, logger: Logger, trainer: L.Trainer) -> None:
        super().__init__("")
        self.logger: Any = logger
        self.trainer = trainer

    @property
    def experiment(self) -> Any:
        """Return the object of the vendor's package."""
        return self.logger.experiment

    def add_config(self, config: Any, **kwargs: Any) -> None:
        """Write a config."""
        if hasattr(self.logger, "log_config"):
            self.logger.log_config(config)

    def add_graph(self, model: Any, data_batch: Any, **kwargs: Any) -> None:
        """Write the graph of a model."""
        if hasattr(self.logger, "watch"):
            self.logger.watch(model)

    def add_image(self, name: str, image: Any, step: int = 0, **kwargs: Any) -> None:
        """Write an image, uint8 `(H, W, 3)` RGB."""
        if hasattr(self.logger, "log_image"):
            self.logger.log_image(name, [image], step=step)

    def add_scalar(self, name: str, value: Any, step: int = 0, **kwargs: Any) -> None:
        """Write a number."""
        self.add_scalars({name: value}, step)

    def add_scalars(
        self,
        scalar_dict: Mapping[str, Any],
        step: int = 0,
        file_path: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Write several numbers."""
        numbers = {key: value for key, value in scalar_dict.items() if is_scalar(value)}
        row = dict(zip(numbers, to_numbers([*numbers.values()]), strict=True))
        if getattr(self.logger, "counts_batches", False):
            step = self.trainer.fit_loop.total_batch_idx + 1
        self.logger.log_metrics(row, step=step)


class BackendLogger(Logger):
    """A user's own backend as one of Lightning's loggers.

    Args:
        backend: The backend.
    """

    def __init__(self, backend: Any) -> None:
        super().__init__()
        self.backend = backend

    @property
    def experiment(self) -> Any:
        """Return the object of the vendor's package."""
        return self.backend.experiment

    @property
    def name(self) -> str:
        """Return the class of the backend."""
        return type(self.backend).__name__

    @property
    def version(self) -> str:
        """Backends have none."""
        return ""

    def enter_run(self, view: Any) -> None:
        """Tell a backend without a folder that of the run."""
        if getattr(self.backend, "_save_dir", "") is None:
            self.backend._save_dir = os.path.join(view.log_dir, "vis_data")

    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Do nothing: the config is written by `add_config`."""

    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Write values by name."""
        self.backend.add_scalars(dict(metrics), step or 0)

"""Writes to Neptune."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from lightning.pytorch.utilities import rank_zero_only

from mmlight.loggers.vendor import VendorLogger, import_vendor


class Neptune(VendorLogger):
    """Neptune, by its package of version 1, which Lightning has dropped.

    Args:
        save_dir: Accepted; Neptune has a folder of its own.
        init_kwargs: Arguments of `neptune.init_run`; without any the run is kept on disk.
        with_step: Whether values carry the number of the batch.

    Raises:
        ConfigError: If neptune is not installed.

    From: mmcv 1.7 `NeptuneLoggerHook`, mmengine 0.10 `NeptuneVisBackend`.
    """

    package = "neptune"

    def __init__(
        self,
        save_dir: str | None = None,
        init_kwargs: Mapping[str, Any] | None = None,
        with_step: bool = True,
    ) -> None:
        super().__init__(save_dir, init_kwargs)
        self.with_step = with_step

    def _start(self) -> Any:
        return self._vendor.init_run(**(self.init_kwargs or {"mode": "offline"}))

    def _write(self, name: str, value: Any, step: int | None) -> None:
        self.experiment[name].append(value, **({"step": step} if self.with_step else {}))

    @rank_zero_only
    def log_image(self, key: str, images: Sequence[Any], step: int | None = None) -> None:
        """Write images, uint8 `(H, W, 3)` RGB."""
        make = import_vendor("neptune", "neptune.types").File.as_image
        for image in images:
            picture = make(np.asarray(image, dtype=np.float32) / 255)
            self.experiment["images"].append(picture, name=key, step=step)

    @rank_zero_only
    def log_config(self, config: Any) -> None:
        """Write the config as text."""
        make = import_vendor("neptune", "neptune.types").File.from_content
        self.experiment["config"].upload(make(config.pretty_text))

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """End the run."""
        if self.experiment is not None:
            self.experiment.stop()

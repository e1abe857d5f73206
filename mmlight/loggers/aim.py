"""Writes to Aim."""

import os
from collections.abc import Sequence
from typing import Any

from lightning.pytorch.utilities import rank_zero_only

from mmlight.loggers.vendor import VendorLogger


class Aim(VendorLogger):
    """Aim; the experiment is named after the folder of the run unless `init_kwargs` do.

    Args:
        save_dir: Folder that the name is made of; None for that of the run.
        init_kwargs: Arguments of `aim.Run`.

    Raises:
        ConfigError: If aim is not installed.

    From: mmengine 0.10 `AimVisBackend`.
    """

    package = "aim"

    def _start(self) -> Any:
        parts = os.path.normpath(self.folder).split(os.sep)
        return self._vendor.Run(**{"experiment": "_".join(parts[-2:]), **self.init_kwargs})

    def _write(self, name: str, value: Any, step: int | None) -> None:
        self.experiment.track(name=name, value=value, step=step)

    @rank_zero_only
    def log_image(self, key: str, images: Sequence[Any], step: int | None = None) -> None:
        """Write images, uint8 `(H, W, 3)` RGB."""
        for image in images:
            self.experiment.track(name=key, value=self._vendor.Image(image), step=step)

    @rank_zero_only
    def log_config(self, config: Any) -> None:
        """Write the values of the config."""
        self.experiment["hparams"] = config.to_dict()

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """End the run."""
        if self.experiment is not None:
            self.experiment.close()

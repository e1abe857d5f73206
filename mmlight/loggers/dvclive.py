"""Writes to DVCLive."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from lightning.pytorch.utilities import rank_zero_only

from mmlight.loggers.vendor import VendorLogger, list_files


class DVCLive(VendorLogger):
    """DVCLive; the project must have been made by `dvc init`.

    Args:
        save_dir: Folder of its files; None for that of the run.
        artifact_suffix: Files of that folder with these endings are kept when the run ends.
        init_kwargs: Arguments of `dvclive.Live`.

    Raises:
        ConfigError: If dvclive is not installed.

    From: mmcv 1.7 `DvcliveLoggerHook`, mmengine 0.10 `DVCLiveVisBackend`, which calls `dvc init`
    where there is no git.
    """

    package = "dvclive"

    def __init__(
        self,
        save_dir: str | None = None,
        artifact_suffix: str | Sequence[str] = (".json", ".py", "yaml"),
        init_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(save_dir, init_kwargs)
        self.artifact_suffix = artifact_suffix

    def _start(self) -> Any:
        usual = {"dir": self.folder, "save_dvc_exp": True, "cache_images": True}
        return self._vendor.Live(**{**usual, **self.init_kwargs})

    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Write values by name."""
        if self.experiment is not None:
            self.experiment.step = step
            super().log_metrics(metrics, step)

    def _write(self, name: str, value: Any, step: int | None) -> None:
        self.experiment.log_metric(name, value)

    @rank_zero_only
    def log_image(self, key: str, images: Sequence[Any], step: int | None = None) -> None:
        """Write images, uint8 `(H, W, 3)` RGB."""
        for image in images:
            self.experiment.log_image(f"{key}.png", image)

    @rank_zero_only
    def log_config(self, config: Any) -> None:
        """Write the values of the config."""
        self.experiment.log_params(config.to_dict())

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Keep files, and end the run."""
        if self.experiment is None:
            return
        for file in list_files(self.folder, self.artifact_suffix):
            self.experiment.log_artifact(os.path.join(self.folder, file), os.path.dirname(file))
        self.experiment.end()

"""Writes to ClearML."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from lightning.pytorch.utilities import rank_zero_only

from mmlight.loggers.vendor import VendorLogger, list_files


class ClearML(VendorLogger):
    """ClearML.

    Args:
        save_dir: Accepted; ClearML has a folder of its own.
        init_kwargs: Arguments of `Task.init`.
        artifact_suffix: Files of the work directory with these endings are kept when the run ends.

    Raises:
        ConfigError: If clearml is not installed.

    From: mmcv 1.7 `ClearMLLoggerHook`, mmengine 0.10 `ClearMLVisBackend`.
    """

    package = "clearml"

    def __init__(
        self,
        save_dir: str | None = None,
        init_kwargs: Mapping[str, Any] | None = None,
        artifact_suffix: str | Sequence[str] = (".py", ".pth"),
    ) -> None:
        super().__init__(save_dir, init_kwargs)
        self.artifact_suffix = artifact_suffix

    def _start(self) -> Any:
        return self._vendor.Task.init(**self.init_kwargs)

    def _write(self, name: str, value: Any, step: int | None) -> None:
        report = self.experiment.get_logger().report_scalar
        report(title=name, series=name, value=value, iteration=step)

    @rank_zero_only
    def log_image(self, key: str, images: Sequence[Any], step: int | None = None) -> None:
        """Write images, uint8 `(H, W, 3)` RGB."""
        report = self.experiment.get_logger().report_image
        for image in images:
            report(title=key, series=key, iteration=step, image=image)

    @rank_zero_only
    def log_config(self, config: Any) -> None:
        """Write the values of the config."""
        self.experiment.connect_configuration(config.to_dict())

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Keep files, and end the task."""
        if self.experiment is None:
            return
        for file in list_files(self.work_dir, self.artifact_suffix, deep=False):
            self.experiment.upload_artifact(file, os.path.join(self.work_dir, file))
        self.experiment.close()

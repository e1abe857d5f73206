"""Writes to TensorBoard."""

from collections.abc import Mapping, Sequence
from typing import Any

from lightning.fabric.loggers.logger import _DummyExperiment as DummyExperiment
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.utilities import rank_zero_only

from mmlight.loggers.vendor import choose_folder, import_vendor


class TensorBoard(TensorBoardLogger):
    """TensorBoard, in the folder that mm chooses.

    Args:
        save_dir: The folder; None for `tf_logs` in 0.x, `vis_data` in 1.x.

    Raises:
        ConfigError: If tensorboard is not installed.

    From: mmcv 1.7 `TensorboardLoggerHook`, mmengine 0.10 `TensorboardVisBackend`.
    """

    def __init__(self, save_dir: str | None = None) -> None:
        import_vendor("tensorboard")
        super().__init__(save_dir or ".", name="", version="", default_hp_metric=False)
        self._given_dir = save_dir
        self._has_entered = False

    def enter_run(self, view: Any) -> None:
        """Learn where the run writes."""
        self._root_dir = choose_folder(view, self._given_dir, "tf_logs")
        self._has_entered, self._experiment = True, None

    @property
    def experiment(self) -> Any:
        """The writer; something that does nothing before the run, when Lightning asks as well."""
        return super().experiment if self._has_entered else DummyExperiment()

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Write values by name; texts as texts."""
        texts = {name: value for name, value in metrics.items() if isinstance(value, str)}
        for name, value in texts.items():
            self.experiment.add_text(name, value, step)
        super().log_metrics({k: v for k, v in metrics.items() if k not in texts}, step)

    @rank_zero_only
    def log_image(self, key: str, images: Sequence[Any], step: int | None = None) -> None:
        """Write images, uint8 `(H, W, 3)` RGB."""
        for image in images:
            self.experiment.add_image(key, image, step, dataformats="HWC")

    @rank_zero_only
    def log_config(self, config: Any) -> None:
        """Write the config as text."""
        self.experiment.add_text("config", config.pretty_text)

    @rank_zero_only
    def save(self) -> None:
        """Write out what waits; there are no hyperparameters, so no file for them."""
        self.experiment.flush()

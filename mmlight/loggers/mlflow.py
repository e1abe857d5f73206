"""Writes to MLflow."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from lightning.fabric.loggers.logger import _DummyExperiment as DummyExperiment
from lightning.pytorch.loggers import MLFlowLogger
from lightning.pytorch.utilities import rank_zero_only

from mmlight.loggers.vendor import choose_folder, import_vendor, list_files


class MLflow(MLFlowLogger):
    """MLflow, in the folder of the run unless a server is named.

    Args:
        save_dir: Folder of its files; None for that of the run.
        exp_name: Name of the experiment.
        run_name: Name of the run.
        tags: Facts about the run.
        params: Values to be compared between runs.
        tracking_uri: Address of a server.
        artifact_suffix: Files of the work directory with these endings are kept when the run ends.
        tracked_config_keys: Top-level keys of the config that are written; None for all.
        artifact_location: Where files are kept.
        log_model: Keep the model when the run ends.

    Raises:
        ConfigError: If mlflow is not installed.

    From: mmcv 1.7 `MlflowLoggerHook`, mmengine 0.10 `MLflowVisBackend`.
    """

    def __init__(
        self,
        save_dir: str | None = None,
        exp_name: str | None = None,
        run_name: str | None = None,
        tags: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        tracking_uri: str | None = None,
        artifact_suffix: str | Sequence[str] = (".json", ".log", ".py", "yaml"),
        tracked_config_keys: Sequence[str] | None = None,
        artifact_location: str | None = None,
        log_model: bool = False,
    ) -> None:
        self._mlflow = import_vendor("mlflow")
        self._given_dir = save_dir
        self._options: dict[str, Any] = {
            "experiment_name": exp_name or "Default",
            "run_name": run_name,
            "tags": dict(tags) if tags else None,
            "artifact_location": artifact_location,
            "tracking_uri": tracking_uri,
        }
        self.params = dict(params or {})
        self.artifact_suffix = artifact_suffix
        self.tracked_config_keys = tracked_config_keys
        self.keeps_model = log_model
        self._view: Any = None

    def enter_run(self, view: Any) -> None:
        """Learn where the run writes, and begin: a client makes its folder at once."""
        self._view = view
        folder = os.path.abspath(choose_folder(view, self._given_dir, "mlruns"))
        uri = self._options["tracking_uri"] or f"file://{folder}"
        super().__init__(**{**self._options, "tracking_uri": uri})
        self.log_hyperparams(self.params)

    @property
    def experiment(self) -> Any:
        """The client; something that does nothing before the run, when Lightning asks as well."""
        return super().experiment if self._view is not None else DummyExperiment()

    @property
    def save_dir(self) -> str | None:
        """Folder of its files, where they are files."""
        return super().save_dir if self._view is not None else None

    @property
    def name(self) -> str | None:
        """Number of the experiment."""
        return super().name if self._view is not None else None

    @property
    def version(self) -> str | None:
        """Number of the run."""
        return super().version if self._view is not None else None

    @rank_zero_only
    def log_image(self, key: str, images: Sequence[Any], step: int | None = None) -> None:
        """Keep images, uint8 `(H, W, 3)` RGB."""
        for image in images:
            self.experiment.log_image(self.run_id, image, f"{key}_{step}.png")

    @rank_zero_only
    def log_config(self, config: Any) -> None:
        """Write the values of the config, and keep its text."""
        values = config.to_dict()
        keys = self.tracked_config_keys
        self.log_hyperparams(values if keys is None else {key: values[key] for key in keys})
        self.experiment.log_text(self.run_id, config.pretty_text, "config.py")

    @rank_zero_only
    def finalize(self, status: str = "success") -> None:
        """Keep model and files, and end the run."""
        if self._view is None or not self._initialized:
            return
        if self.keeps_model:
            with self._mlflow.start_run(run_id=self.run_id):
                self._mlflow.pytorch.log_model(self._view.model, "models")
        for file in list_files(self._view.work_dir, self.artifact_suffix):
            path = os.path.join(self._view.work_dir, file)
            self.experiment.log_artifact(self.run_id, path, os.path.dirname(file))
        super().finalize(status)

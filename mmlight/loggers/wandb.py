"""Writes to Weights & Biases."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from lightning.fabric.loggers.logger import _DummyExperiment as DummyExperiment
from lightning.pytorch.loggers import WandbLogger
from lightning.pytorch.utilities import rank_zero_only

from mmlight.loggers.vendor import choose_folder, import_vendor, list_files


class Wandb(WandbLogger):
    """Weights & Biases; the axis of all curves is the number of batches, also after resuming.

    Args:
        save_dir: Folder of its files; None for that of the run.
        init_kwargs: Arguments of `wandb.init`.
        define_metric_cfg: Metrics with the summary of each, such as 'max', or a list of arguments
            of `define_metric`.
        commit: Whether each record makes a step of W&B.
        log_code_name: Name under which the code is kept.
        watch_kwargs: Arguments of `watch`, for the graph of a model.
        with_step: Whether records carry Lightning's `trainer/global_step`, which curves are drawn
            over, or `global_step`.
        log_artifact: Keep the files of the log when the run ends.
        out_suffix: Which of them, by their endings.
        log_checkpoint: Keep every checkpoint.

    Raises:
        ConfigError: If wandb is not installed.

    From: mmcv 1.7 `WandbLoggerHook`, mmcls 0.25 `MMClsWandbHook` without its tables, mmengine 0.10
    `WandbVisBackend`, whose axis is the number of records.
    """

    counts_batches = True

    def __init__(
        self,
        save_dir: str | None = None,
        init_kwargs: Mapping[str, Any] | None = None,
        define_metric_cfg: Mapping[str, str] | Sequence[Mapping[str, Any]] | None = None,
        commit: bool = True,
        log_code_name: str | None = None,
        watch_kwargs: Mapping[str, Any] | None = None,
        with_step: bool = True,
        log_artifact: bool = False,
        out_suffix: str | Sequence[str] = (".log.json", ".log", ".py"),
        log_checkpoint: bool = False,
    ) -> None:
        self._wandb = import_vendor("wandb")
        options = dict(init_kwargs or {})
        self._given_dir = options.pop("dir", save_dir)
        super().__init__(log_model="all" if log_checkpoint else False, **options)
        if "project" not in options and "WANDB_PROJECT" not in os.environ:
            self._wandb_init["project"] = None  # W&B's own default, as in mm
        self.define_metric_cfg = define_metric_cfg
        self.commit = commit
        self.log_code_name = log_code_name
        self.watch_kwargs = dict(watch_kwargs or {})
        self.with_step = with_step
        self.out_suffix = out_suffix if log_artifact else ()
        self._work_dir, self._has_entered = ".", False

    def enter_run(self, view: Any) -> None:
        """Learn where the run writes, and begin."""
        self._work_dir, self._has_entered = view.work_dir, True
        self._wandb_init["dir"] = self._save_dir = choose_folder(view, self._given_dir)
        os.makedirs(str(self._save_dir), exist_ok=True)
        run = self.experiment  # begins now
        found = self.define_metric_cfg or ()
        if isinstance(found, Mapping):
            found = [{"name": name, "summary": summary} for name, summary in found.items()]
        for entry in found:
            run.define_metric(**entry)

    @property
    def experiment(self) -> Any:
        """The run; something that does nothing before it, when Lightning asks as well."""
        return super().experiment if self._has_entered else DummyExperiment()

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Write values by name."""
        axis = "trainer/global_step" if self.with_step else "global_step"
        self.experiment.log({**metrics, axis: step}, commit=self.commit)

    @rank_zero_only
    def log_config(self, config: Any) -> None:
        """Write the config, and keep the code."""
        self.experiment.config.update(config.to_dict(), allow_val_change=True)
        self.experiment.log_code(name=self.log_code_name)

    def watch(self, model: Any, *args: Any, **kwargs: Any) -> None:
        """Write the graph of a model."""
        super().watch(model, *args, **{**self.watch_kwargs, **kwargs})

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Keep the files of the log, and end the run."""
        super().finalize(status)
        if self._experiment is None:
            return
        files = list(list_files(self._work_dir, self.out_suffix))
        if files:
            artifact = self._wandb.Artifact(name="artifacts", type="model")
            for file in files:
                artifact.add_file(os.path.join(self._work_dir, file))
            self.experiment.log_artifact(artifact)
        self.experiment.finish()

"""The runner that users' hooks get: a view of the Trainer in the words of mm."""

import logging
import os
import time
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import lightning as L
from torch.optim import Optimizer

from mmlight.callbacks.announcer import Announcer, find_announcer
from mmlight.compat.log_buffer import LogBuffer
from mmlight.compat.message_hub import MessageHub
from mmlight.compat.optimizer import OptimWrapper
from mmlight.errors import UnknownRunnerAttributeError, list_names, nearest_name
from mmlight.hooks.batch_view import view_batch, view_losses, view_predictions
from mmlight.hooks.loop_view import LoopView
from mmlight.hooks.progress_view import ProgressView
from mmlight.optim.schedule import read_value


class RunnerView(ProgressView):
    """What a hook may ask of the runner; values are those of the moment, in mm's numbers.

    An attribute that is not there raises and tells which there are. Attributes that a hook sets
    itself are kept.

    Args:
        trainer: The Trainer that runs.
        announcer: Knows where the run is.
        work_dir: Folder of the run.
        config_file: Its config, as far as known.
        config_text: The resolved config, as Python.

    Attributes:
        trainer: The Trainer, for what mm has no word for.
        mode: 'train', 'val' or 'test'.
        meta: Facts about the run that a hook may add to; 'hook_msgs' is a dict for hooks.
        metrics: Values of the last evaluation, by name.

    From: mmcv 1.7 `BaseRunner`, mmengine 0.10 `Runner`.
    """

    def __init__(
        self,
        trainer: L.Trainer,
        announcer: Announcer,
        work_dir: str = "",
        config_file: str = "",
        config_text: str = "",
    ) -> None:
        super().__init__(trainer, announcer)
        self.meta: dict[str, Any] = {"hook_msgs": {}}
        self.timestamp = time.strftime("%Y%m%d_%H%M%S")
        self._work_dir = work_dir
        self._config = (config_file, config_text)
        self._wrapper: OptimWrapper | None = None
        self._batch: Any = None
        self._outputs: Any = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        known = sorted(key for key in (*dir(type(self)), *vars(self)) if not key.startswith("_"))
        raise UnknownRunnerAttributeError(
            f"runner.{name}",
            f"the runner that hooks get has no {name!r}",
            expected=list_names(known),
            nearest=nearest_name(name, known),
            next_step="Use one of these, or runner.trainer, which is Lightning's Trainer.",
        )

    # ---------------------------------------------------------------- what is trained

    @property
    def model(self) -> L.LightningModule:
        """The classifier, never wrapped."""
        module = self.announcer.module
        assert module is not None  # known from the beginning of a run
        return module

    @property
    def model_name(self) -> str:
        """Class of the classifier."""
        return type(self.model).__name__

    @property
    def optimizer(self) -> Optimizer:
        """The torch optimizer."""
        return self.trainer.optimizers[0]

    @property
    def optim_wrapper(self) -> OptimWrapper:
        """The optimizer, wrapped as in 1.x; stepping is the Trainer's business."""
        if self._wrapper is None or self._wrapper.optimizer is not self.optimizer:
            self._wrapper = OptimWrapper(self.optimizer)
        return self._wrapper

    @property
    def param_schedulers(self) -> list[Any]:
        """The schedules of the run."""
        drivers = (getattr(c, "driver", None) for c in self.hooks)
        return [schedule for driver in drivers if driver for schedule in driver.schedules]

    def current_lr(self) -> list[float]:
        """Return the learning rate of each group."""
        return [float(group["lr"]) for group in self.optimizer.param_groups]

    def current_momentum(self) -> list[float]:
        """Return the momentum, or first beta, of each group; 0 where there is none."""
        return [
            read_value(group, "momentum") if {"momentum", "betas"} & group.keys() else 0.0
            for group in self.optimizer.param_groups
        ]

    # ---------------------------------------------------------------- where the run is

    @property
    def mode(self) -> str:
        """'train', 'val' or 'test'."""
        return self.announcer.place.mode

    @property
    def inner_iter(self) -> int:
        """Index of the current batch in its epoch; 0 in an iteration-based run, as in mmcv."""
        return self.announcer.place.inner_iter

    _inner_iter = inner_iter

    # ---------------------------------------------------------------- loops and data

    @property
    def train_loop(self) -> LoopView:
        """The training loop; setting its `stop_training` ends the run."""
        return LoopView(self, "train")

    @property
    def val_loop(self) -> LoopView:
        """The loop of validation."""
        return LoopView(self, "val")

    @property
    def test_loop(self) -> LoopView:
        """The loop of the test."""
        return LoopView(self, "test")

    @property
    def train_dataloader(self) -> Any:
        """The loader of the training data."""
        return self.train_loop.dataloader

    @property
    def val_dataloader(self) -> Any:
        """The loader of the validation data."""
        return self.val_loop.dataloader

    @property
    def test_dataloader(self) -> Any:
        """The loader of the test data."""
        return self.test_loop.dataloader

    @property
    def data_loader(self) -> Any:
        """The loader of the mode."""
        return LoopView(self, self.mode).dataloader

    @property
    def data_batch(self) -> Any:
        """The current batch, as in 0.x."""
        return view_batch(self._batch, self.announcer.generation)

    @property
    def outputs(self) -> Any:
        """What the current batch gave: losses, in 0.x with `log_vars`, or predictions."""
        if isinstance(self._outputs, dict) and "scores" in self._outputs:
            return view_predictions(self._outputs, self._batch)
        divided = self.trainer.accumulate_grad_batches if self.mode == "train" else 1
        generation = self.announcer.generation
        return view_losses(self._outputs, self._batch, generation, batches_per_step=divided)

    def enter(self, batch: Any, batch_idx: int, outputs: Any = None) -> None:
        """Note the batch that hooks are about to be told of."""
        self._batch, self._outputs = batch, outputs
        self.announcer.place.inner_iter = batch_idx if self.by_epoch else 0

    # ---------------------------------------------------------------- logs

    @cached_property
    def log_buffer(self) -> LogBuffer:
        """What hooks of 0.x add to the next line of the log."""
        return LogBuffer()

    @property
    def message_hub(self) -> MessageHub:
        """What hooks of 1.x leave for each other, and quantities to be logged."""
        return MessageHub.get_current_instance()

    @property
    def logger(self) -> logging.Logger:
        """The logger of the run."""
        return logging.getLogger("mmlight")

    @property
    def visualizer(self) -> Any:
        """Writes scalars, images and configs to the loggers of the run."""
        from mmlight.compat.visualizer import Visualizer

        return Visualizer.of_run(self.trainer, self._work_dir)

    @property
    def metrics(self) -> dict[str, float]:
        """Values of the last evaluation, by name."""
        return {name: float(value) for name, value in self.trainer.callback_metrics.items()}

    # ---------------------------------------------------------------- the run

    @property
    def work_dir(self) -> str:
        """Folder of the run."""
        return self._work_dir or str(self.trainer.default_root_dir)

    @property
    def log_dir(self) -> str:
        """Folder of the log: that of the run, in 1.x one in it for each start."""
        is_old = self.announcer.generation == "0.x"
        return self.work_dir if is_old else os.path.join(self.work_dir, self.timestamp)

    @property
    def experiment_name(self) -> str:
        """Name of the run: that of its config, or of its folder, and when it began."""
        name = os.path.splitext(os.path.basename(self._config[0]))[0]
        return f"{name or os.path.basename(self.work_dir.rstrip('/'))}_{self.timestamp}"

    @cached_property
    def cfg(self) -> Any:
        """The resolved config, in its own words."""
        from mmlight.read.config import Config

        return Config.fromstring(self._config[1], ".py") if self._config[1] else Config({})

    @property
    def rank(self) -> int:
        """Number of this process."""
        return self.trainer.global_rank

    @property
    def world_size(self) -> int:
        """How many processes train."""
        return self.trainer.world_size

    @property
    def distributed(self) -> bool:
        """Whether several processes train."""
        return self.trainer.world_size > 1

    @property
    def launcher(self) -> str:
        """'pytorch' where several processes train, else 'none'."""
        return "pytorch" if self.distributed else "none"

    @property
    def seed(self) -> int | None:
        """Seed of the run."""
        return getattr(self.trainer.datamodule, "seed", None)  # type: ignore[attr-defined]

    @property
    def hooks(self) -> Sequence[Any]:
        """The callbacks of the run; a user's hook is the `hook` of one."""
        found: list[Any] = self.trainer.callbacks  # type: ignore[attr-defined]
        return [getattr(callback, "hook", callback) for callback in found]

    _hooks = hooks

    def call_hook(self, fn_name: str, **kwargs: Any) -> None:
        """Call a point of all users' hooks."""
        for callback in self.trainer.callbacks:  # type: ignore[attr-defined]
            if hasattr(callback, "hook"):
                getattr(callback.hook, fn_name)(self, **kwargs)

    def save_checkpoint(
        self,
        out_dir: str,
        filename: str | None = None,
        filename_tmpl: str | None = None,
        save_optimizer: bool = True,
        **ignored: Any,
    ) -> None:
        """Write a checkpoint of ours.

        Args:
            out_dir: Folder.
            filename: Name of the file, as in 1.x; in 0.x the same as `filename_tmpl`.
            filename_tmpl: Name of the file with a place for the number, as in 0.x; the number is
                that of the epoch or iteration that is under way.
            save_optimizer: Whether it can be resumed.
            **ignored: Other arguments of mm, which change nothing here.
        """
        usual = "epoch_{}.ckpt" if self.by_epoch else "iter_{}.ckpt"
        count = self.epoch if self.by_epoch else self.iter
        count += self.announcer.generation == "0.x"
        name = (filename or filename_tmpl or usual).format(count)
        self.trainer.save_checkpoint(os.path.join(out_dir, name), weights_only=not save_optimizer)


def find_view(trainer: L.Trainer) -> RunnerView:
    """Return the runner that the hooks of a trainer get; the same one all along."""
    announcer = find_announcer(trainer)
    if announcer is None:
        raise ValueError("callbacks must hold an Announcer for hooks to have a runner, got none")
    if announcer.view is None or announcer.view.trainer is not trainer:
        announcer.view = RunnerView(trainer, announcer, **announcer.run)
    view: RunnerView = announcer.view
    return view

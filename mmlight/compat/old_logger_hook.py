"""The base of the hooks of 0.x that write the log."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import torch

from mmlight.compat.log_processor import count_batches
from mmlight.compat.scalars import is_scalar
from mmlight.hooks.hook import Hook


class LoggerHook(Hook):
    """Calls `log(runner)` every `interval` batches and after each evaluation.

    What is to be logged then stands in `runner.log_buffer.output`.

    Args:
        interval: Log every so many batches, counted from the start of the epoch, or from the start
            of training where that is iteration-based.
        ignore_last: Log nothing at the end of an epoch whose last batches do not fill an interval.
        reset_flag: Empty `output` afterwards; the last of several hooks does so in any case.
        by_epoch: Whether batches are counted in their epoch.

    Raises:
        ValueError: If `interval` is smaller than 1.

    From: mmcv 1.7 `LoggerHook`.
    """

    def __init__(
        self,
        interval: int = 10,
        ignore_last: bool = True,
        reset_flag: bool = False,
        by_epoch: bool = True,
    ) -> None:
        if interval < 1:
            raise ValueError(f"interval must be 1 or more, got {interval}")
        self.interval = interval
        self.ignore_last = ignore_last
        self.reset_flag = reset_flag
        self.by_epoch = by_epoch

    @abstractmethod
    def log(self, runner: Any) -> Any:
        """Log what stands in `runner.log_buffer.output`."""

    # ---------------------------------------------------------------- questions

    @staticmethod
    def is_scalar(val: Any, include_np: bool = True, include_torch: bool = True) -> bool:
        """Tell whether a value is a number, or an array or tensor of one."""
        if isinstance(val, torch.Tensor):
            return include_torch and val.numel() == 1
        if hasattr(val, "dtype") and not isinstance(val, (int, float)):
            return include_np and val.ndim == 0
        return is_scalar(val)

    def get_mode(self, runner: Any) -> str:
        """Return 'train' for batches of training, 'val' for results."""
        if runner.mode not in ("train", "val"):
            raise ValueError(f"mode must be 'train' or 'val', got {runner.mode!r}")
        is_training = runner.mode == "train" and "time" in runner.log_buffer.output
        return "train" if is_training else "val"

    def get_epoch(self, runner: Any) -> int:
        """Return the number of the epoch, from 1."""
        return int(runner.epoch) + int(runner.mode == "train")

    def get_iter(self, runner: Any, inner_iter: bool = False) -> int:
        """Return the number of the batch, from 1: that of the run, or that in its epoch."""
        return int(runner.inner_iter if self.by_epoch and inner_iter else runner.iter) + 1

    def get_lr_tags(self, runner: Any) -> dict[str, float]:
        """Return the rate of the first group."""
        return {"learning_rate": runner.current_lr()[0]}

    def get_momentum_tags(self, runner: Any) -> dict[str, float]:
        """Return the momentum of the first group."""
        return {"momentum": runner.current_momentum()[0]}

    def get_loggable_tags(
        self,
        runner: Any,
        allow_scalar: bool = True,
        allow_text: bool = False,
        add_mode: bool = True,
        tags_to_skip: Sequence[str] = ("time", "data_time"),
    ) -> dict[str, Any]:
        """Return what is to be logged by name, with rate and momentum.

        Args:
            runner: The runner.
            allow_scalar: Whether numbers are.
            allow_text: Whether texts are.
            add_mode: Whether names begin with the mode, such as `train/loss`.
            tags_to_skip: Names that are left out.
        """
        prefix = f"{self.get_mode(runner)}/" if add_mode else ""
        tags = {
            prefix + name: value
            for name, value in runner.log_buffer.output.items()
            if name not in tags_to_skip
            and (allow_scalar or not self.is_scalar(value))
            and (allow_text or not isinstance(value, str))
        }
        return {**tags, **self.get_lr_tags(runner), **self.get_momentum_tags(runner)}

    # ---------------------------------------------------------------- points

    def before_run(self, runner: Any) -> None:
        """Let the last hook empty the output."""
        hooks = [hook for hook in runner.hooks if isinstance(hook, LoggerHook)]
        if hooks:
            hooks[-1].reset_flag = True

    def before_epoch(self, runner: Any) -> None:
        """Forget the batches of the epoch before."""
        runner.log_buffer.clear()

    def after_train_iter(self, runner: Any, *_: Any, **__: Any) -> None:
        """Log if it is time."""
        count = runner.inner_iter if self.by_epoch else runner.iter
        if (count + 1) % self.interval == 0 or (
            not self.ignore_last and runner.inner_iter + 1 == count_batches(runner, "train")
        ):
            runner.log_buffer.average(self.interval)
        self.log_if_ready(runner)

    def after_train_epoch(self, runner: Any) -> None:
        """Log if there is something to show: results of a validation."""
        self.log_if_ready(runner)

    def log_if_ready(self, runner: Any) -> None:
        """Log if there is something to show."""
        if runner.log_buffer.ready:
            self.log(runner)
            if self.reset_flag:
                runner.log_buffer.clear_output()

    def after_val_epoch(self, runner: Any, *_: Any, **__: Any) -> None:
        """Log the losses of validation data, of a `workflow`."""
        runner.log_buffer.average()
        self.log_if_ready(runner)

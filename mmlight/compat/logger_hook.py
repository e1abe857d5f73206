"""The hook of 1.x that writes the log."""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from mmlight.compat.log_copy import LogCopy
from mmlight.compat.log_processor import count_batches, is_training_run
from mmlight.hooks.hook import Hook

SUFFIXES = (".json", ".log", ".py", "yaml")
ITER_LINE, RESULT_LINE = {"line": "iter"}, {"line": "result"}
"""Mark lines that a progress bar stands for, and those that it does not."""


class LoggerHook(Hook):
    """Writes a line every `interval` batches and after each evaluation, and their numbers.

    Args:
        interval: Write every so many batches; those of training are counted from the start of the
            epoch, or of training where that is iteration-based.
        ignore_last: Write nothing at the end of an epoch whose last batches do not fill an
            interval, unless it is shorter than one interval.
        interval_exp_name: Name the run every so many batches of training.
        out_dir: Copy the log there when the run ends.
        out_suffix: Copy files with these endings.
        keep_local: Whether the log stays where it was as well.
        file_client_args: How `out_dir` is reached, in older words.
        log_metric_by_epoch: Whether results are recorded by epoch, not by iteration.
        backend_args: How `out_dir` is reached.

    Raises:
        ValueError: If an interval is smaller than 1.

    From: mmengine 0.10 `LoggerHook`.
    """

    priority = "BELOW_NORMAL"

    def __init__(
        self,
        interval: int = 10,
        ignore_last: bool = True,
        interval_exp_name: int = 1000,
        out_dir: str | os.PathLike[str] | None = None,
        out_suffix: str | Sequence[str] = SUFFIXES,
        keep_local: bool = True,
        file_client_args: dict[str, Any] | None = None,
        log_metric_by_epoch: bool = True,
        backend_args: dict[str, Any] | None = None,
    ) -> None:
        for name, value in (("interval", interval), ("interval_exp_name", interval_exp_name)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} must be 1 or more, got {value!r}")
        self.interval = interval
        self.ignore_last = ignore_last
        self.interval_exp_name = interval_exp_name
        self.log_metric_by_epoch = log_metric_by_epoch
        self.json_log_path = ""
        self._copy = LogCopy(out_dir, out_suffix, keep_local, backend_args or file_client_args)

    def before_run(self, runner: Any) -> None:
        """Choose the name of the file of numbers."""
        self.json_log_path = f"{runner.timestamp}.json"

    # ---------------------------------------------------------------- batches

    def after_train_iter(
        self, runner: Any, batch_idx: int = 0, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Write a line if it is time."""
        size = count_batches(runner, "train")
        is_end = batch_idx + 1 == size
        if self.every_n_train_iters(runner, self.interval_exp_name) or is_end:
            runner.logger.info("Exp name: %s", runner.experiment_name, extra=ITER_LINE)
        if not self.every_n_inner_iters(batch_idx, self.interval) and not (
            is_end and (not self.ignore_last or size <= self.interval)
        ):
            return
        left = (runner.max_iters or runner.iter + 1) - runner.iter - 1
        _tell_eta(runner, "train", left)
        tag, line = runner.log_processor.get_log_after_iter(runner, batch_idx, "train")
        runner.logger.info(line, extra=ITER_LINE)
        runner.visualizer.add_scalars(tag, step=runner.iter + 1, file_path=self.json_log_path)

    def after_val_iter(
        self, runner: Any, batch_idx: int = 0, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Write a line if it is time."""
        self._log_evaluation(runner, batch_idx, "val")

    def after_test_iter(
        self, runner: Any, batch_idx: int = 0, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Write a line if it is time."""
        self._log_evaluation(runner, batch_idx, "test")

    def _log_evaluation(self, runner: Any, batch_idx: int, mode: str) -> None:
        if self.every_n_inner_iters(batch_idx, self.interval):
            size = count_batches(runner, mode)
            _tell_eta(runner, mode, size - batch_idx - 1)
            _, line = runner.log_processor.get_log_after_iter(runner, batch_idx, mode)
            runner.logger.info(line, extra=ITER_LINE)

    # ---------------------------------------------------------------- results

    def after_val_epoch(self, runner: Any, metrics: Mapping[str, Any] | None = None) -> None:
        """Write the results of a validation."""
        size = count_batches(runner, "val")
        tag, line = runner.log_processor.get_log_after_epoch(runner, size, "val")
        runner.logger.info(line, extra=RESULT_LINE)
        step = runner.epoch if self.log_metric_by_epoch else runner.iter
        step = step if is_training_run(runner) else 0
        runner.visualizer.add_scalars(tag, step=step, file_path=self.json_log_path)

    def after_test_epoch(self, runner: Any, metrics: Mapping[str, Any] | None = None) -> None:
        """Write the results of a test."""
        size = count_batches(runner, "test")
        tag, line = runner.log_processor.get_log_after_epoch(
            runner, size, "test", with_non_scalar=True
        )
        runner.logger.info(line, extra=RESULT_LINE)
        path = os.path.join(runner.log_dir, self.json_log_path)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(to_json(tag), file)

    def after_run(self, runner: Any) -> None:
        """Close what was written to, and copy it."""
        runner.visualizer.close()
        self._copy.run(runner.log_dir, os.path.basename(runner.work_dir.rstrip(os.sep)))


def _tell_eta(runner: Any, mode: str, batches_left: int) -> None:
    """Say how long the rest takes, where a timer knows."""
    from mmlight.callbacks.iter_timer import find_timer  # which imports this module

    timer = find_timer(runner.trainer)
    if timer is not None:
        runner.message_hub.runtime_info["eta"] = timer.estimate(mode, batches_left)


def to_json(value: Any) -> Any:
    """Return a value as JSON knows it: arrays become lists; what is unknown becomes null.

    From: mmengine 0.10 `LoggerHook._process_tags`.
    """
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if hasattr(value, "tolist"):
        return value.tolist()
    return value if isinstance(value, (str, int, float, bool, type(None))) else None

"""The hook of 0.x that writes text and JSON."""

import datetime
import json
import os
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import torch

from mmlight.compat.log_copy import LogCopy
from mmlight.compat.log_processor import count_batches
from mmlight.compat.logger_hook import ITER_LINE, RESULT_LINE, to_json
from mmlight.compat.old_logger_hook import LoggerHook

SUFFIXES = (".log.json", ".log", ".py")


class TextLoggerHook(LoggerHook):
    """Writes lines of text, and the same values as JSON, to `<start time>.log.json`.

    Loggers that a flag of the Trainer has added get the values under mmcv's tags as well.

    Args:
        by_epoch: Whether batches are counted in their epoch.
        interval: Write every so many batches.
        ignore_last: Write nothing at the end of an epoch whose last batches do not fill an
            interval.
        reset_flag: See `LoggerHook`.
        interval_exp_name: Name the run every so many batches, where `runner.meta` has 'exp_name'.
        out_dir: Copy the log there when the run ends.
        out_suffix: Copy files with these endings.
        keep_local: Whether the log stays where it was as well.
        file_client_args: How `out_dir` is reached.

    From: mmcv 1.7 `TextLoggerHook`.
    """

    def __init__(
        self,
        by_epoch: bool = True,
        interval: int = 10,
        ignore_last: bool = True,
        reset_flag: bool = False,
        interval_exp_name: int = 1000,
        out_dir: str | None = None,
        out_suffix: str | Sequence[str] = SUFFIXES,
        keep_local: bool = True,
        file_client_args: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(interval, ignore_last, reset_flag, by_epoch)
        self.interval_exp_name = interval_exp_name
        self.time_sec_tot = 0.0
        self.start_iter = 0
        self.json_log_path = ""
        self._copy = LogCopy(out_dir, out_suffix, keep_local, file_client_args)

    def before_run(self, runner: Any) -> None:
        """Begin the file with what is known about the run."""
        super().before_run(runner)
        self.start_iter = runner.iter
        self.json_log_path = os.path.join(runner.work_dir, f"{runner.timestamp}.log.json")
        self._dump_log({key: value for key, value in runner.meta.items() if value}, runner)

    def before_train_epoch(self, runner: Any) -> None:
        """Forget the batches before; measure from where a resumed run begins."""
        super().before_train_epoch(runner)
        if not self.time_sec_tot:
            self.start_iter = runner.iter

    def log(self, runner: Any) -> OrderedDict[str, Any]:
        """Write the text and the JSON of one line."""
        output = runner.log_buffer.output
        count = output.pop("eval_iter_num", None)
        row: OrderedDict[str, Any] = OrderedDict(mode=self.get_mode(runner))
        row["epoch"] = self.get_epoch(runner)
        row["iter"] = self.get_iter(runner, inner_iter=True) if count is None else count
        row["lr"] = runner.current_lr()[0]
        if "time" in output and torch.cuda.is_available():
            row["memory"] = self._get_max_memory(runner)
        row.update(output)
        self._log_info(row, runner)
        self._dump_log(row, runner)
        for logger in runner.flag_loggers:
            logger.log_metrics(self.get_loggable_tags(runner), step=self.get_iter(runner))
        return row

    def _get_max_memory(self, runner: Any) -> int:
        """Return the most memory that tensors took on any GPU [MB]."""
        peak = int(torch.cuda.max_memory_allocated()) // 2**20
        if runner.world_size == 1:
            return peak
        row = torch.tensor(peak, device=runner.model.device)
        return int(runner.trainer.strategy.reduce(row, reduce_op="max"))

    def _log_info(self, log_dict: dict[str, Any], runner: Any) -> None:
        if "exp_name" in runner.meta and (
            self.every_n_iters(runner, self.interval_exp_name)
            or (self.by_epoch and self.end_of_epoch(runner))
        ):
            runner.logger.info("Exp name: %s", runner.meta["exp_name"], extra=ITER_LINE)
        is_training = log_dict["mode"] == "train"
        head = self._head(log_dict, runner) if is_training else self._result_head(log_dict)
        shown = ("mode", "Epoch", "iter", "lr", "time", "data_time", "memory", "epoch")
        items = [
            f"{name}: {f'{value:.4f}' if isinstance(value, float) else value}"
            for name, value in log_dict.items()
            if name not in shown
        ]
        extra = ITER_LINE if is_training else RESULT_LINE
        runner.logger.info("%s", head + ", ".join(items), extra=extra)

    def _head(self, row: dict[str, Any], runner: Any) -> str:
        """Write where training is, the rate and the times."""
        if self.by_epoch:
            place = f"Epoch [{row['epoch']}][{row['iter']}/{count_batches(runner, 'train')}]"
        else:
            place = f"Iter [{row['iter']}/{runner.max_iters}]"
        head = f"{place}\tlr: {row['lr']:.3e}, "
        if "time" in row:
            self.time_sec_tot += row["time"] * self.interval
            mean = self.time_sec_tot / (runner.iter - self.start_iter + 1)
            left = (runner.max_iters or runner.iter + 1) - runner.iter - 1
            head += f"eta: {datetime.timedelta(seconds=int(mean * left))}, "
            head += f"time: {row['time']:.3f}, data_time: {row['data_time']:.3f}, "
            if torch.cuda.is_available():
                head += f"memory: {row['memory']}, "
        return head

    def _result_head(self, row: dict[str, Any]) -> str:
        if self.by_epoch:
            return f"Epoch({row['mode']}) [{row['epoch']}][{row['iter']}]\t"
        return f"Iter({row['mode']}) [{row['iter']}]\t"

    def _dump_log(self, log_dict: dict[str, Any], runner: Any) -> None:
        if runner.rank == 0:
            row = {key: self._round_float(value) for key, value in log_dict.items()}
            with open(self.json_log_path, "a", encoding="utf-8") as file:
                file.write(json.dumps(to_json(row)) + "\n")

    def _round_float(self, items: Any) -> Any:
        """Round numbers to 5 digits after the point."""
        if isinstance(items, list):
            return [self._round_float(item) for item in items]
        return round(items, 5) if isinstance(items, float) else items

    def after_run(self, runner: Any) -> None:
        """Copy the log, which the first process has written."""
        if runner.rank == 0:
            self._copy.run(runner.work_dir, os.path.basename(runner.work_dir.rstrip(os.sep)))

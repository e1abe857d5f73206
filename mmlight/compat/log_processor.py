"""Makes the lines of the log of 1.x, and the records of numbers that go with them."""

import datetime
import math
import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

MEAN_PATTERN = r".*(loss|time|data_time|grad_norm).*"
_TIMES = ("time", "data_time")


class LogProcessor:
    """Turns what `runner.message_hub` holds into a record of numbers and a line of text.

    Args:
        window_size: Means are those of the last so many batches.
        by_epoch: Whether lines count epochs.
        custom_cfg: Other statistics: dicts of `data_src`, the quantity; `method_name`, such as
            'mean', 'max', 'min' or 'current'; `log_name`, under which it is shown beside the
            quantity itself; further arguments of the method, where `window_size` may be 'epoch' or
            'global'.
        num_digits: Digits after the point in the text.
        log_with_hierarchy: Whether records have names such as `train/loss`.
        mean_pattern: A mean is taken of quantities whose name matches; of others the last value.

    Raises:
        ValueError: If `custom_cfg` is contradictory.

    From: mmengine 0.10 `LogProcessor`.
    """

    def __init__(
        self,
        window_size: int = 10,
        by_epoch: bool = True,
        custom_cfg: Sequence[Mapping[str, Any]] | None = None,
        num_digits: int = 4,
        log_with_hierarchy: bool = False,
        mean_pattern: str = MEAN_PATTERN,
    ) -> None:
        self.window_size = window_size
        self.by_epoch = by_epoch
        self.custom_cfg = [dict(entry) for entry in custom_cfg or ()]
        self.num_digits = num_digits
        self.log_with_hierarchy = log_with_hierarchy
        self.mean_pattern = re.compile(mean_pattern)
        self._check_custom()

    def _check_custom(self) -> None:
        names = set()
        for entry in self.custom_cfg:
            if "data_src" not in entry:
                raise ValueError(f"custom_cfg must name a data_src, got {entry!r}")
            name = entry.get("log_name", entry["data_src"])
            if name in names:
                raise ValueError(f"custom_cfg must have one entry that shows {name!r}, got two")
            names.add(name)
            if not self.by_epoch and entry.get("window_size") == "epoch":
                raise ValueError("window_size must not be 'epoch' where by_epoch is False")

    # ---------------------------------------------------------------- lines

    def get_log_after_iter(
        self, runner: Any, batch_idx: int, mode: str
    ) -> tuple[dict[str, Any], str]:
        """Return record and line of a batch.

        Args:
            runner: The runner that hooks get.
            batch_idx: Index of the batch in its epoch; in iteration-based training in the run.
            mode: 'train', 'val' or 'test'.
        """
        custom = self._parse_windows(runner, batch_idx, self.custom_cfg)
        shown = self._collect_scalars(custom, runner, mode)
        tag = dict(shown)
        if self.log_with_hierarchy:
            tag = self._collect_scalars(custom, runner, mode, reserve_prefix=True)
        rates = [key.removeprefix(f"{mode}/") for key in tag if key.endswith("lr")]
        text = " ".join(f"{key}: {shown.pop(key):.{self.num_digits}e}" for key in rates)
        line = f"{self._place(runner, batch_idx, mode)}  {text}  "
        if self.by_epoch and mode != "test":
            tag["epoch"] = self._get_epoch(runner, mode)
        tag["iter"] = runner.iter + 1 if is_training_run(runner) else 0
        eta = runner.message_hub.get_info("eta")
        if eta is not None and all(name in shown for name in _TIMES):
            times = [f"{name}: {shown.pop(name):.{self.num_digits}f}" for name in _TIMES]
            line += f"eta: {datetime.timedelta(seconds=int(eta))}  {'  '.join(times)}  "
        if torch.cuda.is_available():
            tag["memory"] = take_peak_memory()
            line += f"memory: {tag['memory']}  "
        if mode == "train":
            line += self._list(shown)
        elif mode == "val":
            line += self._list({k: v for k, v in shown.items() if k.startswith("val/loss")})
        return tag, line

    def get_log_after_epoch(
        self, runner: Any, batch_idx: int, mode: str, with_non_scalar: bool = False
    ) -> tuple[dict[str, Any], str]:
        """Return record and line of an evaluation.

        Args:
            runner: The runner that hooks get.
            batch_idx: Number of its batches.
            mode: 'val' or 'test'.
            with_non_scalar: Whether the record holds arrays and the like as well.
        """
        custom = [dict(entry) for entry in self.custom_cfg]
        named = [entry["data_src"].removeprefix(f"{mode}/") for entry in custom]
        for name in _TIMES:
            if name not in named:
                custom.append({"data_src": name, "window_size": "epoch", "method_name": "mean"})
        custom = self._parse_windows(runner, batch_idx, custom)
        scalars = self._collect_scalars(custom, runner, mode, self.log_with_hierarchy)
        others = self._collect_non_scalars(runner, mode)
        last = {k: v for k, v in scalars.items() if k.removeprefix(f"{mode}/") in _TIMES}
        tag = {k: v for k, v in scalars.items() if k not in last}
        size = count_batches(runner, mode)
        epoch = f"[{self._get_epoch(runner, mode)}]" if self.by_epoch and mode == "val" else ""
        unit = "Epoch" if self.by_epoch else "Iter"
        line = f"{unit}({mode}) {epoch}[{size}/{size}]    "
        line += self._list({**tag, **others, **last})
        return {**tag, **(others if with_non_scalar else {}), **last}, line

    def _place(self, runner: Any, batch_idx: int, mode: str) -> str:
        """Write where the run is, with numbers that stand below each other."""
        if not self.by_epoch and mode == "train":
            count, size = runner.iter + 1, runner.max_iters
        else:
            count, size = batch_idx + 1, count_batches(runner, mode)
        place = f"[{str(count).rjust(len(str(size)))}/{size}]"
        if not self.by_epoch:
            return f"Iter({mode}) {place}"
        if mode == "test":
            return f"Epoch(test) {place}"
        epoch = f"[{self._get_epoch(runner, mode)}]"
        if is_training_run(runner):
            epoch = epoch.rjust(len(str(runner.max_epochs)) + 3)
        return f"Epoch({mode}){epoch}{place}"

    def _list(self, values: Mapping[str, Any]) -> str:
        items = []
        for name, value in values.items():
            if isinstance(value, float):
                value = f"{value:.{self.num_digits}f}"
            elif isinstance(value, (Tensor, np.ndarray)):
                value = f"\n{value}\n"
            items.append(f"{name}: {value}")
        return "  ".join(items)

    def longest_window(self, runner: Any) -> int | None:
        """Return how many of the last values lines are made of; None for all."""
        windows = [entry.get("window_size") for entry in self.custom_cfg]
        if "global" in windows:
            return None
        sizes = [size for size in windows if isinstance(size, int)]
        epoch = [int(runner.inner_iter) + 1] if "epoch" in windows else []
        return max(1, self.window_size, *sizes, *epoch)

    # ---------------------------------------------------------------- values

    def _collect_scalars(
        self, custom_cfg: list[dict[str, Any]], runner: Any, mode: str, reserve_prefix: bool = False
    ) -> dict[str, Any]:
        """Return the statistics of the quantities of a mode, by name."""
        prefix = f"{mode}/" if reserve_prefix else ""
        found = {
            prefix + key.removeprefix(f"{mode}/"): buffer
            for key, buffer in runner.message_hub.log_scalars.items()
            if key.startswith(mode) and len(buffer)
        }
        tag: dict[str, Any] = OrderedDict()
        for key, buffer in found.items():
            is_mean = self.mean_pattern.search(key) is not None
            tag[key] = buffer.mean(self.window_size) if is_mean else buffer.current()
        for entry in custom_cfg:
            rest = dict(entry)
            source = rest.pop("data_src")
            name = rest.pop("log_name", source)
            if prefix + source in found:
                tag[prefix + name] = found[prefix + source].statistics(**rest)
        return tag

    def _collect_non_scalars(self, runner: Any, mode: str) -> dict[str, Any]:
        """Return what is known of a mode besides quantities, by name."""
        infos = runner.message_hub.runtime_info.items()
        keep = self.log_with_hierarchy
        return {
            key if keep else key.removeprefix(f"{mode}/"): value
            for key, value in infos
            if key.startswith(mode)
        }

    def _parse_windows(
        self, runner: Any, batch_idx: int, custom_cfg: Sequence[Mapping[str, Any]]
    ) -> list[dict[str, Any]]:
        """Write the windows 'epoch' and 'global' as numbers of batches."""
        sizes = {"epoch": batch_idx + 1, "global": runner.iter + 1}
        parsed = []
        for entry in custom_cfg:
            window = entry.get("window_size")
            if isinstance(window, str) and window not in sizes:
                raise ValueError(f"window_size must be an int, 'epoch' or 'global', got {window!r}")
            changed = {"window_size": sizes[window]} if isinstance(window, str) else {}
            parsed.append({**entry, **changed})
        return parsed

    def _get_epoch(self, runner: Any, mode: str) -> int:
        """Return the number of the epoch, from 1; 0 where nothing is trained."""
        if mode == "train":
            return int(runner.epoch) + 1
        return int(runner.epoch) if is_training_run(runner) else 0


def count_batches(runner: Any, mode: str) -> int:
    """Return the number of batches of an epoch, as flags of the Trainer limit it."""
    counts = getattr(runner.trainer, f"num_{'training' if mode == 'train' else mode}_batches")
    total = sum(counts) if isinstance(counts, list) else counts
    return len(getattr(runner, f"{mode}_dataloader")) if math.isinf(total) else int(total)


def is_training_run(runner: Any) -> bool:
    """Tell whether a run trains, and does not only evaluate."""
    return bool(runner.trainer.state.fn == "fit")


def take_peak_memory() -> int:
    """Return the most memory that tensors took on the GPU [MB], and measure anew from here on.

    From: mmengine 0.10 `get_max_cuda_memory`.
    """
    peak = torch.cuda.max_memory_allocated() // 2**20
    torch.cuda.reset_peak_memory_stats()
    return peak

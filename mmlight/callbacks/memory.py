"""Tells how much memory the machine and the run take."""

from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from mmlight.hooks.runner_view import find_view
from mmlight.loggers.vendor import import_vendor
from mmlight.records import RUN_LOGGER

_MB = 2**20


class MemoryProfiler(Callback):
    """Writes a line about memory every so many batches.

    Args:
        interval: Write every so many batches; counted in their epoch in 1.x, in the run in 0.x.

    Raises:
        ValueError: If `interval` is smaller than 1.
        ConfigError: If psutil is not installed.

    From: MMDetection 2 and 3 `MemoryProfilerHook`.
    """

    def __init__(self, interval: int = 50) -> None:
        if interval < 1:
            raise ValueError(f"interval must be 1 or more, got {interval}")
        self.interval = interval
        self._psutil = import_vendor("psutil")

    def describe(self) -> str:
        """Return the line."""
        memory, swap = self._psutil.virtual_memory(), self._psutil.swap_memory()
        own = self._psutil.Process().memory_info().rss
        return (
            f"Memory information available_memory: {round(memory.available / _MB)} MB, "
            f"used_memory: {round(memory.used / _MB)} MB, "
            f"memory_utilization: {memory.percent} %, "
            f"available_swap_memory: {round((swap.total - swap.used) / _MB)} MB, "
            f"used_swap_memory: {round(swap.used / _MB)} MB, "
            f"swap_memory_utilization: {swap.percent} %, "
            f"current_process_memory: {round(own / _MB)} MB"
        )

    def _write(self, batch_idx: int) -> None:
        if (batch_idx + 1) % self.interval == 0:
            RUN_LOGGER.info(self.describe())

    def on_train_batch_end(
        self, trainer: L.Trainer, _: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Write if it is time."""
        view = find_view(trainer)
        self._write(view.iter if view.announcer.generation == "0.x" else batch_idx)

    def on_validation_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Write if it is time; in 0.x an evaluation calls no hooks."""
        is_new = find_view(trainer).announcer.generation == "1.x"
        if is_new and not trainer.sanity_checking:
            self._write(batch_idx)

    on_test_batch_end = on_validation_batch_end

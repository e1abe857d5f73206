"""Makes buffers, such as the statistics of batch norms, the same in all processes."""

from collections.abc import Iterable
from typing import Literal

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor


class SyncBuffers(Callback):
    """Replaces floating-point buffers by their means over all processes, after each epoch.

    Args:
        generation: In '1.x' also before a validation inside an epoch; in '0.x' also after a pass of
            a `workflow` over the validation data.

    From: mmcv 1.7 and mmengine 0.10 `SyncBuffersHook`.
    """

    def __init__(self, generation: Literal["0.x", "1.x"] = "1.x") -> None:
        self.generation = generation
        self._is_done = False

    def after_train_epoch(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Synchronize after an epoch."""
        average_over_processes(trainer, pl_module.buffers())
        self._is_done = True

    def before_val_epoch(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Synchronize before a validation, unless that has been done."""
        if self.generation == "1.x" and not self._is_done:
            average_over_processes(trainer, pl_module.buffers())
        self._is_done = False

    def after_loss_epoch(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Synchronize after a pass over the validation data."""
        average_over_processes(trainer, pl_module.buffers())


@torch.no_grad()
def average_over_processes(trainer: L.Trainer, values: Iterable[Tensor]) -> None:
    """Replace floating-point values by their means over all processes; alone they stay."""
    chosen = [value for value in values if value.is_floating_point()]
    if trainer.world_size == 1 or not chosen:
        return
    flat = torch.cat([value.detach().flatten() for value in chosen])
    mean = trainer.strategy.reduce(flat, reduce_op="mean")
    assert isinstance(mean, Tensor)
    parts = torch.split(mean, [value.numel() for value in chosen])
    for value, part in zip(chosen, parts, strict=True):
        value.copy_(part.view_as(value))  # (n,) -> the shape of the value

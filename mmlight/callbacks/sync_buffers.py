"""Makes buffers, such as the statistics of batch norms, the same in all processes."""

from collections.abc import Iterable
from typing import Literal

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor, distributed, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmlight.callbacks.announcer import find_announcer


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
    mean = trainer.strategy.reduce(_flatten(chosen), reduce_op="mean")
    assert isinstance(mean, Tensor)
    _fill(chosen, mean)


@torch.no_grad()
def share_statistics(trainer: L.Trainer, model: nn.Module) -> None:
    """Give the batch norms of all processes the statistics of the first one, in 0.x.

    From: mmcls 0.25 `DistEvalHook`, before each validation. In 1.x each process validates with its
    own.
    """
    announcer = find_announcer(trainer)
    if trainer.world_size == 1 or announcer is None or announcer.generation != "0.x":
        return
    norms = [module for module in model.modules() if isinstance(module, _BatchNorm)]
    pairs = [(norm.running_mean, norm.running_var) for norm in norms]
    values = [value for pair in pairs for value in pair if value is not None]
    if values:
        flat = _flatten(values)
        distributed.broadcast(flat, 0)
        _fill(values, flat)


def _flatten(values: Iterable[Tensor]) -> Tensor:
    return torch.cat([value.detach().flatten() for value in values])


def _fill(values: list[Tensor], flat: Tensor) -> None:
    parts = torch.split(flat, [value.numel() for value in values])
    for value, part in zip(values, parts, strict=True):
        value.copy_(part.view_as(value))  # (n,) -> the shape of the value

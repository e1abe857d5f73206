"""Makes normalization layers the same in all processes."""

from collections.abc import Iterator

import lightning as L
from lightning.pytorch.callbacks import Callback
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from mmlight.callbacks.announcer import require_announcer
from mmlight.callbacks.sync_buffers import average_over_processes


class SyncNorm(Callback):
    """Replaces weights and statistics of batch and instance norms by their means over processes.

    Args:
        interval: Every so many epochs, after training; None for before each validation instead.
        num_last_epochs: From so many epochs before the end, after every epoch.

    Raises:
        ValueError: If `interval` is smaller than 1.

    From: mmdet 3.x `SyncNormHook`, with `interval` that of mmdet 2.x.
    """

    def __init__(self, interval: int | None = None, num_last_epochs: int = 15) -> None:
        if interval is not None and interval < 1:
            raise ValueError(f"interval must be 1 or more, got {interval}")
        self.interval = interval
        self.num_last_epochs = num_last_epochs

    def after_train_epoch(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Synchronize after an epoch, if it is its turn."""
        if self.interval is None:
            return
        done = require_announcer(trainer).place.epoch + 1
        is_late = trainer.max_epochs and done >= trainer.max_epochs - self.num_last_epochs
        if is_late or done % self.interval == 0:
            average_over_processes(trainer, list_norm_values(pl_module))

    def before_val_epoch(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Synchronize before a validation."""
        if self.interval is None:
            average_over_processes(trainer, list_norm_values(pl_module))


def list_norm_values(model: nn.Module) -> Iterator[Tensor]:
    """Yield what batch and instance norms save."""
    for module in model.modules():
        if isinstance(module, _NormBase):
            yield from module.state_dict().values()

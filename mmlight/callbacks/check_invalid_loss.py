"""Stops a training whose loss is infinite or no number."""

from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback

from mmlight.callbacks.announcer import require_announcer


class CheckInvalidLoss(Callback):
    """Looks at the loss of every so many batches.

    Args:
        interval: Batches from one look to the next; a look waits for the device.

    Raises:
        ValueError: If `interval` is smaller than 1.
        FloatingPointError: When a loss is infinite or no number.

    From: mmdet 3.x `CheckInvalidLossHook`.
    """

    def __init__(self, interval: int = 50) -> None:
        if interval < 1:
            raise ValueError(f"interval must be 1 or more, got {interval}")
        self.interval = interval

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, *_: Any
    ) -> None:
        """Look at the loss, if it is its turn."""
        done = require_announcer(trainer).place.iter + 1
        if done % self.interval == 0 and not bool(torch.isfinite(outputs["loss"])):
            raise FloatingPointError(f"the loss of iteration {done} is {float(outputs['loss'])}")

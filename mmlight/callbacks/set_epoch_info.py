"""Tells the model which epoch it is in."""

from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from mmlight.callbacks.announcer import require_announcer


class SetEpochInfo(Callback):
    """Calls `set_epoch` of the model, or else of its backbone, neck and head, before each epoch.

    Epochs count from 0.

    Raises:
        ValueError: When training begins and none of them has that method.

    From: mmdet 3.x `SetEpochInfoHook`, which asks the model alone.
    """

    def __init__(self) -> None:
        self._methods: list[Any] = []

    def before_train(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Find who wants to know."""
        parts = [getattr(pl_module, name, None) for name in ("backbone", "neck", "head")]
        owners: list[Any] = [pl_module] if hasattr(pl_module, "set_epoch") else parts
        self._methods = [owner.set_epoch for owner in owners if hasattr(owner, "set_epoch")]
        if not self._methods:
            kinds = ", ".join(type(part).__name__ for part in parts if part is not None)
            raise ValueError(f"model must have a part with set_epoch, got {kinds or 'no parts'}")

    def before_train_epoch(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Tell the epoch."""
        for method in self._methods:
            method(require_announcer(trainer).place.epoch)

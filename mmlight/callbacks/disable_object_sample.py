"""Switches transforms of the pipeline off after some epochs."""

from collections.abc import Sequence
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from mmlight.callbacks.announcer import require_announcer
from mmlight.data.pipeline_change import change_pipelines, leave_out


class DisableObjectSample(Callback):
    """Trains without some transforms once so many epochs are done.

    A transform that has an attribute `disabled` gets True there, others are left out.

    Args:
        disable_after_epoch: How many epochs have them.
        skip_type_keys: Names of their classes.

    From: mmdet3d 1.x `DisableObjectSampleHook`, which is for `ObjectSample` alone, and which a run
    that is resumed later forgets.
    """

    def __init__(
        self, disable_after_epoch: int = 15, skip_type_keys: Sequence[str] = ("ObjectSample",)
    ) -> None:
        self.disable_after_epoch = disable_after_epoch
        self.skip_type_keys = tuple(skip_type_keys)
        self._is_off = False

    def before_train(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Begin anew."""
        self._is_off = False

    def before_train_epoch(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Switch them off, if it is time."""
        epoch = require_announcer(trainer).place.epoch
        if epoch < self.disable_after_epoch or self._is_off:
            return
        self._is_off = True
        loader = trainer.train_dataloader
        change_pipelines(loader, self._disable, renew=epoch == self.disable_after_epoch)

    def _disable(self, transforms: list[Any]) -> list[Any]:
        chosen = [item for item in transforms if type(item).__name__ in self.skip_type_keys]
        switches = [transform for transform in chosen if hasattr(transform, "disabled")]
        for transform in switches:
            transform.disabled = True
        if not chosen:
            return leave_out(transforms, self.skip_type_keys)  # warns that there are none
        return [item for item in transforms if item in switches or item not in chosen]

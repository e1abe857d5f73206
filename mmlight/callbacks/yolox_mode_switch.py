"""Trains the last epochs without some transforms of the pipeline."""

from collections.abc import Sequence

import lightning as L
from lightning.pytorch.callbacks import Callback

from mmlight.callbacks.announcer import require_announcer
from mmlight.data.pipeline_change import change_pipelines, leave_out


class YOLOXModeSwitch(Callback):
    """Leaves out transforms from `num_last_epochs` before the end on, counted as the original does.

    Args:
        num_last_epochs: From the epoch that is the last but so many on.
        skip_type_keys: Names of the classes that are left out.

    From: mmdet 3.x `YOLOXModeSwitchHook`, which also switches the loss of its head, that of a
    detector.
    """

    def __init__(
        self,
        num_last_epochs: int = 15,
        skip_type_keys: Sequence[str] = ("Mosaic", "RandomAffine", "MixUp"),
    ) -> None:
        self.num_last_epochs = num_last_epochs
        self.skip_type_keys = tuple(skip_type_keys)
        self._has_switched = False

    def before_train(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Begin anew."""
        self._has_switched = False

    def before_train_epoch(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Leave the transforms out, if the epoch is one of the last."""
        announcer = require_announcer(trainer)
        last = trainer.max_epochs if announcer.by_epoch and trainer.max_epochs else 1
        epoch, first = announcer.place.epoch + 1, max(last - self.num_last_epochs, 1)
        if epoch < first or self._has_switched:
            return
        self._has_switched = True
        change_pipelines(
            trainer.train_dataloader,
            lambda transforms: leave_out(transforms, self.skip_type_keys),
            renew=epoch == first,  # a run that is resumed later has new workers already
        )

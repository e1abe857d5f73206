"""Checks that the model tells apart as many classes as the data have."""

import logging
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from mmlight.data.datasets.wrapper import find_classes
from mmlight.errors import UnsupportedValueError

_logger = logging.getLogger("mmlight")


class ClassNumCheck(Callback):
    """Compares `num_classes` of all modules with the classes of the data, before each stage.

    Data that do not know their classes are told in the log.

    From: mmcls 0.25 and mmpretrain 1.2 `ClassNumCheckHook`, mmdet 3.x `NumClassCheckHook`. A number
    below 1, which says that a module does not know, is no mistake here.
    """

    def before_train(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Check the training data."""
        self._check(trainer.train_dataloader, pl_module)

    def before_val(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Check the validation data."""
        self._check(trainer.val_dataloaders, pl_module)

    def before_test(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Check the test data."""
        self._check(trainer.test_dataloaders, pl_module)

    def _check(self, loader: Any, pl_module: L.LightningModule) -> None:
        dataset = getattr(loader, "dataset", None)
        kind, classes = type(dataset).__name__, find_classes(dataset)
        if not classes:
            _logger.warning(
                "%s does not know its classes: see to it that the head has their number", kind
            )
            return
        for name, module in pl_module.named_modules():
            number = getattr(module, "num_classes", None)
            is_model = name and not name.startswith(("val_metrics", "test_metrics"))
            if is_model and isinstance(number, int) and 0 < number != len(classes):
                raise UnsupportedValueError(
                    f"model.{name}.num_classes",
                    f"{type(module).__name__} has {number} classes, {kind} has {len(classes)}",
                    next_step="Correct num_classes, or the classes of the data.",
                )

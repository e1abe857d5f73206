"""Lets a number inside the model rise from zero over the first epochs."""

from operator import attrgetter
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from mmlight.callbacks.announcer import require_announcer
from mmlight.callbacks.validation import count_all_batches


class WarmupParam(Callback):
    """Multiplies an attribute of a module by the share of `warmup_epochs` that is done.

    Args:
        param_name: Name of the attribute.
        module_name: The module in the model, such as `head` or `head.loss_module`.
        warmup_epochs: Epochs until it has its own value.

    Raises:
        ValueError: If `warmup_epochs` is not above 0, or, when training begins, there is no such
            attribute or the run has no end.

    From: mmpretrain 1.2 `WarmupParamHook`, where a run that is resumed inside the warm-up takes the
    value that the config gives as well.
    """

    def __init__(self, param_name: str, module_name: str, warmup_epochs: float) -> None:
        if warmup_epochs <= 0:
            raise ValueError(f"warmup_epochs must be above 0, got {warmup_epochs}")
        self.param_name = param_name
        self.module_name = module_name
        self.warmup_epochs = warmup_epochs
        self._module: Any = None
        self._value: Any = None
        self._batches = 1.0

    def before_train(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Keep the value that it is to have."""
        try:
            self._module = attrgetter(self.module_name)(pl_module)
            self._value = getattr(self._module, self.param_name)
        except AttributeError as error:
            raise ValueError(f"module_name and param_name must lead to a value: {error}") from None
        by_epoch = require_announcer(trainer).by_epoch
        epochs = trainer.max_epochs if by_epoch and trainer.max_epochs else 1
        batches = count_all_batches(trainer)
        if batches is None:
            raise ValueError("warmup_epochs needs a run that ends, to know what an epoch is")
        self._batches = self.warmup_epochs * batches / epochs

    def on_train_batch_start(self, trainer: L.Trainer, *_: Any) -> None:
        """Set the value of this batch."""
        share = min(1, require_announcer(trainer).place.iter / self._batches)
        setattr(self._module, self.param_name, self._value * share)

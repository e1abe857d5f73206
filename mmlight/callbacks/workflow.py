"""Computes the losses of the validation data between epochs of training."""

from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor

from mmlight.callbacks.announcer import Announcer, find_announcer
from mmlight.hooks.runner_view import find_view


class ValidationLoss(Callback):
    """Runs the training loss over the validation data, as a `workflow` with 'val' says.

    The network is in evaluation mode and no gradients are computed; pipeline and batch augments
    are those of training.

    Args:
        epochs: Epochs of training in a turn.
        passes: Passes over the validation data after them, and after the last epoch of all.

    Attributes:
        values: Mean of each loss over the images of the last pass.
        batches: Number of batches of a pass.

    From: mmcv 1.7 `EpochBasedRunner.val`, mmcls 0.25 `train_model` with `workflow=[('train',
    epochs), ('val', passes)]`. Means are weighted by the sizes of the batches, as
    `LogBuffer.average` does.
    """

    def __init__(self, epochs: int = 1, passes: int = 1) -> None:
        self.epochs = epochs
        self.passes = passes
        self.values: dict[str, float] = {}
        self.batches = 0
        self._loader: Any = None

    def before_train(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Prepare the data."""
        datamodule: Any = trainer.datamodule  # type: ignore[attr-defined]
        self._loader = datamodule.val_loss_dataloader()

    def between_epochs(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Run the passes that follow the epoch that is done."""
        done = trainer.current_epoch + 1
        is_due = done % self.epochs == 0 or done == trainer.max_epochs
        self._run(trainer, pl_module, self.passes if is_due else 0)

    def _run(self, trainer: L.Trainer, pl_module: L.LightningModule, passes: int) -> None:
        announcer = find_announcer(trainer)
        assert announcer is not None
        for _ in range(passes):
            announcer.place.mode = "val"
            pl_module.eval()
            with torch.no_grad():
                self._pass(trainer, pl_module, announcer)
            pl_module.train()
            announcer.place.mode = "train"

    def _pass(self, trainer: Any, pl_module: L.LightningModule, announcer: Announcer) -> None:
        view = find_view(trainer)
        announcer.announce("before_loss_epoch", trainer, pl_module)
        totals: dict[str, Tensor] = {}
        size = 0
        if hasattr(self._loader.sampler, "set_epoch"):
            self._loader.sampler.set_epoch(trainer.current_epoch + 1)
        for index, batch in enumerate(self._loader):
            batch = trainer.strategy.batch_to_device(batch)
            view.enter(batch, index)
            announcer.announce("before_loss_iter", trainer, pl_module)
            with trainer.precision_plugin.train_step_context():
                outputs: Any = pl_module.training_step(batch, index)
            view.enter(batch, index, outputs)
            announcer.announce("after_loss_iter", trainer, pl_module)
            count = len(batch["target"])
            for name, value in outputs.items():
                totals[name] = totals.get(name, torch.zeros_like(value)) + value * count
            size += count
        self.batches = len(self._loader)
        means = {name: trainer.strategy.reduce(total / size) for name, total in totals.items()}
        self.values = {name: float(value) for name, value in means.items()}
        announcer.announce("after_loss_epoch", trainer, pl_module)


def find_workflow(trainer: L.Trainer) -> ValidationLoss | None:
    """Return what computes losses of the validation data, among the callbacks of a trainer."""
    return next((c for c in trainer.callbacks if isinstance(c, ValidationLoss)), None)  # type: ignore[attr-defined]

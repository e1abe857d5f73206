"""Computes the statistics of batch norms anew over training images."""

import logging
from collections.abc import Iterator
from itertools import islice
from typing import Any, Literal

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from mmlight.callbacks.announcer import require_announcer

_logger = logging.getLogger("mmlight")


class PreciseBN(Callback):
    """Replaces running means and variances by the means of those of single batches.

    The batches are the first ones of the epoch that is over, loaded and augmented once more; the
    weights stay. It runs every so many epochs, in iteration-based training after so many batches.

    Args:
        num_samples: How many images to use, at most those of an epoch; over all processes.
        interval: Epochs or iterations from one time to the next.
        generation: In '0.x' batches go through the loss, mixed by batch augments as in training; in
            '1.x' as they are.

    Raises:
        ValueError: If `num_samples` or `interval` is smaller than 1, or `num_samples` than a batch
            of all processes.

    From: mmcls 0.25 and mmpretrain 1.2 `PreciseBNHook`. Differences: those set all statistics to
    zero where `num_samples` makes no batch; in iteration-based training with an `InfiniteSampler`
    theirs take the batches from the stream of training, here that stream is left alone.
    """

    def __init__(
        self,
        num_samples: int = 8192,
        interval: int = 1,
        generation: Literal["0.x", "1.x"] = "1.x",
    ) -> None:
        if num_samples < 1:
            raise ValueError(f"num_samples must be 1 or more, got {num_samples}")
        if interval < 1:
            raise ValueError(f"interval must be 1 or more, got {interval}")
        self.num_samples = num_samples
        self.interval = interval
        self.generation = generation

    def before_train(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Check that there are images enough; batches are met where they are what counts."""
        self._count_batches(trainer)
        by_epoch = require_announcer(trainer).by_epoch
        self.on_train_batch_end: Any = None if by_epoch else self._after_batch

    def after_train_epoch(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Compute the statistics after an epoch."""
        announcer = require_announcer(trainer)
        if announcer.by_epoch and (announcer.place.epoch + 1) % self.interval == 0:
            self._compute(trainer, pl_module, trainer.train_dataloader)

    def _after_batch(self, trainer: L.Trainer, pl_module: L.LightningModule, *_: Any) -> None:
        if (require_announcer(trainer).place.iter + 1) % self.interval == 0:
            datamodule: Any = trainer.datamodule  # type: ignore[attr-defined]
            loader = datamodule.build_train_loader()
            sampler = loader.batch_sampler.sampler
            if hasattr(sampler, "set_epoch"):
                sampler.set_epoch(trainer.current_epoch)
            self._compute(trainer, pl_module, loader)

    def _count_batches(self, trainer: Any) -> int:
        batch_size = trainer.datamodule.train.batch_size * trainer.world_size
        if self.num_samples < batch_size:
            raise ValueError(
                f"num_samples must be {batch_size} or more, a batch of all processes, got "
                f"{self.num_samples}"
            )
        return int(min(self.num_samples // batch_size, trainer.datamodule.train_epoch_batches))

    @torch.no_grad()
    def _compute(self, trainer: L.Trainer, pl_module: L.LightningModule, loader: Any) -> None:
        norms = [m for m in pl_module.modules() if isinstance(m, _BatchNorm) and m.training]
        norms = [norm for norm in norms if norm.running_mean is not None]
        if not norms:
            _logger.warning("no batch norm is being trained, there is nothing to make precise")
            return
        number = self._count_batches(trainer)
        _logger.info("computing the statistics of %d batch norms, %d batches", len(norms), number)
        sums = [torch.zeros_like(value) for value in _statistics(norms)]
        momenta = [norm.momentum for norm in norms]
        for norm in norms:
            norm.momentum = 1.0  # the statistics are those of the newest batch
        for index, batch in enumerate(take_batches(loader, number)):
            self._run(pl_module, trainer.strategy.batch_to_device(batch), index)
            torch._foreach_add_(sums, [value / number for value in _statistics(norms)])
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        for value, total in zip(_statistics(norms), sums, strict=True):
            value.copy_(trainer.strategy.reduce(total, reduce_op="mean"))

    def _run(self, pl_module: Any, batch: Any, index: int) -> None:
        if self.generation == "0.x":
            pl_module.training_step(batch, index)
        else:
            pl_module(batch["inputs"])


def _statistics(norms: list[_BatchNorm]) -> list[Tensor]:
    values = [value for norm in norms for value in (norm.running_mean, norm.running_var)]
    return [value for value in values if value is not None]


def take_batches(loader: Any, number: int) -> Iterator[Any]:
    """Yield the first batches of a loader, and leave its workers as mm leaves them.

    Workers that are kept have made more batches by then, and so drawn more random numbers: those
    that they prefetch.
    """
    batches = iter(loader)
    yield from islice(batches, number)
    if getattr(loader, "persistent_workers", False):
        ahead = (loader.prefetch_factor or 0) * loader.num_workers
        for _ in islice(batches, ahead):
            pass

"""Keeps an exponential moving average of the weights, validates with it and saves it."""

from collections.abc import Mapping
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.trainer.states import TrainerFn
from torch import Tensor

RAW_KEY = "raw_state"


class EMA(Callback):
    """Averages the weights after every batch: `average = (1 - m) * average + m * weight`.

    Validation and tests run on the average; training goes on with the raw weights. A checkpoint's
    `state_dict` holds the average, so that inference uses it, and `raw_state` the raw weights, so
    that resuming does.

    Args:
        momentum: Weight `m` of the newest value, in (0, 1).
        interval: Average every so many batches.
        warm_up: With a number, mmcv's rule: `m` is `min(momentum ** interval, (1 + i) / (warm_up +
            i))` at batch `i`, from 0. None for mmengine's: `m` is `momentum`, and the first average
            is a copy of the weights.
        update_buffers: Average the floating-point buffers (batch-norm statistics) as well; else the
            model's own are used.
        begin_iter: The average is a copy of the weights before this many batches.
        begin_epoch: The same before this epoch, counted from 1; not together with `begin_iter`.

    Attributes:
        average: The averaged values by name, while training and after it; the raw ones while
            validation runs.

    Raises:
        ValueError: If `momentum` is outside (0, 1), `interval` or `warm_up` smaller than 1, a start
            negative, or both starts given.

    From: mmengine 0.10 `EMAHook` with `ExponentialMovingAverage`; with `warm_up` mmcv 1.7
    `EMAHook`. Where mm differs: mmcv averages no buffers, neither does it use the average in
    iteration-based runs at all; its checkpoints hold the raw weights unless the hook's priority is
    above the checkpoint's. mmengine's `update_buffers` stops counting `num_batches_tracked`.
    """

    def __init__(
        self,
        momentum: float = 0.0002,
        interval: int = 1,
        warm_up: int | None = None,
        update_buffers: bool = False,
        begin_iter: int = 0,
        begin_epoch: int = 0,
    ) -> None:
        if not 0 < momentum < 1:
            raise ValueError(f"momentum must be between 0 and 1, got {momentum}")
        if interval < 1:
            raise ValueError(f"interval must be 1 or more, got {interval}")
        if warm_up is not None and warm_up < 1:
            raise ValueError(f"warm_up must be 1 or more, got {warm_up}")
        starts = (begin_iter, begin_epoch)
        if min(starts) < 0 or all(starts):
            raise ValueError(f"begin_iter or begin_epoch may be 1 or more, not both, got {starts}")
        self.momentum = momentum
        self.interval = interval
        self.warm_up = warm_up
        self.update_buffers = update_buffers
        self.begin_iter = begin_iter
        self.begin_epoch = begin_epoch
        self.average: dict[str, Tensor] = {}
        self._averages: list[Tensor] = []
        self._weights: list[Tensor] = []
        self._updates = 0
        self._loaded: dict[str, Tensor] | None = None

    # ---------------------------------------------------------------- averaging

    def on_fit_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Start from a copy of the weights, or from the average that is resumed."""
        weights = self._find_weights(pl_module)
        self._weights = list(weights.values())
        self._averages = [value.detach().clone() for value in self._weights]
        self.average = dict(zip(weights, self._averages, strict=True))
        if self._loaded is None:
            self._updates = 0
        for name, value in (self._loaded or {}).items():
            weights[name].data.copy_(value)
        self._loaded = None

    def _find_weights(self, pl_module: L.LightningModule) -> dict[str, Tensor]:
        # a tied weight is in a state_dict under each of its names
        weights: dict[str, Tensor] = dict(pl_module.named_parameters(remove_duplicate=False))
        if self.update_buffers:
            saved = pl_module.state_dict().keys()
            buffers = pl_module.named_buffers()
            weights |= {n: b for n, b in buffers if b.is_floating_point() and n in saved}
        return weights

    @torch.no_grad()
    def on_train_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Move the average towards the weights, or copy them before the averaging begins."""
        momentum = self._momentum(trainer.fit_loop.total_batch_idx, trainer.current_epoch)
        if momentum is None:
            return
        if momentum == 1.0:
            torch._foreach_copy_(self._averages, self._weights)
        else:
            torch._foreach_lerp_(self._averages, self._weights, momentum)

    def _momentum(self, iteration: int, epoch: int) -> float | None:
        """Return the weight of the newest value for this batch, None when it is not averaged."""
        if self.warm_up is not None:
            if iteration % self.interval:
                return None
            limit = (1 + iteration) / (self.warm_up + iteration)
            return min(self.momentum**self.interval, limit)
        if iteration + 1 < self.begin_iter or epoch + 1 < self.begin_epoch:
            return 1.0
        self._updates += 1
        if self._updates == 1:
            return 1.0
        return None if (self._updates - 1) % self.interval else self.momentum

    # ---------------------------------------------------------------- validation and test

    def on_validation_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Put the average into the model."""
        self._swap(trainer)

    def on_validation_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Put the raw weights back."""
        self._swap(trainer)

    def on_test_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Put the average into the model."""
        self._swap(trainer)

    def on_test_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Put the raw weights back."""
        self._swap(trainer)

    @torch.no_grad()
    def _swap(self, trainer: L.Trainer) -> None:
        if not self._averages or (trainer.state.fn != TrainerFn.FITTING and trainer.ckpt_path):
            return  # nothing was trained here, or the model holds the average of a checkpoint
        raw = [value.clone() for value in self._weights]
        torch._foreach_copy_(self._weights, self._averages)
        torch._foreach_copy_(self._averages, raw)

    # ---------------------------------------------------------------- checkpoints

    def on_save_checkpoint(
        self, trainer: L.Trainer, pl_module: L.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Write the average as `state_dict`, the raw weights beside it."""
        state = checkpoint["state_dict"]
        checkpoint[RAW_KEY] = {name: state[name] for name in self.average}
        self.put_average(checkpoint)

    def put_average(self, checkpoint: dict[str, Any]) -> None:
        """Replace the raw weights in the `state_dict` of a checkpoint."""
        checkpoint["state_dict"].update(self.average)

    def on_load_checkpoint(
        self, trainer: L.Trainer, pl_module: L.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Remember the raw weights until the average has been taken from `state_dict`."""
        if trainer.state.fn == TrainerFn.FITTING:
            self._loaded = checkpoint.get(RAW_KEY)

    def state_dict(self) -> dict[str, Any]:
        """Return the number of updates."""
        return {"updates": self._updates}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over the number of updates."""
        self._updates = state_dict["updates"]

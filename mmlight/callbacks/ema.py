"""Keeps an exponential moving average of the weights, validates with it and saves it."""

from collections.abc import Mapping
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor

RAW_KEY = "raw_state"


class EMA(Callback):
    """Averages the weights after every batch: `average = (1 - m) * average + m * weight`.

    Validation runs on the average; training goes on with the raw weights. A checkpoint's
    `state_dict` holds the average, so that inference uses it, and the state of this callback holds
    the raw weights for resuming.

    Args:
        momentum: Weight `m` of the newest value, in (0, 1).
        interval: Average every so many batches.
        warm_up: With a number, `m` is at most `(1 + i) / (warm_up + i)` at batch `i`, from 0.
        update_buffers: Average the floating-point buffers (batch-norm statistics) as well.
        begin_iter: The average is a copy of the weights before this many batches.
        begin_epoch: The same in epochs.

    Raises:
        ValueError: If `momentum` is outside (0, 1) or `interval` smaller than 1.

    From: mmengine 0.10 `EMAHook` with `ExponentialMovingAverage`; with `warm_up` mmcv 1.7
    `EMAHook`.
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
        self.momentum = momentum
        self.interval = interval
        self.warm_up = warm_up
        self.update_buffers = update_buffers
        self.begin_iter = begin_iter
        self.begin_epoch = begin_epoch
        self.average: dict[str, Tensor] = {}
        self._updates = 0
        self._loaded: dict[str, Tensor] | None = None

    def on_fit_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Start from a copy of the weights, or from the average that is resumed."""
        weights = self._weights(pl_module)
        self.average = {name: value.detach().clone() for name, value in weights.items()}
        if self._loaded is not None:
            for name, value in self._loaded.items():
                weights[name].data.copy_(value)
            self._loaded = None

    def on_train_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Move the average towards the weights, or copy them before the averaging begins."""
        iteration = trainer.fit_loop.total_batch_idx
        momentum = self._momentum(iteration, trainer.current_epoch)
        if momentum is None:
            return
        weights = self._weights(pl_module)
        with torch.no_grad():
            if momentum == 1.0:
                torch._foreach_copy_(list(self.average.values()), list(weights.values()))
            else:
                torch._foreach_lerp_(list(self.average.values()), list(weights.values()), momentum)

    def _momentum(self, iteration: int, epoch: int) -> float | None:
        """Return the weight of the newest value for this batch, None when it is not averaged."""
        if self.warm_up is not None:
            if iteration % self.interval:
                return None
            limit = (1 + iteration) / (self.warm_up + iteration)
            return min(self.momentum**self.interval, limit)
        if iteration + 1 < self.begin_iter or epoch < self.begin_epoch:
            return 1.0
        self._updates += 1
        if self._updates == 1:
            return 1.0
        return None if (self._updates - 1) % self.interval else self.momentum

    def on_validation_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Put the average into the model."""
        self._swap(pl_module)

    def on_validation_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Put the raw weights back."""
        self._swap(pl_module)

    def _swap(self, pl_module: L.LightningModule) -> None:
        for name, value in self._weights(pl_module).items() if self.average else ():
            raw = value.detach().clone()
            value.data.copy_(self.average[name])
            self.average[name].copy_(raw)

    def _weights(self, pl_module: L.LightningModule) -> dict[str, Tensor]:
        weights: dict[str, Tensor] = dict(pl_module.named_parameters())
        if self.update_buffers:
            buffers = pl_module.named_buffers()
            weights.update((name, b) for name, b in buffers if b.is_floating_point())
        return weights

    def on_save_checkpoint(
        self, trainer: L.Trainer, pl_module: L.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Write the average as `state_dict`, the raw weights beside it."""
        state = checkpoint["state_dict"]
        checkpoint[RAW_KEY] = {name: state[name] for name in self.average if name in state}
        state.update({name: self.average[name] for name in checkpoint[RAW_KEY]})

    def on_load_checkpoint(
        self, trainer: L.Trainer, pl_module: L.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Remember the raw weights until the average has been taken from `state_dict`."""
        self._loaded = checkpoint.get(RAW_KEY)

    def state_dict(self) -> dict[str, Any]:
        """Return the number of updates."""
        return {"updates": self._updates}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over the number of updates."""
        self._updates = state_dict["updates"]

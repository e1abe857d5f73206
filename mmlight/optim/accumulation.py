"""Sums the gradients of several batches before each step, as the originals count them.

Lightning's own accumulation begins anew in every epoch, makes a step after the last batch of each,
and divides every loss by the same number; mm's windows run through the whole training.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import lightning as L
from lightning.pytorch.strategies import DDPStrategy, ParallelStrategy, SingleDeviceStrategy
from torch import Tensor
from torch.optim import Optimizer

from mmlight.callbacks.validation import count_all_batches
from mmlight.errors import ConfigError

_logger = logging.getLogger("mmlight")


@dataclass(frozen=True)
class Windows:
    """Which batches give one step together.

    Args:
        size: Batches per step, 1 or more.
        total: Batches of the whole training; None when it has no end.

    Examples:
        >>> windows = Windows(size=3, total=5)
        >>> [windows.is_end(i) for i in range(5)], [windows.count(i) for i in range(5)]
        ([False, False, True, False, True], [3, 3, 3, 2, 2])

    From: mmcv 1.7 `GradientCumulativeOptimizerHook`, mmengine 0.10 `OptimWrapper`.
    """

    size: int
    total: int | None = None

    def is_start(self, iteration: int) -> bool:
        """Tell whether a batch, counted from 0, is the first of its window."""
        return iteration % self.size == 0

    def is_end(self, iteration: int) -> bool:
        """Tell whether a step follows a batch: after each window, and after the last batch."""
        return (iteration + 1) % self.size == 0 or iteration + 1 == self.total

    def count(self, iteration: int) -> int:
        """Return how many batches the window of a batch has; the last one may have fewer."""
        start = iteration - iteration % self.size
        return self.size if self.total is None else min(self.size, self.total - start)


class Accumulation:
    """Lets a module of Lightning make a step only after a number of batches.

    It takes the place of some methods of the module, so that a module without it costs nothing.
    The Trainer counts each batch as a step (`global_step`, `max_steps`). Each loss is divided by
    the number of batches of its window when gradients are computed; what is logged is not.

    Args:
        module: The module.
        size: Batches per step, 1 or more.

    Raises:
        ValueError: If `size` is smaller than 1.

    From: mmcv 1.7 `GradientCumulativeOptimizerHook`, mmengine 0.10 `OptimWrapper`. A run that
    resumes inside a window goes on with its gradients, where the originals lose them; not where
    parameters are spread over processes.
    """

    METHODS = (
        *("optimizer_step", "optimizer_zero_grad", "backward"),
        "on_validation_model_zero_grad",
    )

    def __init__(self, module: L.LightningModule, size: int) -> None:
        if size < 1:
            raise ValueError(f"accumulative_counts must be 1 or more, got {size}")
        self.module = module
        self.size = size
        self._windows = Windows(size)
        self._iteration = 0
        self._loaded: dict[str, Tensor] = {}

    def attach(self) -> None:
        """Take the place of the module's methods.

        Raises:
            ConfigError: If the strategy of the Trainer accumulates gradients by itself.
        """
        strategy = self.module.trainer.strategy
        if strategy.handles_gradient_accumulation:
            raise ConfigError(
                "optim_wrapper.accumulative_counts",
                f"{type(strategy).__name__} does not let {self.size} batches give one step as mm"
                " counts them",
                next_step="Set it to 1 and use --trainer.accumulate_grad_batches.",
            )
        for name in self.METHODS:
            setattr(self.module, name, getattr(self, name))

    def detach(self) -> None:
        """Give the module its methods back."""
        for name in self.METHODS:
            self.module.__dict__.pop(name, None)

    # ---------------------------------------------------------------- methods of the module

    def optimizer_step(
        self,
        epoch: int,
        batch_idx: int,
        optimizer: Any,
        optimizer_closure: Callable[[], Any] | None = None,
    ) -> None:
        """Compute the gradients of a batch, and make a step if it is the last of its window."""
        trainer = self.module.trainer
        self._iteration = trainer.fit_loop.total_batch_idx
        self._windows = Windows(self.size, count_all_batches(trainer))
        if self._windows.is_end(self._iteration):
            optimizer.step(closure=optimizer_closure)
            return
        strategy, alone = trainer.strategy, nullcontext()
        assert optimizer_closure is not None
        with strategy.block_backward_sync() if isinstance(strategy, ParallelStrategy) else alone:
            optimizer_closure()

    def optimizer_zero_grad(self, epoch: int, batch_idx: int, optimizer: Optimizer) -> None:
        """Forget the gradients before a window; take up those of one that was resumed."""
        if self._windows.is_start(self._iteration):
            optimizer.zero_grad()
        elif self._loaded:
            for name, parameter in self.module.named_parameters():
                if name in self._loaded:
                    parameter.grad = self._loaded[name].to(parameter.device)
        self._loaded = {}

    def backward(self, loss: Tensor, *args: Any, **kwargs: Any) -> None:
        """Compute the gradients of the share of a loss."""
        share: Any = loss / self._windows.count(self._iteration)
        share.backward(*args, **kwargs)

    def on_validation_model_zero_grad(self) -> None:
        """Forget the gradients before a validation, but not those of an open window."""
        if self._windows.is_end(self._iteration):
            L.LightningModule.on_validation_model_zero_grad(self.module)

    # ---------------------------------------------------------------- checkpoints

    def state_dict(self) -> dict[str, Tensor]:
        """Return the gradients of a window that is still open; with several processes their mean.

        All processes must call it.
        """
        trainer = self.module.trainer
        windows = Windows(self.size, count_all_batches(trainer))
        if windows.is_end(trainer.fit_loop.total_batch_idx):
            return {}
        if not isinstance(trainer.strategy, SingleDeviceStrategy | DDPStrategy):
            _logger.warning("a run resumed from here begins the open window of gradients anew")
            return {}
        mean = trainer.strategy.reduce
        return {
            name: mean(parameter.grad.clone(), reduce_op="mean")
            for name, parameter in self.module.named_parameters()
            if parameter.grad is not None
        }

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Keep the gradients of an open window until the next batch."""
        self._loaded = dict(state)

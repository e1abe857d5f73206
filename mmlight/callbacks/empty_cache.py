"""Gives cached memory back to the GPU."""

from typing import Any

import torch
from lightning.pytorch.callbacks import Callback

_BATCH_ENDS = ("on_train_batch_end", "on_validation_batch_end", "on_test_batch_end")


class EmptyCache(Callback):
    """Empties the cache of the GPU's memory before or after epochs, or after every batch.

    Epochs and batches are those of training, validation and test.

    Args:
        before_epoch: Whether to do so before an epoch.
        after_epoch: Whether to do so after one.
        after_iter: Whether to do so after a batch.

    From: mmcv 1.7 and mmengine 0.10 `EmptyCacheHook`.
    """

    def __init__(
        self, before_epoch: bool = False, after_epoch: bool = True, after_iter: bool = False
    ) -> None:
        self.before_epoch = before_epoch
        self.after_epoch = after_epoch
        self.after_iter = after_iter
        self.idle_hooks = () if after_iter else _BATCH_ENDS

    def _before_epoch(self, *_: Any) -> None:
        if self.before_epoch:
            empty_cache()

    def _after_epoch(self, *_: Any) -> None:
        if self.after_epoch:
            empty_cache()

    def _after_iter(self, *_: Any) -> None:
        if self.after_iter:
            empty_cache()

    before_train_epoch = before_val_epoch = before_test_epoch = before_loss_epoch = _before_epoch
    after_train_epoch = after_val_epoch = after_test_epoch = after_loss_epoch = _after_epoch
    on_train_batch_end = on_validation_batch_end = on_test_batch_end = _after_iter  # type: ignore[assignment]
    after_loss_iter = _after_iter


def empty_cache() -> None:
    """Empty the cache, where there is a GPU."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()

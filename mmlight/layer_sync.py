"""Makes a strategy of the Trainer share between processes what mm shares, and nothing else.

Many networks of timm have a batch norm and its activation in one layer. torch's converter, which
`Trainer(sync_batchnorm=True)` calls, puts a bare norm in its place: the activations would be gone.
"""

import inspect
from typing import Any, Final

from lightning.pytorch.plugins import TorchSyncBatchNorm
from lightning.pytorch.strategies import DDPStrategy
from timm.layers.norm_act import convert_sync_batchnorm
from torch.nn import Module, SyncBatchNorm
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parallel import DistributedDataParallel

from mmlight.compat.wrapper import revert_sync_batchnorm

BUFFER_WORDS: Final = ("forward_sync_buffers", "broadcast_buffers")
"""What DistributedDataParallel calls the copying of buffers, since torch 2.13 and before."""


class SyncBatchNorms(TorchSyncBatchNorm):
    """Lightning's plugin, with timm's converter for each norm."""

    def apply(self, model: Module) -> Module:
        """Return the model with norms whose statistics all processes share."""
        if isinstance(model, SyncBatchNorm):
            return model  # timm's converter would take the activation out of one that it made
        if isinstance(model, _BatchNorm):
            converted: Module = convert_sync_batchnorm(model)  # type: ignore[no-untyped-call]
            return converted
        for name, child in model.named_children():
            setattr(model, name, self.apply(child))
        return model

    def revert(self, model: Module) -> Module:
        """Return the model with norms of one process, as it was."""
        return revert_sync_batchnorm(model)


def keep_activations(strategy: Any) -> None:
    """Exchange the plugin that `Trainer(sync_batchnorm=True)` gave a strategy, if it did."""
    if type(getattr(strategy, "_layer_sync", None)) is TorchSyncBatchNorm:
        strategy._layer_sync = SyncBatchNorms()


def keep_own_buffers(strategy: Any) -> None:
    """Let each process keep its own buffers, unless the strategy was told whether to.

    DistributedDataParallel would replace them by those of the first process before each batch; then
    there is little left to average for `SyncBuffersHook`.

    From: mmcls 0.25 `train_model`, mmengine 0.10 `Runner.wrap_model`.
    """
    if not isinstance(strategy, DDPStrategy):
        return
    if all(strategy._ddp_kwargs.get(word) is None for word in BUFFER_WORDS):
        known = inspect.signature(DistributedDataParallel).parameters
        strategy._ddp_kwargs[next(word for word in BUFFER_WORDS if word in known)] = False

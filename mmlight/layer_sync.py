"""Synchronizes batch norms over processes without losing what timm puts inside them.

Many networks of timm have a batch norm and its activation in one layer. torch's converter, which
`Trainer(sync_batchnorm=True)` calls, puts a bare norm in its place: the activations would be gone.
"""

from typing import Any

from lightning.pytorch.plugins import TorchSyncBatchNorm
from timm.layers.norm_act import convert_sync_batchnorm
from torch.nn import Module, SyncBatchNorm
from torch.nn.modules.batchnorm import _BatchNorm

from mmlight.compat.wrapper import revert_sync_batchnorm


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

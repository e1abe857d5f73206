"""Synchronizes batch norms over processes without losing what timm puts inside them.

Many networks of timm have a batch norm and its activation in one layer. torch's converter, which
`Trainer(sync_batchnorm=True)` calls, puts a bare norm in its place: the activations would be gone.
"""

from typing import Any

from lightning.pytorch.plugins import TorchSyncBatchNorm
from timm.layers.norm_act import BatchNormAct2d, SyncBatchNormAct, convert_sync_batchnorm
from torch.nn import Module


class SyncBatchNorms(TorchSyncBatchNorm):
    """Lightning's plugin, with timm's converter."""

    def apply(self, model: Module) -> Module:
        """Return the model with norms whose statistics all processes share."""
        converted: Module = convert_sync_batchnorm(model)  # type: ignore[no-untyped-call]
        return converted

    def revert(self, model: Module) -> Module:
        """Return the model with norms of one process, as it was."""
        if not isinstance(model, SyncBatchNormAct):
            return super().revert(model)
        norm: Any = BatchNormAct2d(model.num_features)
        for name in ("eps", "momentum", "affine", "track_running_stats"):
            setattr(norm, name, getattr(model, name))
        for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
            setattr(norm, name, getattr(model, name))
        norm.act, norm.drop = model.act, model.drop
        kept: Module = norm.train(model.training)
        return kept


def keep_activations(strategy: Any) -> None:
    """Exchange the plugin that `Trainer(sync_batchnorm=True)` gave a strategy, if it did."""
    if type(getattr(strategy, "_layer_sync", None)) is TorchSyncBatchNorm:
        strategy._layer_sync = SyncBatchNorms()

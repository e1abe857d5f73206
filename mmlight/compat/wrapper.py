"""Looks through what wraps a model for several processes."""

from typing import Final

from timm.layers.norm_act import BatchNormAct2d, SyncBatchNormAct
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parallel import DataParallel, DistributedDataParallel


def is_model_wrapper(model: nn.Module) -> bool:
    """Tell whether a model stands inside one that spreads its work.

    From: mmengine 0.10 `is_model_wrapper`, torch's wrappers.
    """
    return isinstance(model, DataParallel | DistributedDataParallel)


def is_module_wrapper(module: nn.Module) -> bool:
    """Tell whether a module stands inside one that spreads its work.

    From: mmcv 1.7 `is_module_wrapper`, torch's wrappers.
    """
    return is_model_wrapper(module)


def get_ori_model(model: nn.Module) -> nn.Module:
    """Return the model inside its wrapper, or the model.

    From: mmpretrain 1.2 `get_ori_model`.
    """
    return model.get_submodule("module") if is_model_wrapper(model) else model


_OF_A_NORM: Final = (
    *("eps", "momentum", "affine", "track_running_stats"),
    *("weight", "bias", "running_mean", "running_var", "num_batches_tracked"),
)


class _AnyBatchNorm(_BatchNorm):
    """A batch norm for inputs of any number of dimensions."""

    def _check_input_dim(self, input: object) -> None:
        pass


def revert_sync_batchnorm(module: nn.Module) -> nn.Module:
    """Replace each `SyncBatchNorm` by a batch norm of one process with the same values.

    timm's norms keep the activation that they contain.

    Args:
        module: Changed in place, unless it is such a norm itself.

    Returns:
        The module.

    From: mmcv 1.7 and mmengine 0.10 `revert_sync_batchnorm`.
    """
    if isinstance(module, nn.SyncBatchNorm):
        kind = BatchNormAct2d if isinstance(module, SyncBatchNormAct) else _AnyBatchNorm
        norm: nn.Module = kind(module.num_features)
        for name in _OF_A_NORM if kind is _AnyBatchNorm else (*_OF_A_NORM, "act", "drop"):
            setattr(norm, name, getattr(module, name))
        return norm.train(module.training)
    for name, child in module.named_children():
        setattr(module, name, revert_sync_batchnorm(child))
    return module
